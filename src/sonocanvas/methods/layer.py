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

    A baseline that the paper lacks. The two are mixed by their sound pressure or by their gray
    levels. `apart` describes the noise that they start from.

    Attributes:
        picture_db: How loud the picture is, in dB over the sound: the ratio of their powers,
            from -60 to 20; not used by `gray`.
        mix: `max`, in each pixel the louder of the two; `power`, the sum of their powers; or
            `gray`, the brighter of the two, the picture dimmed.
        picture_gray: How bright `gray` makes the picture, as a share of its own gray levels.

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

    With magnitudes `s` and `p` of the two, scaled to equal power, and `g` of `picture_db` decibels,
    `max(s, g p)` or `sqrt(s^2 + (g p)^2)`.

    Args:
        spectrogram: Canvas `(batch, mels, frames)` in [0, 1].
        picture: Gray picture of the same shape, in [0, 1], read as a canvas.
        picture_db: Power of the picture over that of the sound, in dB; `(batch, 1, 1)` where each
            canvas has its own.
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
    """Returns the canvas of a dimmed picture over a spectrogram, the louder in each pixel.

    A share of its gray levels is a share of its range in decibels: the picture loses contrast, and
    nothing of it falls below the range of the canvas.

    Args:
        spectrogram: Canvas `(batch, mels, frames)` in [0, 1].
        picture: Gray picture of the same shape, in [0, 1], read as a canvas.
        picture_gray: Share of the picture's levels, in [0, 1].
        fmt: What both mean as sound.
    """
    if fmt.inverted:
        return 1 - (1 - spectrogram).maximum(picture_gray * (1 - picture))
    return spectrogram.maximum(picture_gray * picture)
