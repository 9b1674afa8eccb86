"""Loads one part of a checkpoint: a subfolder with a description and weights."""

import contextlib
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import diffusers.utils.logging
import torch
import transformers
import transformers.utils.logging
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers.utils import is_protobuf_available, is_sentencepiece_available

from sonocanvas.errors import CheckpointError
from sonocanvas.pairs.part_files import (
    HALVES,
    PICKLES,
    check_weights,
    read_json,
    read_pickle,
    weights_among,
    write_json,
)
from sonocanvas.stages import stage
from sonocanvas.types import VocoderWeights

MOST_LAYERS = 128
"""Limit on consecutive layers, or blocks times layers per block; the largest known models have
60."""


def check_description(folder: Path, part_class: Any, library: str) -> None:
    """Checks that a model is no larger than its weights, before memory is allocated for it.

    Args:
        folder: Folder of the part, checked by `check_weights`.
        part_class: Class of the model.
        library: Library of the class, such as `transformers`.

    Raises:
        CheckpointError: Its configuration describes a larger model.
    """
    described = read_json(folder / "config.json")
    layers = _layers_of(described)
    if layers > MOST_LAYERS:
        raise CheckpointError(
            f"{folder} cannot be loaded as {part_class.__name__}: it describes {layers} layers; at "
            f"most {MOST_LAYERS} are allowed."
        )
    with torch.device("meta"):  # shapes without numbers
        if library == "transformers":
            config = part_class.config_class.from_pretrained(folder, local_files_only=True)
            model = part_class(config)
        else:
            model = part_class.from_config(described)
    needed = sum(weights.numel() for weights in model.parameters())
    there = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    if needed > there:  # each number takes a byte or more
        raise CheckpointError(
            f"{folder} cannot be loaded as {part_class.__name__}: its description needs "
            f"{needed} numbers, but its files hold {there} bytes."
        )


def _layers_of(described: Any) -> int:
    """Returns the number of layers in a description: in sequence, or in all of its blocks."""
    if isinstance(described, list):
        return max(map(_layers_of, described), default=0)
    if not isinstance(described, dict):
        return 0
    in_a_row, in_a_block = 0, 1
    for key, value in described.items():
        counts = [
            one for one in (value if isinstance(value, list) else [value]) if isinstance(one, int)
        ]
        if "layers_per_block" in key:
            in_a_block *= max([1, *counts])
        elif "layers" in key:
            in_a_row = max([in_a_row, *counts])
    if any("layers_per_block" in key for key in described):
        blocks = [len(value) for value in described.values() if isinstance(value, list)]
        in_a_row = max(in_a_row, in_a_block * max([1, *blocks]))
    return max([in_a_row, *map(_layers_of, described.values())])


def load_part(
    folder: Path,
    kind: tuple[str, str],
    device: str | torch.device,
    dtype: torch.dtype,
    pickles: bool = False,
) -> torch.nn.Module | transformers.PreTrainedTokenizerBase:
    """Returns one part, in eval mode and without gradients.

    Args:
        folder: Folder of the part, checked by `check_weights`.
        kind: Library and class.
        device: Device of a model.
        dtype: Dtype of its weights.
        pickles: Whether pickles are accepted if there are no safetensors.

    Raises:
        CheckpointError: The class cannot be loaded from the folder.
    """
    library, name = kind
    part_class = getattr(importlib.import_module(library), name)
    options: dict[str, Any] = {"local_files_only": True}
    if not folder.name.endswith("tokenizer"):
        first = (weights_among([path.name for path in folder.glob("*")], pickles) or [""])[0]
        options |= {"use_safetensors": not PICKLES.fullmatch(first), "output_loading_info": True}
        options |= {"variant": "fp16" if HALVES.fullmatch(first) else None}
        options |= {"dtype": dtype} if library == "transformers" else {"torch_dtype": dtype}
        options |= {} if library == "transformers" else {"low_cpu_mem_usage": False}
    try:
        with stage(f"{name} loaded from {folder}"), quiet():
            if not folder.name.endswith("tokenizer"):
                check_description(folder, part_class, library)
            loaded = part_class.from_pretrained(folder, **options)
    except CheckpointError:
        raise
    except Exception as error:  # the libraries, one of them in Rust, can raise anything
        reason = " ".join(line.strip() for line in str(error).strip().splitlines()[:2])[:500]
        raise CheckpointError(f"{folder} cannot be loaded as {name}: {reason}") from error
    if folder.name.endswith("tokenizer"):
        return loaded
    model, report = loaded
    if report["missing_keys"]:
        first = sorted(report["missing_keys"])[0]
        raise CheckpointError(f"{folder} lacks weights of {name}, first of all {first}.")
    placed = model.to(device, memory_format=torch.channels_last)  # faster: docs/performance.md
    return placed.eval().requires_grad_(False)


def check_tokenizer(folder: Path) -> None:
    """Checks that a sentencepiece tokenizer, if there is one, can be read.

    Otherwise transformers takes the file for another format and its error names the wrong package.

    Args:
        folder: Folder of a tokenizer.

    Raises:
        CheckpointError: A required package is missing.
    """
    needed = {"sentencepiece": is_sentencepiece_available, "protobuf": is_protobuf_available}
    missing = [name for name, is_there in needed.items() if not is_there()]
    ready = (folder / "tokenizer.json").exists() or not (folder / "spiece.model").exists()
    if missing and not ready:
        raise CheckpointError(
            f"{folder} holds a sentencepiece tokenizer; to load it, "
            f"`pip install {' '.join(missing)}`."
        )


def read_vocoder(folder: Path, device: str | torch.device) -> VocoderWeights | None:
    """Returns the vocoder in a folder, as saved, or `None` if there is none.

    Args:
        folder: Folder with `config.json` and safetensors, or else `vocoder.pt`, a pickle of
            `{"generator": tensors by name}` as HiFi-GAN saves it.
        device: Device of the tensors.

    Raises:
        CheckpointError: A file is missing or broken, or has other content.
    """
    if not folder.is_dir():
        return None
    config = read_json(folder / "config.json")
    tensors: dict[str, Tensor] = {}
    for path in check_weights(folder, pickles=True):
        if path.suffix == ".safetensors":
            tensors |= load_file(path)
            continue
        content = read_pickle(path)
        content = content.get("generator") if isinstance(content, dict) else None
        if not isinstance(content, dict) or not all(
            isinstance(name, str) and torch.is_tensor(one) for name, one in content.items()
        ):
            raise CheckpointError(f"The weight file {path} must hold 'generator': its tensors.")
        tensors |= content
    return VocoderWeights(
        config, {name: one.to(device, torch.float32) for name, one in tensors.items()}
    )


def write_vocoder(vocoder: VocoderWeights, folder: Path) -> None:
    """Writes a vocoder as a folder that `read_vocoder` reads, its weights as safetensors."""
    write_json(folder / "config.json", vocoder.config)
    tensors = {name: tensor.cpu().contiguous() for name, tensor in vocoder.tensors.items()}
    save_file(tensors, folder / "model.safetensors")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silences both libraries' notes and progress bars; errors are raised instead."""
    loggings = (diffusers.utils.logging, transformers.utils.logging)
    before = [(logging.get_verbosity(), logging.is_progress_bar_enabled()) for logging in loggings]
    for logging in loggings:
        logging.set_verbosity_error()
        logging.disable_progress_bar()
    try:
        yield
    finally:
        for logging, (verbosity, progress_bar) in zip(loggings, before, strict=True):
            logging.set_verbosity(verbosity)
            if progress_bar:
                logging.enable_progress_bar()
