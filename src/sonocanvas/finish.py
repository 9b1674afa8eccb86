"""The last stage of all methods: a canvas becomes a sample with its sound."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from sonocanvas import canvas as canvases
from sonocanvas.config import RunConfig
from sonocanvas.experts import Pinned
from sonocanvas.files.origin import version_of
from sonocanvas.protocols import SCENE, Vocoder
from sonocanvas.registry import load
from sonocanvas.stages import stage
from sonocanvas.types import ModelPair, Prompts, Sample
from sonocanvas.vocoders.parts import play
from sonocanvas.vocoders.weights import build_vocoder

VERSIONS_OF = ("sonocanvas", "torch", "diffusers", "transformers")


def make_vocoder(config: RunConfig, pair: ModelPair) -> Vocoder:
    """Returns the vocoder of a run, with the pair's weights if it uses them.

    Raises:
        InvalidInputError: The pair has no vocoder.
        CheckpointError: The pair's vocoder cannot be built.
    """
    choice = config.vocoder
    return build_vocoder(choice.name, choice.options, pair.vocoder, f"Pair '{pair.name}'")


def finish(
    config: RunConfig,
    pair: ModelPair,
    prompts: Prompts,
    seed: int,
    latent: Tensor,
    notes: Sequence[str] = (),
    pinned: Pinned | None = None,
) -> Sample:
    """Returns the sample of a clean latent `(channels, height, width)`: decoded and played.

    Args:
        config: The run.
        pair: Its models.
        prompts: The prompts.
        seed: Seed of the latent.
        latent: The denoised latent.
        notes: Warnings about the prompts, saved in the record.
        pinned: Given content, which replaces the decoded picture where it is exact.
    """
    with stage(f"seed {seed} decoded"), torch.no_grad():
        image = canvases.decode_latents(pair.vae, latent.unsqueeze(0)).cpu()
    image = (image if pinned is None else pinned.laid_over(image))[0]
    image = image[..., : image.shape[-1] - pair.crop_columns]
    return finish_image(config, pair, prompts, seed, image, latent, notes)


def finish_image(
    config: RunConfig,
    pair: ModelPair,
    prompts: Prompts,
    seed: int,
    image: Tensor,
    latent: Tensor,
    notes: Sequence[str] = (),
) -> Sample:
    """Returns the sample of a picture `(3, height, width)` in [0, 1], played.

    The canvas is rounded to 8 bits before it is played, so the saved PNG sounds the same.

    Args:
        config: The run.
        pair: Its models.
        prompts: The prompts.
        seed: Seed of the picture.
        image: The picture, without the columns that the pair leaves empty.
        latent: `(channels, height, width)`, the picture in latent space.
        notes: Warnings about the prompts, saved in the record.
    """
    gray = canvases.image_to_canvas(image.unsqueeze(0))[0]
    canvas = canvases.bytes_to_canvas(canvases.canvas_to_bytes(gray))
    with stage(f"seed {seed} played by {config.vocoder.name}"), torch.no_grad():
        waveform = play(make_vocoder(config, pair), canvas.unsqueeze(0), pair.canvas_format)
    return Sample(
        seed=seed,
        prompts=prompts,
        latent=latent.float().cpu(),
        image=image,
        canvas=canvas,
        waveform=waveform,
        canvas_format=pair.canvas_format,
        record=describe(config, pair) | {"notes": list(notes)},
    )


def describe(config: RunConfig, pair: ModelPair) -> dict[str, Any]:
    """Returns the record of each sample: the settings that were used to make it."""
    reads = {"method": True, "vocoder": True, **load("method", config.method.name).reads}
    if config.search.name:
        reads |= {"search": True, "keep_by": True, "keep_rule": True}
    read = config.model_dump(mode="json", include=reads)
    read = {key: value for key, value in read.items() if key not in SCENE or value}
    if read.get("sampling", {}).get("dtype") == "auto":
        read["sampling"]["dtype"] = str(pair.image_unet.dtype).removeprefix("torch.")
    return {
        **read,
        "pair": {"name": pair.name, "licences": dict(pair.licences)},
        "versions": {name: version_of(name) for name in VERSIONS_OF},
    }
