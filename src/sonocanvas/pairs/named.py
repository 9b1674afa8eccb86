"""Loads a pair by its name on the menu, with the user's own models and LoRAs."""

import dataclasses
import inspect
import sys
import warnings
from collections.abc import Callable, Collection, Mapping
from typing import Any

import torch

from sonocanvas.errors import InvalidInputError
from sonocanvas.pairs.checkpoint import FACTS
from sonocanvas.pairs.folder import read_facts
from sonocanvas.pairs.lora import find_lora, merge_lora
from sonocanvas.pairs.mini import WEIGHTS
from sonocanvas.pairs.part_files import read_json
from sonocanvas.registry import load, split_pair
from sonocanvas.types import ModelPair
from sonocanvas.values import expanded

MODELS = (
    *("vae", "image_unet", "audio_unet", "image_tokenizer", "image_text_encoder"),
    *("audio_tokenizer", "audio_text_encoder"),
)


def load_named(
    name: str,
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    *,
    image_model: str = "",
    audio_model: str = "",
    image_lora: str = "",
    audio_lora: str = "",
    image_lora_scale: float = 1.0,
    audio_lora_scale: float = 1.0,
    on_warning: Callable[[str], None] = warnings.warn,
) -> ModelPair:
    """Returns a pair by name, ready to sample, with any LoRA merged into its weights.

    Args:
        name: An entry of `registry.PAIRS`, or `local:` followed by a folder.
        device: Device of the models.
        dtype: Dtype of their weights.
        image_model: Another picture model, in the syntax of `hub.source_of`.
        audio_model: Another spectrogram model.
        image_lora: A LoRA for the picture model, in the syntax of `lora.find_lora`; empty for none.
        audio_lora: A LoRA for the spectrogram model.
        image_lora_scale: Strength of the picture model's LoRA; 1 as in its training.
        audio_lora_scale: Strength of the spectrogram model's LoRA.
        on_warning: Called with warnings about licences and mismatches.

    Raises:
        InvalidInputError: There is no such pair, or it does not allow another image or audio model.
        CheckpointError: Weights are missing, broken or incompatible.
    """
    entry, folder = split_pair(name)
    loader = load("pair", entry)
    taken = inspect.signature(loader).parameters
    models = {"image_model": image_model, "audio_model": audio_model}
    _check_models(name, models, taken)
    parts = {**models, "folder": folder, "on_warning": on_warning}
    given = {option: value for option, value in parts.items() if value and option in taken}
    loras = {
        model: find_lora(place, f"--{model}-lora", on_warning)
        for model, place in (("image", image_lora), ("audio", audio_lora))
        if place
    }
    pair: ModelPair = loader(device, dtype, **given)
    scales = {"image": image_lora_scale, "audio": audio_lora_scale}
    for model, lora in loras.items():
        merge_lora(getattr(pair, f"{model}_unet"), lora, scales[model], on_warning)
    licences = {f"{model} lora": lora.about for model, lora in loras.items()}
    return dataclasses.replace(pair, licences={**pair.licences, **licences})


def facts_of(name: str) -> ModelPair:
    """Returns a pair without its models, which describes its canvas.

    Args:
        name: An entry of `registry.PAIRS`, or `local:` followed by a folder.

    Raises:
        InvalidInputError: There is no such pair.
        CheckpointError: A folder is missing or is not a pair.
    """
    entry, given = split_pair(name)
    loader = load("pair", entry)
    recipe = getattr(sys.modules[loader.__module__], "RECIPE", None)
    if recipe is not None:
        facts = {field: getattr(recipe, field) for field in FACTS}
    else:
        folder = expanded(given) if given else WEIGHTS
        facts = read_facts(folder, read_json(folder / "model_index.json"))
    models: dict[str, Any] = dict.fromkeys(MODELS)
    return ModelPair(**models, scheduler_config={}, **facts)


def _check_models(name: str, models: Mapping[str, str], taken: Collection[str]) -> None:
    """Checks that a pair accepts the user's models instead of its own."""
    for option, value in models.items():
        if value and option not in taken:
            raise InvalidInputError(
                f"Pair '{name}' takes no {option}, but '{value}' was given; sd15-auffusion and "
                "sd15-riffusion do."
            )
