"""A pair as a folder in diffusers' layout: loading, checking and saving.

```
model_index.json                  name, canvas_format, … and `component: [library, class]`
vae/  image_unet/  audio_unet/    the shared autoencoder and the two models
text_encoder/  tokenizer/         shared; or image_text_encoder/ and audio_text_encoder/,
                                  image_tokenizer/ and audio_tokenizer/
scheduler/scheduler_config.json   the noise schedule of both
vocoder/                          if the pair has one
```
"""

import copy
import dataclasses
import math
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from sonocanvas.canvas import MAX_DURATION_S
from sonocanvas.errors import CheckpointError
from sonocanvas.formats import read_format
from sonocanvas.pairs.part_files import check_weights, read_json, write_json
from sonocanvas.pairs.parts import load_part, quiet, read_vocoder, write_vocoder
from sonocanvas.types import VOCODER_KEYS, ModelPair

ALLOWED_CLASSES = {
    "vae": (
        ("diffusers", "AutoencoderKL"),
        ("diffusers", "AutoencoderDC"),
        ("sonocanvas.pairs.autoencoder", "BlockAutoencoder"),
    ),
    "unet": (("diffusers", "UNet2DConditionModel"),),
    "text_encoder": (("transformers", "CLIPTextModel"),),
    "tokenizer": (
        ("transformers", "PreTrainedTokenizerFast"),
        ("transformers", "TokenizersBackend"),  # newer name of the same class
        ("transformers", "CLIPTokenizer"),
    ),
}

UNGIVEN = (
    *("time_cond_proj_dim", "class_embed_type", "num_class_embeds"),
    *("addition_embed_type", "encoder_hid_dim_type"),
)
"""Settings of UNets that need inputs other than noise, time and text, such as distilled ones and
SDXL's, which the loop cannot supply."""

Agreement = tuple[str, Any, str, Any]
"""The names and values of two quantities that must be equal: name, value, name, value."""


def load_folder(
    folder: Path,
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    on_warning: Callable[[str], None] = warnings.warn,
) -> ModelPair:
    """Returns the pair in a folder, ready to sample.

    All files are checked before the first model is built. Weights are read from safetensors only,
    except a `vocoder.pt`, of which only the tensors are read.

    Args:
        folder: Folder in the layout above.
        device: Device of the models.
        dtype: Dtype of their weights.
        on_warning: Called with warnings about mismatches.

    Raises:
        CheckpointError: A file is missing or broken, a class is not allowed, or two parts are
            incompatible.
    """
    folder = Path(folder)
    index = read_json(folder / "model_index.json")
    text = {
        f"{model}_{kind}": f"{model}_{kind}" if f"image_{kind}" in index else kind
        for model in ("image", "audio")
        for kind in ("text_encoder", "tokenizer")
    }
    names = ("vae", "image_unet", "audio_unet", *dict.fromkeys(text.values()))
    classes = {name: _allowed_class(folder, index, name) for name in names}
    for name in names:
        if name.endswith("tokenizer"):
            read_json(folder / name / "tokenizer_config.json")
        else:
            read_json(folder / name / "config.json")
            check_weights(folder / name)
    scheduler_config = read_json(folder / "scheduler" / "scheduler_config.json")
    facts = read_facts(folder, index) | {"vocoder": read_vocoder(folder / "vocoder", device)}
    parts: dict[str, Any] = {
        name: load_part(folder / name, classes[name], device, dtype) for name in names
    }
    models = {name: parts[name] for name in ("vae", "image_unet", "audio_unet")}
    models |= {field: parts[name] for field, name in text.items()}
    pair = ModelPair(scheduler_config=scheduler_config, **facts, **models)
    check_pair(pair)
    for sentence in differences_of_vocoder(pair):
        on_warning(sentence)
    return pair


def save_folder(
    pair: ModelPair,
    folder: Path,
    max_shard_size: str = "15MB",
    dtype: torch.dtype = torch.float16,
) -> None:
    """Writes a pair as a folder that `load_folder` reads.

    Args:
        pair: The pair to save; it is not changed.
        folder: The folder; created if missing.
        max_shard_size: Largest size of a file of weights, such as `"15MB"`.
        dtype: Dtype of the saved weights.
    """
    folder = Path(folder)
    parts = {"vae": pair.vae, "image_unet": pair.image_unet, "audio_unet": pair.audio_unet}
    for kind in ("text_encoder", "tokenizer"):
        image, audio = getattr(pair, f"image_{kind}"), getattr(pair, f"audio_{kind}")
        parts |= (
            {kind: image} if image is audio else {f"image_{kind}": image, f"audio_{kind}": audio}
        )
    index: dict[str, Any] = {
        name: getattr(pair, name)
        for name in ("name", "latent_shape", "crop_columns", "closed_vocabulary", "licences")
    }
    index["canvas_format"] = dataclasses.asdict(pair.canvas_format)
    with quiet():
        for name, part in parts.items():
            module = type(part).__module__
            library = module if module.startswith("sonocanvas.") else module.partition(".")[0]
            index[name] = [library, type(part).__name__]
            if name.endswith("tokenizer"):
                part.save_pretrained(folder / name)
            else:
                model = copy.deepcopy(part).to(dtype)
                model.save_pretrained(folder / name, max_shard_size=max_shard_size)
    write_json(folder / "model_index.json", index)
    write_json(folder / "scheduler" / "scheduler_config.json", pair.scheduler_config)
    if pair.vocoder is not None:
        write_vocoder(pair.vocoder, folder / "vocoder")


def check_pair(pair: ModelPair) -> None:
    """Checks that the parts of a pair are compatible.

    Raises:
        CheckpointError: Two parts disagree; the message names both values.
    """
    channels, height, _ = pair.latent_shape
    agreements: list[Agreement] = [
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
        agreements += ungiven(getattr(pair, f"{model}_unet").config, f"of {model}_unet")
    ratio = getattr(pair.vae, "spatial_compression_ratio", None)  # AutoencoderKL has none
    rows = height * (ratio or 2 ** (len(pair.vae.config.block_out_channels) - 1))
    agreements.append(("mels of canvas_format", pair.canvas_format.mels, "rows of vae", rows))
    prediction = pair.scheduler_config.get("prediction_type", "epsilon")
    agreements.append(("prediction_type allowed", "epsilon", "scheduler", prediction))
    agreements += _agreements_with_vocoder(pair)
    for first, value, second, other in agreements:
        if value != other:
            raise CheckpointError(
                f"The parts of pair '{pair.name}' do not belong together: {first} is {value}, "
                f"but {second} is {other}."
            )


def ungiven(unet: Mapping[str, Any], whose: str) -> list[Agreement]:
    """Returns the conditions for a UNet to need no inputs other than noise, time and text.

    Args:
        unet: Its configuration. The value `text` for one of `UNGIVEN` is allowed: it is the prompt
            again.
        whose: Name of the UNet in messages.
    """
    return [
        (f"{key} allowed", None, whose, unet.get(key)) for key in UNGIVEN if unet.get(key) != "text"
    ]


def differences_of_vocoder(pair: ModelPair) -> list[str]:
    """Returns a warning if a HiFi-GAN's description differs from the canvas of its pair.

    It covers only quantities that do not affect the network, which published vocoders get wrong.
    """
    if pair.vocoder is None or pair.vocoder.kind != "hifigan":
        return []
    values = {key: getattr(pair.canvas_format, field) for key, field in VOCODER_KEYS.items()}
    told = [
        f"{key} is {pair.vocoder.config[key]}, not {value:g}"
        for key, value in values.items()
        if pair.vocoder.config.get(key) not in (None, value)
    ]
    if not told:
        return []
    return [
        f"The description of the vocoder of pair '{pair.name}' differs from its canvas, which is "
        f"used: {', '.join(told)}; if it sounds wrong, the vocoder belongs to another model."
    ]


def _agreements_with_vocoder(pair: ModelPair) -> list[Agreement]:
    """Returns the quantities that the canvas and the vocoder's network must agree on."""
    if pair.vocoder is None:
        return []
    config, fmt = dict(pair.vocoder.config), pair.canvas_format
    needed = VOCODER_KEYS
    if pair.vocoder.kind == "hifigan":
        needed = {"num_mels": "mels", "product of upsample_rates": "hop_samples"}
        try:
            config["product of upsample_rates"] = math.prod(config["upsample_rates"])
        except (KeyError, TypeError) as error:
            raise CheckpointError(
                f"The vocoder of pair '{pair.name}' has the upsample_rates "
                f"{config.get('upsample_rates')}; they must be a list of whole numbers."
            ) from error
    return [
        (f"{field} of canvas_format", getattr(fmt, field), f"{key} of the vocoder", config.get(key))
        for key, field in needed.items()
    ]


def _allowed_class(folder: Path, index: dict[str, Any], name: str) -> tuple[str, str]:
    """Returns the `(library, class)` of a part in the index."""
    allowed = ALLOWED_CLASSES[name.removeprefix("image_").removeprefix("audio_")]
    given = index.get(name)
    for choice in allowed:
        if given == list(choice):
            return choice
    known = ", ".join(".".join(choice) for choice in allowed)
    raise CheckpointError(
        f"{folder / 'model_index.json'} gives {name} as {given}; allowed: {known}."
    )


def read_facts(folder: Path, index: dict[str, Any]) -> dict[str, Any]:
    """Returns the fields of `ModelPair` that are in the index."""
    try:
        channels, height, width = (int(size) for size in index["latent_shape"])
        fmt = read_format(index["canvas_format"])
        if min(channels, height, width) < 1 or width * fmt.hop_samples * fmt.mels > (
            height * MAX_DURATION_S * fmt.sample_rate_hz
        ):
            raise ValueError(f"a latent of {channels} x {height} x {width}")
        return {
            "name": str(index["name"]),
            "canvas_format": fmt,
            "latent_shape": (channels, height, width),
            "crop_columns": int(index.get("crop_columns", 0)),
            "closed_vocabulary": bool(index.get("closed_vocabulary", False)),
            "licences": dict(index.get("licences", {})),
        }
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        path = folder / "model_index.json"
        raise CheckpointError(f"{path} lacks a value or has a wrong one: {error}.") from error
