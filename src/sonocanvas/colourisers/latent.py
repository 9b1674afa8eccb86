"""`latent`: the pair's own picture model gives the canvas its colours."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch.nn.functional import pad

from sonocanvas.canvas import decode_latents, encode_image
from sonocanvas.colourisers.chroma import Chroma, KeepGray, picture_of
from sonocanvas.devices import device_of
from sonocanvas.errors import InvalidInputError
from sonocanvas.protocols import OnStep
from sonocanvas.text import encode_prompts
from sonocanvas.types import Colour, ModelPair, Prompts, Sample


@dataclass(frozen=True)
class Latent(Chroma):
    """The pair's picture model paints the colours; the gray is fixed. `mini` has no colours."""

    name = "latent"

    def __call__(
        self, pair: Callable[[], ModelPair], device: str, on_step: OnStep | None
    ) -> Callable[[Sample], Colour]:
        """Loads a pair and returns the function that colours a sample with its models.

        Raises:
            InvalidInputError: The pair draws only in gray.
        """
        models = pair()
        if draws_gray(models):
            raise InvalidInputError(
                f"Pair '{models.name}' draws only in gray, so '{self.name}' cannot colour its "
                "canvas; use a colour map such as magma."
            )
        return partial(self.colour, models, on_step)

    def colour(self, pair: ModelPair, on_step: OnStep | None, sample: Sample) -> Colour:
        """Returns the pictures of a sample.

        Args:
            pair: The models that made the sample.
            on_step: Called after each step.
            sample: The sample to colour.
        """
        prompts = Prompts(self.prompt_for(sample), sample.prompts.audio)
        embeddings, _ = encode_prompts(pair, prompts)
        edge = (0, pair.crop_columns)  # the model sees the columns that the canvas lost
        gray = pad(sample.canvas.unsqueeze(0), edge, mode="replicate").to(
            device_of(pair.image_unet)
        )
        decode, encode = partial(decode_latents, pair.vae), partial(encode_image, pair.vae)
        rule = KeepGray(gray, decode, encode, self.start_step)
        channels, rows, _ = pair.latent_shape
        shape = (channels, rows, gray.shape[2] * rows // gray.shape[1])
        pair = dataclasses.replace(pair, latent_shape=shape)
        images = (self.denoised(pair, embeddings, rule, seed, on_step) for seed in self.seeds)
        width = sample.canvas.shape[1]
        pictures = [picture_of(image[..., :width], sample.canvas) for image in images]
        return Colour(torch.stack(pictures), self.record)


def draws_gray(pair: ModelPair) -> bool:
    """Returns whether the channels of all that a pair's autoencoder decodes are equal."""
    noise = torch.randn((1, pair.latent_shape[0], 4, 4), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        image = decode_latents(pair.vae, noise)
    return bool((image.amax(dim=1) - image.amin(dim=1)).max() < 0.5 / 255)
