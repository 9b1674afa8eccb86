"""`imprint`: a finished picture is pressed into a finished spectrogram."""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from sonocanvas.canvas import canvas_to_image, decode_latents, encode_image, image_to_canvas
from sonocanvas.compose.mean import Mean
from sonocanvas.config import RunConfig
from sonocanvas.errors import InvalidInputError
from sonocanvas.finish import finish_image
from sonocanvas.methods.compose import read_prompts, sample_latents
from sonocanvas.protocols import OnStep, OnWarning, Reads
from sonocanvas.types import ModelPair, Sample, Step

OTHER_STREAM = 1 << 31
"""The bit that a seed's picture differs in: PyTorch reads the lower 32 bits of a seed alone."""


@dataclass(frozen=True)
class Imprint:
    """A picture and a spectrogram, sampled apart; the picture's dark parts mute the sound.

    The naive baseline of Chen, Geng and Owens 2024: `imprint` has its formula. The spectrogram is
    that of `audio-only` for the same seed. The picture begins with other noise, so that the two
    are independent: it is that of `image-only` for the seed with bit 31 flipped.

    Attributes:
        strength: How much of the loudness a black part of the picture takes away, in [0, 1].
        image_steps: Steps of the picture; 0 stands for `sampling.steps`, which the spectrogram
            has. All else is the run's sampling for both. The paper has 50 and 100 steps of DDIM
            and guidance 7.5: the preset `paper-imprint`.

    Raises:
        InvalidInputError: An option is out of range.
    """

    reads: ClassVar[Reads] = {"sampling": True}

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
        """Yields the sample of each seed; the seeds of a chunk share a batch.

        Its image is the canvas in gray, and its latent what the pair's autoencoder makes of that.
        """
        prompts, embeddings, sentences = read_prompts(config, pair, on_warning)
        first = config.sampling.model_copy(
            update={"steps": self.image_steps or config.sampling.steps}
        )
        for_picture = config.model_copy(update={"sampling": first})
        count = first.steps + config.sampling.steps
        for seeds in chunks:
            others = [seed ^ OTHER_STREAM for seed in seeds]
            told = _counted(on_step, 0, count)
            pictures = sample_latents(for_picture, pair, embeddings, others, Mean(0.0), told)
            told = _counted(on_step, first.steps, count)
            spectrograms = sample_latents(config, pair, embeddings, seeds, Mean(1.0), told)
            for seed, *latents in zip(seeds, pictures, spectrograms, strict=True):
                image, latent = self._join(pair, *latents)
                yield finish_image(config, pair, prompts, seed, image, latent, sentences)

    @torch.no_grad()
    def _join(self, pair: ModelPair, picture: Tensor, spectrogram: Tensor) -> tuple[Tensor, Tensor]:
        """Returns image `(3, height, width)`, cropped, and latent of two latents."""
        gray, heard = (
            image_to_canvas(decode_latents(pair.vae, latent.unsqueeze(0)))
            for latent in (picture, spectrogram)
        )
        image = canvas_to_image(imprint(heard, gray, self.strength, pair.canvas_format.inverted))
        latent = encode_image(pair.vae, image)[0]
        return image[0, ..., : image.shape[-1] - pair.crop_columns].cpu(), latent


def imprint(
    spectrogram: Tensor, picture: Tensor, strength: float, inverted: bool = False
) -> Tensor:
    """Returns the canvas `spectrogram * (1 - strength * (1 - picture))`, in [0, 1].

    White leaves the sound as it is, black leaves `1 - strength` of its level: of its decibels
    over silence, not of its pressure (Chen, Geng and Owens 2024, section 4).

    Args:
        spectrogram: Canvas `(…, height, width)` in [0, 1].
        picture: Gray picture of the same shape, in [0, 1].
        strength: In [0, 1].
        inverted: Whether silence is white; then white is what takes the sound away, so that the
            picture is seen as it is.
    """
    if inverted:
        return 1 - imprint(1 - spectrogram, 1 - picture, strength)
    return spectrogram * (1 - strength * (1 - picture))


def _counted(on_step: OnStep | None, before: int, count: int) -> OnStep | None:
    """Returns a callback that counts the steps of both samplings as one."""
    if on_step is None:
        return None

    def told(step: Step, clean: Tensor) -> None:
        on_step(dataclasses.replace(step, index=before + step.index, count=count), clean)

    return told
