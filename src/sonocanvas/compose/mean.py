"""The paper's rule: a weighted mean of the two predictions."""

from dataclasses import dataclass

import torch
from torch import Tensor

from sonocanvas.errors import InvalidInputError
from sonocanvas.types import Step


@dataclass(frozen=True)
class Mean:
    """Mixes the predictions by fixed weights (Chen, Geng and Owens 2024, equation 4).

    Two equal predictions come back unchanged, whatever the weight.

    Attributes:
        audio_weight: Weight of the spectrogram model, in [0, 1]; the picture model has the
            rest. A model with weight 0 is not evaluated.

    Raises:
        InvalidInputError: The weight is outside [0, 1].

    Example:
        >>> Mean(audio_weight=0.25)(torch.zeros(1), torch.ones(1), None)
        tensor([0.2500])
    """

    audio_weight: float = 0.6

    def __post_init__(self) -> None:
        if not 0.0 <= self.audio_weight <= 1.0:
            raise InvalidInputError(f"audio_weight must be in [0, 1], not {self.audio_weight}.")

    def needs(self, step: Step) -> tuple[bool, bool]:
        """Returns whether this step needs the (image, audio) model: those with a weight above 0."""
        return self.audio_weight < 1.0, self.audio_weight > 0.0

    def __call__(
        self, image_noise: Tensor | None, audio_noise: Tensor | None, step: Step
    ) -> Tensor:
        """Returns the mixed noise `(batch, channels, height, width)`.

        Args:
            image_noise: The picture model's guided prediction; `None` if its weight is 0.
            audio_noise: The same for the spectrogram model; `None` if its weight is 0.
            step: The current step; not used.

        Raises:
            InvalidInputError: A prediction with a weight above 0 is missing.
        """
        if image_noise is not None and self.audio_weight == 0.0:
            return image_noise
        if audio_noise is not None and self.audio_weight == 1.0:
            return audio_noise
        if image_noise is None or audio_noise is None:
            raise InvalidInputError("The mean was called without a prediction that it needs.")
        return torch.lerp(image_noise, audio_noise, self.audio_weight)
