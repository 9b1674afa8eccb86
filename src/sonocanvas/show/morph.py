"""A picture that changes as its sound plays: one sample through a sequence of prompts.

The canvases of one seed are drawn from interpolated embeddings of successive picture prompts. The
video moves through them, and each moment sounds like the column under the playhead: the sound is
that of a canvas assembled column by column.
"""

import dataclasses
import itertools
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from sonocanvas.canvas import canvas_to_image, decode_latents, image_to_canvas
from sonocanvas.config import RunConfig
from sonocanvas.errors import InvalidInputError
from sonocanvas.files.artifacts import as_saved, load_sample, sample_folders
from sonocanvas.files.run_file import load_config
from sonocanvas.files.run_folder import RUN_FILE
from sonocanvas.finish import finish_image
from sonocanvas.methods.compose import make_rule, read_scene, sample_latents
from sonocanvas.protocols import OnStep, OnWarning
from sonocanvas.scene.placing import resized
from sonocanvas.text import encode_text
from sonocanvas.types import ModelPair, Sample

BETWEEN = 6
"""Canvases from one prompt to the next."""


def run_to_morph(folder: Path, prompts: Sequence[str]) -> tuple[RunConfig, list[Path]]:
    """Returns the run of a folder and its samples, if they can be morphed.

    Args:
        folder: Folder of a run or of a sample.
        prompts: Prompts that the picture changes to, in order.

    Raises:
        InvalidInputError: A prompt is empty, the folder holds no sample, or its pictures were not
            made from one prompt by `compose`.
    """
    if not prompts or not all(prompt.strip() for prompt in prompts):
        raise InvalidInputError(f"A morph needs prompts that are not empty, not {list(prompts)}.")
    samples = sample_folders(folder)
    config = load_config(samples[0].absolute().parent / RUN_FILE)
    if config.method.name != "compose" or config.search.name or config.layers:
        raise InvalidInputError(
            f"'{folder}' cannot be morphed; only runs of two prompts made by 'compose' can."
        )
    return config, samples


def morph(
    folder: Path,
    config: RunConfig,
    prompts: Sequence[str],
    pair: ModelPair,
    on_step: OnStep | None = None,
    on_warning: OnWarning = warnings.warn,
) -> tuple[Sample, Tensor]:
    """Returns a sample with the sound of a morph, and the canvases `(count, mels, frames)` of it.

    Args:
        folder: Folder of the sample.
        config: Its run.
        prompts: Prompts that its picture changes to, in order and at equal intervals.
        pair: Its models.
        on_step: Called after each step with its record and the predicted clean latents.
        on_warning: Called with warnings about the prompts.
    """
    pair = resized(pair, config.duration_s)
    sample = load_sample(folder)
    _, drawn, notes = read_scene(config, pair, on_warning)
    looks, sounds = drawn.experts
    texts = [looks.text]
    for prompt in prompts:
        text, told = encode_text(pair, "image", prompt, "image prompt")
        texts.append(text)
        for sentence in told:
            on_warning(sentence)
    steps = [
        torch.lerp(one, other, number / BETWEEN)
        for one, other in itertools.pairwise(texts)
        for number in range(BETWEEN)
    ]
    parts, rule = [], make_rule(config)
    stages = torch.cat([*steps, texts[-1]])
    for start in range(0, len(stages), config.batch_size):
        text = stages[start : start + config.batch_size]
        composition = dataclasses.replace(
            drawn, experts=(dataclasses.replace(looks, text=text), sounds)
        )
        seeds = [sample.seed] * len(text)
        latents = sample_latents(config, pair, composition, seeds, rule, on_step)
        with torch.no_grad():
            parts += [image_to_canvas(decode_latents(pair.vae, one[None])).cpu() for one in latents]
    canvases = torch.cat(parts)
    canvases = canvases[..., : canvases.shape[-1] - pair.crop_columns]
    whole = under_the_playhead(canvases)
    asked = dataclasses.replace(sample.prompts, image=" to ".join([sample.prompts.image, *prompts]))
    image = canvas_to_image(whole[None])[0]
    made = finish_image(config, pair, asked, sample.seed, image, sample.latent, notes)
    return as_saved(made), canvases


def under_the_playhead(canvases: Tensor) -> Tensor:
    """Returns the canvas `(mels, frames)` that takes each column from the morph at that moment.

    Args:
        canvases: `(count, mels, frames)`, at equal intervals.
    """
    frames = canvases.shape[-1]
    return torch.stack(
        [at(canvases, (column + 0.5) / frames)[:, column] for column in range(frames)], dim=1
    )


def at(canvases: Tensor, share: float) -> Tensor:
    """Returns the canvas `(mels, frames)` of a morph at a fraction of its time, in [0, 1]."""
    place = share * (len(canvases) - 1)
    first = min(int(place), len(canvases) - 2)
    return torch.lerp(canvases[first], canvases[first + 1], place - first)
