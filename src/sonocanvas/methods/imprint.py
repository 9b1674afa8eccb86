"""`imprint`: a finished picture is pressed into a finished spectrogram."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from sonocanvas.config import RunConfig
from sonocanvas.errors import InvalidInputError
from sonocanvas.methods.apart import sample_apart
from sonocanvas.protocols import SCENE, OnStep, OnWarning, Reads
from sonocanvas.types import ModelPair, Sample


@dataclass(frozen=True)
class Imprint:
    """A picture and a spectrogram, sampled apart; the picture's dark parts mute the sound.

    The naive baseline of Chen, Geng and Owens 2024: `imprint` has its formula, and `apart`
    describes the initial noise of the two.

    Attributes:
        strength: Share of the loudness that black in the picture removes, in [0, 1].
        image_steps: Steps of the picture; 0 for `sampling.steps`, which the spectrogram uses. All
            other sampling settings apply to both. The paper uses 50 and 100 steps of DDIM and
            guidance 7.5: the preset `paper-imprint`.

    Raises:
        InvalidInputError: An option is out of range.
    """

    reads: ClassVar[Reads] = {"sampling": True, **SCENE}

    strength: float = 0.5
    image_steps: int = 0

    def __post_init__(self) -> None:
        if not 0.0 <= self.strength <= 1.0:
            raise InvalidInputError(f"strength must be in [0, 1], not {self.strength}.")
        if self.image_steps < 0:
            raise InvalidInputError(f"image_steps must be 0 or more, not {self.image_steps}.")

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
            return imprint(spectrogram, picture, self.strength, pair.canvas_format.inverted)

        yield from sample_apart(config, pair, chunks, join, on_step, on_warning, self.image_steps)


def imprint(
    spectrogram: Tensor, picture: Tensor, strength: float, inverted: bool = False
) -> Tensor:
    """Returns the canvas `spectrogram * (1 - strength * (1 - picture))`, in [0, 1].

    White leaves the sound unchanged. Black leaves `1 - strength` of its level, in decibels above
    silence rather than in pressure (Chen, Geng and Owens 2024, section 4).

    Args:
        spectrogram: Canvas `(…, height, width)` in [0, 1].
        picture: Gray picture of the same shape, in [0, 1].
        strength: In [0, 1].
        inverted: Whether silence is white. Then white removes the sound, so the picture keeps its
            grays.
    """
    if inverted:
        return 1 - imprint(1 - spectrogram, 1 - picture, strength)
    return spectrogram * (1 - strength * (1 - picture))
