"""Augmented views of the pack: the pictures and canvases that trainers read.

`python -m sonocanvas.training.views --pack packs/mini.zip --out packs/views` writes
`drawings.npy` `(views, 256, 256)` and `sounds.npy` `(views, 256, 1024)`, 8-bit, each with a JSON
list of captions, concepts, sources and whether an item is held out from training.
"""

import argparse
import functools
import hashlib
import json
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import soxr
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy import ndimage

from sonocanvas.canvas import canvas_to_bytes, waveform_to_canvas
from sonocanvas.training.drawings import SIDE, Drawing, Pixels
from sonocanvas.training.pack import read_pack
from sonocanvas.training.recordings import SAMPLE_RATE_HZ, Clip
from sonocanvas.training.synth_machines import MACHINES
from sonocanvas.training.synth_more_animals import MORE_ANIMALS
from sonocanvas.training.synth_nature import NATURE
from sonocanvas.training.synth_signals import SIGNALS
from sonocanvas.training.synth_workshop import WORKSHOP
from sonocanvas.types import MINI_FORMAT
from sonocanvas.words.concepts import pictures, shared, sounds

Samples = NDArray[np.float32]
FRAMES = 1024
SYNTHESIZERS = {**NATURE, **MACHINES, **MORE_ANIMALS, **SIGNALS, **WORKSHOP}
PICTURE_PHRASES = (
    "{}",
    "a drawing of {}",
    "a drawing of {}, grayscale",
    "a painting of {}, grayscale",
    "{}, black background",
    "a drawing of {}, grayscale, black background",
)


@functools.cache
def concepts() -> list[dict[str, str]]:
    """Returns the rows of the 48 shared concepts."""
    return list(shared())


def held_out(identifier: str) -> bool:
    """Returns whether a drawing is in the tenth that is held out for testing."""
    return int(hashlib.sha256(identifier.encode()).hexdigest(), 16) % 10 == 0


def with_article(noun: str) -> str:
    """Returns a noun with the article that it takes."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def picture_caption(concept: str, rng: np.random.Generator, style: str = "") -> str:
    """Returns a random caption for a picture of a concept, in a style of `STYLES`."""
    both = next((row for row in concepts() if row["id"] == concept), None)
    name = next(known.prompt for known in pictures() if known.name == concept)
    if both is not None and rng.random() < 0.4:
        name = with_article(str(rng.choice(both["image_words"].split(","))))
    return (style or str(rng.choice(PICTURE_PHRASES))).format(name)


def silhouette(pixels: Pixels) -> Pixels:
    """Returns a drawing filled with white up to its outer edge."""
    return np.where(ndimage.binary_fill_holes(pixels > 24), 255, 0).astype(np.uint8)


def outline(pixels: Pixels) -> Pixels:
    """Returns the edges of a drawing as lines of five pixels."""
    edges = Image.fromarray(pixels).filter(ImageFilter.FIND_EDGES)
    return np.asarray(edges.filter(ImageFilter.MaxFilter(5)))


STYLES: dict[str, Callable[[Pixels], Pixels]] = {
    "": lambda pixels: pixels,
    "a silhouette of {}": silhouette,
    "an outline of {}": outline,
}
STYLE_SHARES = (0.8, 0.1, 0.1)


def drawing_view(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Returns a drawing `(256, 256)` mirrored, rotated, scaled and shaded."""
    picture = Image.fromarray(pixels)
    if rng.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    scale = 1 / rng.uniform(0.8, 1.02)
    angle = math.radians(rng.uniform(-7, 7))
    cos, sin = math.cos(angle) * scale, math.sin(angle) * scale
    centre = SIDE / 2
    shift_x, shift_y = centre + rng.uniform(-10, 10), centre + rng.uniform(-10, 10)
    matrix = (
        *(cos, sin, centre - cos * shift_x - sin * shift_y),
        *(-sin, cos, centre + sin * shift_x - cos * shift_y),
    )
    picture = picture.transform(
        (SIDE, SIDE), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
    )
    shade = (np.asarray(picture, np.float32) / 255) ** rng.uniform(0.7, 1.3)
    return np.round(shade * 255 * rng.uniform(0.85, 1)).astype(np.uint8)


def arrange(samples: Samples, rng: np.random.Generator) -> Samples:
    """Returns a sound laid out over one canvas: faster or slower, repeated with gaps."""
    rate = float(np.exp(rng.uniform(-0.16, 0.16)))
    samples = np.asarray(soxr.resample(samples, SAMPLE_RATE_HZ * rate, SAMPLE_RATE_HZ))
    length = FRAMES * MINI_FORMAT.hop_samples
    track = np.zeros(length, np.float32)
    start = int(rng.uniform(0, 0.6) * SAMPLE_RATE_HZ)
    if samples.size < length // 2:
        gap = int(rng.uniform(0.05, 0.5) * SAMPLE_RATE_HZ)
    else:
        start, gap = 0, int(rng.uniform(0.1, 1.0) * SAMPLE_RATE_HZ)
    while start < length:
        part = samples[: length - start]
        track[start : start + part.size] += part * rng.uniform(0.7, 1)
        start += samples.size + gap
    peak = float(np.abs(track).max())
    return np.asarray(track / max(peak, 1e-6) * 0.95 * 10 ** (rng.uniform(-6, 0) / 20), np.float32)


def sound_canvas(samples: Samples) -> Pixels:
    """Returns the canvas `(256, 1024)` of 10.24 s of sound."""
    canvas = waveform_to_canvas(torch.from_numpy(samples)[None], MINI_FORMAT)
    return canvas_to_bytes(canvas[0])


def sound_views(
    concept: str, caption: str, clips: Sequence[Clip], count: int, seed: int, full: int = 10
) -> tuple[Pixels, list[dict[str, Any]]]:
    """Returns up to `count` canvases of one concept, recorded and synthesized, with their labels.

    With `full` or more clips, half of the canvases are recorded; with fewer, a smaller share. A
    concept without a synthesizer has only recorded ones; without clips either, none.
    """
    torch.set_num_threads(1)
    rng = np.random.default_rng([seed, *concept.encode()])
    synthesize = SYNTHESIZERS.get(concept)
    share = 0.0 if not clips else 1.0 if synthesize is None else min(0.5, len(clips) / (2 * full))
    canvases, labels = [], []
    for _ in range(count):
        text = caption
        if rng.random() < share:
            clip = clips[int(rng.integers(len(clips)))]
            samples, source = clip.samples, clip.id
            text = clip.caption if rng.random() < 0.3 else caption
        elif synthesize is not None:
            samples, source = synthesize(rng), f"synth:{concept}"
        else:
            break
        canvases.append(sound_canvas(arrange(samples, rng)))
        labels.append({"caption": text, "concept": concept, "source": source, "held": False})
    return np.array(canvases), labels


def write_sounds(clips: Sequence[Clip], out: Path, count: int, seed: int, full: int) -> None:
    """Writes `sounds.npy` and `sounds.json`: `count` canvases per concept, half if not shared."""
    longest = {row["id"] for row in concepts()}
    wanted = [
        (sound.name, sound.prompt, count if sound.name in longest else count // 2)
        for sound in sounds()
    ]
    usable = [clip for clip in clips if not clip.id.startswith("held-")]
    groups = [[clip for clip in usable if clip.concept == concept] for concept, *_ in wanted]
    names, captions, counts = zip(*wanted, strict=True)
    same = (repeat(seed), repeat(full))
    with ProcessPoolExecutor() as pool:
        views = list(pool.map(sound_views, names, captions, groups, counts, *same))
    np.save(
        out / "sounds.npy", np.concatenate([canvases for canvases, _ in views if len(canvases)])
    )
    _write_labels(out / "sounds.json", [label for _, labels in views for label in labels])


def write_drawings(drawings: Sequence[Drawing], out: Path, count: int, seed: int) -> None:
    """Writes `drawings.npy` and `drawings.json`: `count` views per drawing, half if not shared."""
    longest = {row["id"] for row in concepts()}
    views, labels = [], []
    for number, drawing in enumerate(drawings):
        rng = np.random.default_rng([seed, number])
        for _ in range(count if drawing.concept in longest else count // 2):
            style = str(rng.choice(list(STYLES), p=STYLE_SHARES))
            views.append(drawing_view(STYLES[style](drawing.pixels), rng))
            labels.append(
                {
                    "caption": picture_caption(drawing.concept, rng, style),
                    "concept": drawing.concept,
                    "source": drawing.id,
                    "held": held_out(drawing.source + drawing.caption),
                }
            )
    np.save(out / "drawings.npy", np.array(views))
    _write_labels(out / "drawings.json", labels)


def _write_labels(path: Path, labels: list[dict[str, Any]]) -> None:
    path.write_text(json.dumps(labels, indent=0))


def main() -> None:
    """Reads the pack and writes the views."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, default=Path("packs/mini.zip"))
    parser.add_argument("--out", type=Path, default=Path("packs/views"))
    parser.add_argument("--drawing-views", type=int, default=10)
    parser.add_argument("--sound-views", type=int, default=60)
    parser.add_argument(
        "--full-clips", type=int, default=10, help="clips that fill half of a concept's canvases"
    )
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    pack = read_pack(arguments.pack)
    write_drawings(pack.drawings, arguments.out, arguments.drawing_views, arguments.seed)
    print("drawings written", flush=True)
    write_sounds(
        pack.clips, arguments.out, arguments.sound_views, arguments.seed, arguments.full_clips
    )
    print("sounds written", flush=True)


if __name__ == "__main__":
    main()
