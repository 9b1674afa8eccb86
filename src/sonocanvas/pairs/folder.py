"""A pair as a folder in diffusers' layout: loading, checking and saving.

```
model_index.json                  name, canvas_format, … and `component: [library, class]`
vae/  image_unet/  audio_unet/    the shared autoencoder and the two models
text_encoder/  tokenizer/         shared; or image_text_encoder/, audio_text_encoder/, …
scheduler/scheduler_config.json   the noise schedule of both
```
"""

import contextlib
import copy
import dataclasses
import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import diffusers.utils.logging
import safetensors
import torch
import transformers
import transformers.utils.logging

from sonocanvas.errors import CheckpointError
from sonocanvas.types import CanvasFormat, ModelPair

ALLOWED_CLASSES = {
    "vae": (
        ("diffusers", "AutoencoderKL"),
        ("diffusers", "AutoencoderDC"),
        ("sonocanvas.pairs.autoencoder", "PatchAutoencoderKL"),
    ),
    "unet": (("diffusers", "UNet2DConditionModel"),),
    "text_encoder": (("transformers", "CLIPTextModel"),),
    "tokenizer": (
        ("transformers", "PreTrainedTokenizerFast"),
        ("transformers", "TokenizersBackend"),  # the same class by its newer name
        ("transformers", "CLIPTokenizer"),
    ),
}
WEIGHTS_FILES = ("diffusion_pytorch_model.safetensors", "model.safetensors")


def load_folder(
    folder: Path, device: str | torch.device = "cpu", dtype: torch.dtype = torch.float32
) -> ModelPair:
    """Returns the pair that a folder holds, ready to sample.

    Every file is checked before the first model is built. Only safetensors are read.

    Args:
        folder: Folder in the layout above.
        device: Where the models go.
        dtype: Type of their weights.

    Raises:
        CheckpointError: A file is missing or broken, a class is not allowed, or two parts do
            not belong together.
    """
    folder = Path(folder)
    index = _read_json(folder / "model_index.json")
    own_text = "image_text_encoder" in index
    kinds = ("image_text_encoder", "image_tokenizer", "audio_text_encoder", "audio_tokenizer")
    text = kinds if own_text else ("text_encoder", "tokenizer")
    names = ("vae", "image_unet", "audio_unet", *text)
    classes = {name: _allowed_class(folder, index, name) for name in names}
    for name in names:
        if name.endswith("tokenizer"):
            _read_json(folder / name / "tokenizer_config.json")
        else:
            _read_json(folder / name / "config.json")
            _check_weights(folder / name)
    scheduler_config = _read_json(folder / "scheduler" / "scheduler_config.json")
    facts = _read_facts(folder, index)
    parts: dict[str, Any] = {
        name: _load_part(folder / name, classes[name], device, dtype) for name in names
    }
    if not own_text:
        shared = {kind: parts[kind.partition("_")[2]] for kind in kinds}
        parts = {name: parts[name] for name in names if name not in text} | shared
    pair = ModelPair(scheduler_config=scheduler_config, **facts, **parts)
    check_pair(pair)
    return pair


def save_folder(
    pair: ModelPair,
    folder: Path,
    max_shard_size: str = "15MB",
    dtype: torch.dtype = torch.float16,
) -> None:
    """Writes a pair as a folder that `load_folder` reads.

    Args:
        pair: What to save; it is not changed.
        folder: Where to; made if it is missing.
        max_shard_size: Largest file of weights, such as `"15MB"`.
        dtype: Type of the saved weights.
    """
    folder = Path(folder)
    parts = {"vae": pair.vae, "image_unet": pair.image_unet, "audio_unet": pair.audio_unet}
    shared = pair.image_text_encoder is pair.audio_text_encoder
    for model, prefix in (("image", "" if shared else "image_"), ("audio", "audio_")):
        if model == "image" or not shared:
            parts[f"{prefix}text_encoder"] = getattr(pair, f"{model}_text_encoder")
            parts[f"{prefix}tokenizer"] = getattr(pair, f"{model}_tokenizer")
    index: dict[str, Any] = {
        name: getattr(pair, name)
        for name in ("name", "latent_shape", "crop_columns", "closed_vocabulary", "licences")
    }
    index["canvas_format"] = dataclasses.asdict(pair.canvas_format)
    with _quiet():
        for name, part in parts.items():
            module = type(part).__module__
            library = module if module.startswith("sonocanvas.") else module.partition(".")[0]
            index[name] = [library, type(part).__name__]
            if name.endswith("tokenizer"):
                part.save_pretrained(folder / name)
            else:
                model = copy.deepcopy(part).to(dtype)
                model.save_pretrained(folder / name, max_shard_size=max_shard_size)
    _write_json(folder / "model_index.json", index)
    _write_json(folder / "scheduler" / "scheduler_config.json", pair.scheduler_config)


def check_pair(pair: ModelPair) -> None:
    """Checks that the parts of a pair belong together.

    Raises:
        CheckpointError: Two parts disagree; the message names both values.
    """
    channels, height, _ = pair.latent_shape
    agreements: list[tuple[str, Any, str, Any]] = [
        ("channels of latent_shape", channels, name, getattr(part.config, attribute))
        for part, name, attribute in (
            (pair.vae, "latent channels of vae", "latent_channels"),
            (pair.image_unet, "input channels of image_unet", "in_channels"),
            (pair.audio_unet, "input channels of audio_unet", "in_channels"),
            (pair.image_unet, "output channels of image_unet", "out_channels"),
            (pair.audio_unet, "output channels of audio_unet", "out_channels"),
        )
    ]
    for model in ("image", "audio"):
        width = getattr(pair, f"{model}_text_encoder").config.hidden_size
        reads = getattr(pair, f"{model}_unet").config.cross_attention_dim
        agreements.append((f"width of the {model} text encoder", width, f"{model}_unet", reads))
    config = pair.vae.config
    blocks = config.get("block_out_channels") or config.get("encoder_block_out_channels")
    rows = height * 2 ** (len(blocks) - 1) * getattr(pair.vae, "patch", 1)
    agreements.append(("mels of canvas_format", pair.canvas_format.mels, "rows of vae", rows))
    prediction = pair.scheduler_config.get("prediction_type", "epsilon")
    agreements.append(("prediction_type allowed", "epsilon", "scheduler", prediction))
    for first, value, second, other in agreements:
        if value != other:
            raise CheckpointError(
                f"The parts of pair '{pair.name}' do not belong together: {first} is {value}, "
                f"but {second} is {other}."
            )


def _allowed_class(folder: Path, index: dict[str, Any], name: str) -> tuple[str, str]:
    """Returns the `(library, class)` that the index gives to a part."""
    allowed = ALLOWED_CLASSES[name.removeprefix("image_").removeprefix("audio_")]
    given = index.get(name)
    for choice in allowed:
        if given == list(choice):
            return choice
    known = ", ".join(".".join(choice) for choice in allowed)
    raise CheckpointError(
        f"{folder / 'model_index.json'} gives {name} as {given}; allowed: {known}."
    )


def _read_facts(folder: Path, index: dict[str, Any]) -> dict[str, Any]:
    """Returns the fields of `ModelPair` that stand in the index."""
    try:
        channels, height, width = (int(size) for size in index["latent_shape"])
        return {
            "name": str(index["name"]),
            "canvas_format": CanvasFormat(**index["canvas_format"]),
            "latent_shape": (channels, height, width),
            "crop_columns": int(index.get("crop_columns", 0)),
            "closed_vocabulary": bool(index.get("closed_vocabulary", False)),
            "licences": dict(index.get("licences", {})),
        }
    except (KeyError, TypeError, ValueError) as error:
        path = folder / "model_index.json"
        raise CheckpointError(f"{path} lacks a value or has a wrong one: {error}.") from error


def _check_weights(folder: Path) -> None:
    """Checks that every file of weights of one part is there and whole."""
    names = [name for name in WEIGHTS_FILES if (folder / name).is_file()]
    for index_path in sorted(folder.glob("*.safetensors.index.json")):
        weight_map = _read_json(index_path).get("weight_map", {})
        names += sorted(set(weight_map.values()))
    if not names:
        raise CheckpointError(f"{folder} holds no safetensors weights ({WEIGHTS_FILES[0]}, …).")
    for name in names:
        path = folder / name
        if not path.is_file():
            raise CheckpointError(f"The weight file {path} is missing.")
        try:
            with safetensors.safe_open(path, framework="pt"):
                pass
        except (safetensors.SafetensorError, OSError) as error:
            raise CheckpointError(f"The weight file {path} is broken: {error}.") from error


def _load_part(
    folder: Path, kind: tuple[str, str], device: str | torch.device, dtype: torch.dtype
) -> torch.nn.Module | transformers.PreTrainedTokenizerBase:
    """Returns one part, in eval mode and without gradients."""
    library, name = kind
    part_class = getattr(importlib.import_module(library), name)
    options: dict[str, Any] = {"local_files_only": True}
    if not folder.name.endswith("tokenizer"):
        options |= {"use_safetensors": True, "output_loading_info": True}
        options |= {"dtype": dtype} if library == "transformers" else {"torch_dtype": dtype}
        options |= {} if library == "transformers" else {"low_cpu_mem_usage": False}
    try:
        with _quiet():
            loaded = part_class.from_pretrained(folder, **options)
    except (OSError, RuntimeError, ValueError, TypeError, KeyError) as error:
        reason = str(error).strip().splitlines()[0]
        raise CheckpointError(f"{folder} cannot be loaded as {name}: {reason}") from error
    if folder.name.endswith("tokenizer"):
        return loaded
    model, report = loaded
    if report["missing_keys"]:
        first = sorted(report["missing_keys"])[0]
        raise CheckpointError(f"{folder} lacks weights of {name}, the first is {first}.")
    return model.to(device).eval().requires_grad_(False)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silences both libraries' notes and progress bars; what is wrong is raised instead."""
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


def _read_json(path: Path) -> dict[str, Any]:
    """Returns a JSON object from a file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CheckpointError(f"The checkpoint file {path} is missing.") from error
    except (OSError, ValueError) as error:
        raise CheckpointError(f"The checkpoint file {path} is not JSON: {error}.") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"The checkpoint file {path} does not hold a JSON object.")
    return content


def _write_json(path: Path, content: dict[str, Any]) -> None:
    """Writes a JSON object to a file in a folder that may be new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
