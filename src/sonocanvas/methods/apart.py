"""Samples a picture and a spectrogram apart and joins them, for `imprint` and `layer`."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from sonocanvas.canvas import canvas_to_image, decode_latents, encode_image, image_to_canvas
from sonocanvas.compose.mean import Mean
from sonocanvas.config import RunConfig
from sonocanvas.errors import InvalidInputError
from sonocanvas.experts import Composition
from sonocanvas.finish import finish_image
from sonocanvas.methods.compose import read_scene, sample_latents
from sonocanvas.protocols import OnStep, OnWarning
from sonocanvas.scene.layers import KINDS
from sonocanvas.types import ModelPair, Sample, Step

OTHER_STREAM = 1 << 31
"""The bit of a seed that is flipped for the picture; PyTorch uses only the lower 32 bits."""

Join = Callable[[Tensor, Tensor], Tensor]
"""Makes one canvas `(1, height, width)` from a spectrogram and a picture of that shape."""


def sample_apart(
    config: RunConfig,
    pair: ModelPair,
    chunks: Sequence[Sequence[int]],
    join: Join,
    on_step: OnStep | None,
    on_warning: OnWarning,
    image_steps: int = 0,
) -> Iterator[Sample]:
    """Yields the sample of each seed; the seeds of a chunk share a batch.

    The spectrogram is that of `audio-only` for the seed and the picture that of `image-only` for
    the seed with bit 31 flipped, so the two are independent. The image of a sample is its gray
    canvas, and its latent is that image encoded by the pair's autoencoder.

    Args:
        config: The run.
        pair: The models.
        chunks: Seeds that share a batch.
        join: Joins the two into one canvas.
        on_step: Called after each step of either.
        on_warning: Called with warnings about the prompts.
        image_steps: Steps for the picture; 0 for those of the run.
    """
    for kind in KINDS:
        if all(layer.kind != kind for layer in config.scene):
            raise InvalidInputError(
                f"The method '{config.method.name}' joins a picture and a sound, but the run "
                f"has no {kind}."
            )
    prompts, looks, told = read_scene(config, pair, on_warning, ("picture",))
    _, sounds, more = read_scene(config, pair, on_warning, ("sound",))
    sentences = [*told, *more]
    first = config.sampling.model_copy(update={"steps": image_steps or config.sampling.steps})
    for_picture = config.model_copy(update={"sampling": first})
    count = first.steps + config.sampling.steps
    for seeds in chunks:
        others = [seed ^ OTHER_STREAM for seed in seeds]
        drawn = counted(on_step, 0, count)
        pictures = _canvases(for_picture, pair, looks, others, Mean(0.0), drawn)
        drawn = counted(on_step, first.steps, count)
        spectrograms = _canvases(config, pair, sounds, seeds, Mean(1.0), drawn)
        for seed, picture, spectrogram in zip(seeds, pictures, spectrograms, strict=True):
            image, latent = _joined(pair, join, picture, spectrogram)
            yield finish_image(config, pair, prompts, seed, image, latent, sentences)


@torch.no_grad()
def _canvases(
    config: RunConfig,
    pair: ModelPair,
    drawn: Composition,
    seeds: Sequence[int],
    rule: Mean,
    on_step: OnStep | None,
) -> list[Tensor]:
    """Returns a canvas `(1, height, width)` of each seed; no model draws given content."""
    latents = sample_latents(config, pair, drawn, seeds, rule, on_step)
    images = [decode_latents(pair.vae, latent[None]) for latent in latents]
    if drawn.pinned is not None:
        images = [drawn.pinned.laid_over(image) for image in images]
    return [image_to_canvas(image) for image in images]


@torch.no_grad()
def _joined(
    pair: ModelPair, join: Join, picture: Tensor, spectrogram: Tensor
) -> tuple[Tensor, Tensor]:
    """Returns image `(3, height, width)`, cropped, and latent of two canvases."""
    image = canvas_to_image(join(spectrogram, picture.to(spectrogram)))
    latent = encode_image(pair.vae, image)[0]
    return image[0, ..., : image.shape[-1] - pair.crop_columns].cpu(), latent


def counted(on_step: OnStep | None, before: int, count: int) -> OnStep | None:
    """Returns a callback that counts the steps of several samplings as one.

    Args:
        on_step: Called with the renumbered steps.
        before: Offset of the step index.
        count: Steps of all samplings together.
    """
    if on_step is None:
        return None

    def told(step: Step, clean: Tensor) -> None:
        on_step(dataclasses.replace(step, index=before + step.index, count=count), clean)

    return told
