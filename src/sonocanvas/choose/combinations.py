"""`combinations`: some pictures and some sounds, combined in every way."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from sonocanvas.canvas import canvas_to_image, encode_image, image_to_canvas
from sonocanvas.choose.chooser import Candidate, Chooser, noise_seeds
from sonocanvas.compose.mean import Mean
from sonocanvas.config import RunConfig
from sonocanvas.errors import InvalidInputError
from sonocanvas.methods.apart import OTHER_STREAM, counted
from sonocanvas.methods.compose import sample_latents
from sonocanvas.methods.layer import Layer, layered
from sonocanvas.protocols import OnStep, OnWarning, Reads
from sonocanvas.registry import build
from sonocanvas.scorers.audibility import band_frequencies, band_powers
from sonocanvas.scorers.masking import share_of_loudness
from sonocanvas.types import CanvasFormat, ModelPair, Sample

LEVEL_STEP_DB = 6.0
AT_ONCE = 16  # candidates that the towers see per batch
SHORTLIST, FINALISTS = 32, 4
"""Numbers of candidates that are scored for audibility, and of those that are played."""


@dataclass(frozen=True)
class Combinations:
    """Every picture over every sound of `layer`, at several shifts in time and levels.

    `pictures + sounds` canvases, each from one model, give `pictures * sounds * shifts * levels`
    tries without further evaluations. The towers score all of them. The best are also scored by
    the exact share of loudness of the sound, and the best of those are played.

    Attributes:
        pictures, sounds: Number of each that is sampled per seed.
        shifts: Number of shifts of the sound in time, evenly over the canvas, with wrap-around.
        levels: Number of levels of the picture, 6 dB apart, around the `picture_db` of the method.

    Raises:
        InvalidInputError: An option is out of range.
    """

    method: ClassVar[str] = "layer"
    reads: ClassVar[Reads] = {"sampling": True, "duration_s": True}
    beside: ClassVar[tuple[str, ...]] = ("audibility",)

    pictures: int = 4
    sounds: int = 4
    shifts: int = 4
    levels: int = 3

    def __post_init__(self) -> None:
        for name in ("pictures", "sounds", "shifts", "levels"):
            if not 1 <= getattr(self, name) <= 64:
                raise InvalidInputError(f"{name} must be from 1 to 64, not {getattr(self, name)}.")

    def evaluations(self, steps: int) -> int:
        """Returns the number of evaluations per seed."""
        return (self.pictures + self.sounds) * steps

    def __call__(
        self,
        config: RunConfig,
        pair: ModelPair,
        chunks: Sequence[Sequence[int]],
        on_step: OnStep | None,
        on_warning: OnWarning,
    ) -> Iterator[Sample]:
        """Yields the best sample of each seed; `batch_size` canvases share a batch.

        Raises:
            InvalidInputError: The layers are mixed by gray levels, which have no level in dB.
        """
        chooser = Chooser(config, pair, on_warning)
        method = build("method", config.method.name, config.method.options)
        if method.mix == "gray":
            raise InvalidInputError(
                "The search 'combinations' needs mix 'max' or 'power', not 'gray'."
            )
        for seed in itertools.chain.from_iterable(chunks):
            yield self._best(chooser, method, seed, on_step)

    @torch.no_grad()
    def _best(self, chooser: Chooser, method: Layer, seed: int, on_step: OnStep | None) -> Sample:
        pictures, sounds = self._sampled(chooser, seed, on_step)
        fmt = chooser.pair.canvas_format

        def joined(rows: Sequence[Candidate]) -> tuple[Tensor, Tensor]:
            """Returns the canvases `(batch, height, width)` of candidates, and their sounds'."""
            alone = torch.stack([self._shifted(sounds[int(row["sound"])], row) for row in rows])
            drawn = pictures[[int(row["picture"]) for row in rows]]
            levels = torch.tensor([row["picture_db"] for row in rows])[:, None, None]
            return layered(alone, drawn, levels, method.mix, fmt), alone

        table: list[Candidate] = [
            {"picture": picture, "sound": sound, "shift": shift, "picture_db": level}
            for picture, sound, shift, level in itertools.product(
                range(self.pictures), range(self.sounds), range(self.shifts), self._levels(method)
            )
        ]
        for start in range(0, len(table), AT_ONCE):
            rows = table[start : start + AT_ONCE]
            scores = chooser.drawn(canvas_to_image(joined(rows)[0]))
            for row, score in zip(rows, scores, strict=True):
                row.update(score)
        shortlist = [table[one] for one in chooser.ranked(table)[:SHORTLIST]]
        for row in shortlist:
            row["audibility"] = _audibility(*joined([row]), fmt)
        best = [shortlist[one] for one in chooser.ranked(shortlist, self.beside)[:FINALISTS]]
        images = canvas_to_image(joined(best)[0])
        latents = encode_image(chooser.pair.vae, images)
        return chooser.best(seed, images, latents, best, table, self.beside)

    def _sampled(
        self, chooser: Chooser, seed: int, on_step: OnStep | None
    ) -> tuple[Tensor, Tensor]:
        """Returns the canvases of the pictures and of the sounds, `(count, height, width)`."""
        steps, size = chooser.config.sampling.steps, chooser.config.batch_size
        seeds = noise_seeds(seed, max(self.pictures, self.sounds))
        others = [one ^ OTHER_STREAM for one in seeds[: self.pictures]]
        batches = [
            (rule, own[start : start + size])
            for rule, own in ((Mean(0.0), others), (Mean(1.0), seeds[: self.sounds]))
            for start in range(0, len(own), size)
        ]
        made = []
        for number, (rule, own) in enumerate(batches):
            told = counted(on_step, number * steps, len(batches) * steps)
            latents = sample_latents(
                chooser.config, chooser.pair, chooser.composition, own, rule, told
            )
            made.append(image_to_canvas(chooser.decoded(latents)))
        canvases = torch.cat(made)
        return canvases[: self.pictures], canvases[self.pictures :]

    def _levels(self, method: Layer) -> list[float]:
        middle = (self.levels - 1) / 2
        return [method.picture_db + LEVEL_STEP_DB * (one - middle) for one in range(self.levels)]

    def _shifted(self, sound: Tensor, row: Candidate) -> Tensor:
        return sound.roll(round(row["shift"] * sound.shape[-1] / self.shifts), dims=-1)


def _audibility(canvas: Tensor, sound: Tensor, fmt: CanvasFormat) -> float:
    """Returns the sound's share of a canvas's loudness; both are `(1, mels, frames)`."""
    whole = band_powers(canvas, fmt)
    own = torch.minimum(whole, band_powers(sound, fmt))
    return share_of_loudness(own, whole - own, band_frequencies(fmt))
