"""Data that training never saw, as canvases with concepts: drawings and three kinds of sound."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sonocanvas.training.clips import Clip
from sonocanvas.training.pack import Pack
from sonocanvas.training.recordings import collect_test
from sonocanvas.training.views import (
    SYNTHESIZERS,
    arrange,
    concepts,
    drawing_view,
    held_out,
    sound_canvas,
)

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class HeldOut:
    """A test set.

    Attributes:
        name: Name of its content.
        tower: The tower that judges it, `"picture"` or `"sound"`.
        canvases: `(items, 256, width)`, 8-bit.
        concepts: Index of each item's concept among the shared ones.
        sounds: The sounds of the canvases, `(items, samples)`; `None` for drawings.
    """

    name: str
    tower: str
    canvases: Pixels
    concepts: list[int]
    sounds: NDArray[np.float32] | None = None


def _numbers() -> dict[str, int]:
    return {row["id"]: number for number, row in enumerate(concepts())}


def drawings(pack: Pack, seed: int = 7) -> HeldOut:
    """Returns one view of each held-out drawing of a shared concept."""
    numbers, rng = _numbers(), np.random.default_rng(seed)
    kept = [
        drawing
        for drawing in pack.drawings
        if drawing.concept in numbers and held_out(drawing.source + drawing.caption)
    ]
    canvases = np.stack([drawing_view(drawing.pixels, rng) for drawing in kept])
    return HeldOut("drawings", "picture", canvases, [numbers[item.concept] for item in kept])


def synthesizers(count: int = 2, seed: int = 777) -> HeldOut:
    """Returns `count` canvases from every synthesizer, with seeds that training never used."""
    numbers, rng = _numbers(), np.random.default_rng(seed)
    names = [name for name in numbers if name in SYNTHESIZERS for _ in range(count)]
    sounds = [arrange(SYNTHESIZERS[name](rng), rng) for name in names]
    return _of_sounds("synthesizer parameters", sounds, [numbers[name] for name in names])


def soundfont_keys(pack: Pack) -> HeldOut:
    """Returns the phrases on soundfont keys that training never heard."""
    return _of_clips("soundfont keys", [c for c in pack.clips if c.id.startswith("held-")])


def recordings(cache: Path) -> HeldOut:
    """Returns real recordings under share-alike licences; downloads them into the cache once."""
    return _of_clips("real recordings", collect_test(cache))


def _of_clips(name: str, clips: list[Clip], seed: int = 7) -> HeldOut:
    numbers, rng = _numbers(), np.random.default_rng(seed)
    kept = [clip for clip in clips if clip.concept in numbers]
    sounds = [arrange(clip.samples, rng) for clip in kept]
    return _of_sounds(name, sounds, [numbers[clip.concept] for clip in kept])


def _of_sounds(name: str, sounds: list[NDArray[np.float32]], concepts: list[int]) -> HeldOut:
    canvases = np.stack([sound_canvas(sound) for sound in sounds])
    return HeldOut(name, "sound", canvases, concepts, np.stack(sounds))
