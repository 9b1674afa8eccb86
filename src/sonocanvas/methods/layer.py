"""`layer`: a finished picture is played together with a finished spectrogram."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from sonocanvas.canvas import canvas_to_mel, mel_to_canvas
from sonocanvas.config import RunConfig
from sonocanvas.errors import InvalidInputError, unknown
from sonocanvas.methods.apart import sample_apart
from sonocanvas.protocols import SCENE, OnStep, OnWarning, Reads
from sonocanvas.types import CanvasFormat, ModelPair, Sample

MIXES = ("max", "power", "gray")


@dataclass(frozen=True)
class Layer:
    """A picture and a spectrogram, sampled apart; the picture is played under the sound.

    A baseline that is not in the paper. The two are mixed by sound pressure or by gray level.
    `apart` describes their initial noise.

    Attributes:
        picture_db: Power of the picture relative to the sound, in dB, from -60 to 20; not used by
            `gray`.
        mix: `max`, the louder of the two in each pixel; `power`, the sum of their powers; or
            `gray`, the brighter of the two, with the picture dimmed.
        picture_gray: Factor on the gray levels of the picture in `gray`.

    Raises:
        InvalidInputError: An option is out of range.
    """

    reads: ClassVar[Reads] = {"sampling": True, **SCENE}

    picture_db: float = -10.0
    mix: str = "max"
    picture_gray: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.picture_gray <= 1:
            raise InvalidInputError(f"picture_gray must be in [0, 1], not {self.picture_gray}.")
        if not -60 <= self.picture_db <= 20:
            raise InvalidInputError(f"picture_db must be in [-60, 20], not {self.picture_db}.")
        if self.mix not in MIXES:
            raise unknown("mix", self.mix, MIXES)

    def __call__(
        self,
        config: RunConfig,
        pair: ModelPair,
        chunks: Sequence[Sequence[int]],
        on_step: OnStep | None,
        on_warning: OnWarning,
    ) -> Iterator[Sample]:
        """Yields the sample of each seed; the seeds of a chunk share a batch."""

        def join(spectrogram: Tensor, picture: Tensor) -> Tensor:
            fmt = pair.canvas_format
            if self.mix == "gray":
                return double_exposed(spectrogram, picture, self.picture_gray, fmt)
            return layered(spectrogram, picture, self.picture_db, self.mix, fmt)

        yield from sample_apart(config, pair, chunks, join, on_step, on_warning)


def layered(
    spectrogram: Tensor,
    picture: Tensor,
    picture_db: float | Tensor,
    mix: str,
    fmt: CanvasFormat,
) -> Tensor:
    """Returns the canvas of a picture played under a spectrogram.

    Its magnitudes are `max(s, g p)` or `sqrt(s^2 + (g p)^2)`, where `s` and `p` are the magnitudes
    of the two, scaled to equal power, and `g` is a gain of `picture_db` decibels.

    Args:
        spectrogram: Canvas `(batch, mels, frames)` in [0, 1].
        picture: Gray picture of the same shape, in [0, 1], read as a canvas.
        picture_db: Power of the picture relative to the sound, in dB; `(batch, 1, 1)` for a value
            per canvas.
        mix: `max` or `power`.
        fmt: What both mean as sound.
    """
    heard, drawn = canvas_to_mel(spectrogram, fmt), canvas_to_mel(picture, fmt)
    powers = [one.square().mean((1, 2), keepdim=True) for one in (heard, drawn)]
    drawn = drawn * (powers[0] / powers[1]).sqrt() * 10 ** (picture_db / 20)
    mixed = heard.maximum(drawn) if mix == "max" else heard.hypot(drawn)
    return mel_to_canvas(mixed, fmt)


def double_exposed(
    spectrogram: Tensor, picture: Tensor, picture_gray: float, fmt: CanvasFormat
) -> Tensor:
    """Returns the canvas with the louder of a dimmed picture and a spectrogram in each pixel.

    Scaling gray levels scales the range in decibels, so the picture loses contrast but does not
    fall below the range of the canvas.

    Args:
        spectrogram: Canvas `(batch, mels, frames)` in [0, 1].
        picture: Gray picture of the same shape, in [0, 1], read as a canvas.
        picture_gray: Factor on the picture's levels, in [0, 1].
        fmt: What both mean as sound.
    """
    if fmt.inverted:
        return 1 - (1 - spectrogram).maximum(picture_gray * (1 - picture))
    return spectrogram.maximum(picture_gray * picture)
