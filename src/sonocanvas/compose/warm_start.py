"""The paper's warm start: one modality acts alone for the first steps."""

import math
from dataclasses import dataclass

from torch import Tensor

from sonocanvas.errors import InvalidInputError
from sonocanvas.protocols import Rule
from sonocanvas.types import Step


@dataclass(frozen=True)
class WarmStart:
    """Lets each modality join at its own time and wraps the rule that mixes them.

    Time runs from 1 (noise) to 0 (clean). A modality that starts at time `t` is active from step
    index `ceil((1 - t) * count)` on. While only one is active, its prediction is used unchanged
    and the other model is not evaluated; afterwards the inner rule applies.

    Attributes:
        rule: The rule that mixes the two once both are active.
        image_start: Time at which the picture model joins, in (0, 1].
        audio_start: Time at which the spectrogram model joins, in (0, 1].

    Raises:
        InvalidInputError: A start is outside (0, 1], or neither is 1.
    """

    rule: Rule
    image_start: float = 0.9
    audio_start: float = 1.0

    def __post_init__(self) -> None:
        for name in ("image_start", "audio_start"):
            if not 0.0 < getattr(self, name) <= 1.0:
                raise InvalidInputError(f"{name} must be in (0, 1], not {getattr(self, name)}.")
        if max(self.image_start, self.audio_start) < 1.0:
            raise InvalidInputError(
                f"image_start or audio_start must be 1, not {self.image_start} and "
                f"{self.audio_start}."
            )

    def needs(self, step: Step) -> tuple[bool, bool]:
        """Returns whether this step needs the (image, audio) model."""
        active = self._active(step)
        return self.rule.needs(step) if all(active) else active

    def __call__(
        self, image_noise: Tensor | None, audio_noise: Tensor | None, step: Step
    ) -> Tensor:
        """Returns the noise `(batch, channels, height, width)` of the modalities active now.

        Args:
            image_noise: The picture model's guided prediction, if `needs` asked for it.
            audio_noise: The same for the spectrogram model.
            step: The current step.

        Raises:
            InvalidInputError: The prediction of the only active modality is missing.
        """
        active = self._active(step)
        if all(active):
            return self.rule(image_noise, audio_noise, step)
        alone = image_noise if active[0] else audio_noise
        if alone is None:
            raise InvalidInputError("The warm start was called without the prediction it needs.")
        return alone

    def _active(self, step: Step) -> tuple[bool, bool]:
        """Returns whether the (image, audio) modality has started."""
        return (
            step.index >= first_step(self.image_start, step.count),
            step.index >= first_step(self.audio_start, step.count),
        )


def first_step(start: float, count: int) -> int:
    """Returns the index of the first step of a modality that joins at time `start`.

    Args:
        start: Time in (0, 1]; 1 is the beginning.
        count: Total number of steps.

    Example:
        >>> first_step(0.9, 100), first_step(0.7, 10), first_step(1.0, 20)
        (10, 3, 0)
    """
    return math.ceil(round((1.0 - start) * count, 6))  # (1 - 0.7) * 10 is 3.0000000000000004
