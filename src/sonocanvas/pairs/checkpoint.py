"""Two published checkpoints in the layout of Stable Diffusion 1.x, joined into a pair.

```
unet/  vae/  text_encoder/  tokenizer/  scheduler/scheduler_config.json
vocoder/                          if the spectrogram model comes with one
```

Parts that both share are kept once. Their descriptions are compared before gigabytes of weights are
read, so a checkpoint of another family raises an error instead of producing noise.
"""

from __future__ import annotations

import reprlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sonocanvas.canvas import decode_latents
from sonocanvas.errors import CheckpointError
from sonocanvas.pairs.folder import Agreement, check_pair, differences_of_vocoder, ungiven
from sonocanvas.pairs.hub import Source, fetch, licence_of, source_of
from sonocanvas.pairs.part_files import check_weights, missing_description, read_json
from sonocanvas.pairs.parts import load_part, read_vocoder
from sonocanvas.types import CanvasFormat, ModelPair

CLASSES = {
    "unet": ("diffusers", "UNet2DConditionModel"),
    "vae": ("diffusers", "AutoencoderKL"),
    "text_encoder": ("transformers", "CLIPTextModel"),
    "tokenizer": ("transformers", "CLIPTokenizer"),
}
FACTS = ("name", "canvas_format", "latent_shape", "crop_columns")
SCHEDULE = {
    "beta_start": 0.0001,
    "beta_end": 0.02,
    "beta_schedule": "linear",
    "trained_betas": None,
    "num_train_timesteps": 1000,
    "prediction_type": "epsilon",
    "rescale_betas_zero_snr": False,
}
"""diffusers' defaults for values that a checkpoint's schedule omits."""

SAMPLING = {
    "clip_sample": False,
    "set_alpha_to_one": False,
    "timestep_spacing": "leading",
    "steps_offset": 1,
}
"""Sampling settings of Stable Diffusion 1.x; diffusers' defaults of the first two ruin latents."""


@dataclass(frozen=True)
class Recipe:
    """The default checkpoints and the canvas of a pair.

    Attributes:
        name: Name of the pair.
        image: The picture model.
        audio: The spectrogram model.
        canvas_format: What the canvas means as sound.
        latent_shape: `(channels, height, width)` of the latent of one canvas.
        crop_columns: Columns that the spectrogram model leaves empty at the right.
    """

    name: str
    image: Source
    audio: Source
    canvas_format: CanvasFormat
    latent_shape: tuple[int, int, int]
    crop_columns: int = 0


@dataclass(frozen=True)
class Descriptions:
    """The JSON descriptions of a checkpoint's parts."""

    vae: dict[str, Any]
    unet: dict[str, Any]
    text_encoder: dict[str, Any]
    schedule: dict[str, Any]


def join(
    recipe: Recipe,
    device: str | torch.device,
    dtype: torch.dtype,
    image_model: str = "",
    audio_model: str = "",
    on_warning: Callable[[str], None] = warnings.warn,
) -> ModelPair:
    """Returns the pair made of two checkpoints, checked and ready to sample.

    Args:
        recipe: The default checkpoints and the canvas.
        device: Device of the models.
        dtype: Dtype of their weights.
        image_model: Another picture model, in the syntax of `source_of`.
        audio_model: Another spectrogram model.
        on_warning: Called with warnings about licences and mismatches.

    Raises:
        CheckpointError: A checkpoint is missing and cannot be downloaded, a file is missing or
            broken, or the two are incompatible.
    """
    sources = source_of(image_model, recipe.image), source_of(audio_model, recipe.audio)
    options = ("--image-model", "--audio-model")
    image, audio = fetch(dict(zip(options, sources, strict=True)), on_warning)
    schedule = check_descriptions(recipe.name, describe(image), describe(audio))
    _check_files(image, audio)
    for sentence in _doubts(recipe, image, audio):
        on_warning(sentence)
    facts = {key: getattr(recipe, key) for key in FACTS}
    pair = ModelPair(
        vocoder=read_vocoder(audio / "vocoder", device),
        vae=_load_vae(image, audio, device, dtype, on_warning),
        image_unet=_load(image, "unet", device, dtype),
        audio_unet=_load(audio, "unet", device, dtype),
        scheduler_config={"_class_name": "DDIMScheduler", **schedule, **SAMPLING},
        licences={"image": licence_of(sources[0], image), "audio": licence_of(sources[1], audio)},
        **_load_texts(image, audio, device, dtype),
        **facts,
    )
    check_pair(pair)
    for sentence in differences_of_vocoder(pair):
        on_warning(sentence)
    return pair


def describe(folder: Path) -> Descriptions:
    """Returns a checkpoint's description of itself, with diffusers' defaults filled in.

    Raises:
        CheckpointError: A description is missing or is not JSON.
    """
    vae, unet, text = (
        read_json(folder / part / "config.json") for part in ("vae", "unet", "text_encoder")
    )
    schedule = read_json(folder / "scheduler" / "scheduler_config.json")
    return Descriptions(
        vae={"latent_channels": 4, "scaling_factor": 0.18215, "block_out_channels": [64]} | vae,
        unet={"in_channels": 4, "out_channels": 4, "cross_attention_dim": 1280} | unet,
        text_encoder={"hidden_size": 512} | text.get("text_config", text),
        schedule={key: schedule.get(key, value) for key, value in SCHEDULE.items()},
    )


def check_descriptions(name: str, image: Descriptions, audio: Descriptions) -> dict[str, Any]:
    """Returns the noise schedule of two checkpoints, which must share it and the latent space.

    Raises:
        CheckpointError: They disagree; the message names both values.
    """
    agreements: list[Agreement] = [
        (f"{key} of the image vae", image.vae[key], "of the audio vae", audio.vae[key])
        for key in ("latent_channels", "scaling_factor")
    ]
    agreements += [
        (f"{key} of the image scheduler", image.schedule[key], "of the audio scheduler", value)
        for key, value in audio.schedule.items()
    ]
    sides = [2 ** (len(one.vae["block_out_channels"]) - 1) for one in (image, audio)]
    agreements.append(
        ("pixels a side of a latent of the image vae", sides[0], "of the audio vae", sides[1])
    )
    for model, one in (("image", image), ("audio", audio)):
        channels, width = one.vae["latent_channels"], one.text_encoder["hidden_size"]
        reads, predicts = one.unet["cross_attention_dim"], one.schedule["prediction_type"]
        agreements += [
            (f"latent_channels of the {model} vae", channels, f"{key} of its unet", one.unet[key])
            for key in ("in_channels", "out_channels")
        ]
        agreements += [
            (f"hidden_size of the {model} text encoder", width, "its unet reads", reads),
            ("prediction_type allowed", "epsilon", f"of the {model} scheduler", predicts),
        ]
        agreements += ungiven(one.unet, f"of the {model} unet")
    for first, value, second, other in agreements:
        if value != other:
            raise CheckpointError(
                f"The checkpoints of pair '{name}' do not belong together: {first} is "
                f"{_short(value)}, but {second} is {_short(other)}."
            )
    return audio.schedule


def decode_difference(first: Any, second: Any, channels: int) -> float:
    """Returns the difference between the images that two autoencoders decode from a random latent.

    Args:
        first: A diffusers autoencoder.
        second: Another one.
        channels: Channels of their latents.

    Returns:
        The root mean square difference of images in [0, 1]. The latent is fixed.
    """
    latent = torch.randn(1, channels, 16, 16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        images = [decode_latents(vae, latent.to(vae.device)).cpu() for vae in (first, second)]
    return float((images[0] - images[1]).square().mean().sqrt())


def _short(value: Any) -> str:
    return reprlib.repr(value) if isinstance(value, list) else str(value)


def _doubts(recipe: Recipe, image: Path, audio: Path) -> list[str]:
    """Returns warnings about models that load but may be in the wrong role."""
    doubts = []
    if (image / "vocoder").is_dir():
        doubts.append(
            f"The image model {image} comes with a vocoder, like a spectrogram model; if it is "
            "one, its pictures will be spectrograms."
        )
    if recipe.audio.vocoder and not (audio / "vocoder").is_dir():
        doubts.append(
            f"The audio model {audio} comes without the vocoder that {recipe.audio.place} has; if "
            f"it was not trained on the canvas of pair '{recipe.name}', it will sound like noise."
        )
    if image.resolve() == audio.resolve():
        doubts.append(f"The image model and the audio model are the same: {image}.")
    return doubts


def _check_files(*folders: Path) -> None:
    for folder in folders:
        lacks = missing_description(folder / "tokenizer")
        if lacks:
            raise CheckpointError(f"The checkpoint file {folder / 'tokenizer' / lacks} is missing.")
        for part in ("unet", "vae", "text_encoder"):
            check_weights(folder / part, pickles=True)


def _load(folder: Path, part: str, device: str | torch.device, dtype: torch.dtype) -> Any:
    return load_part(folder / part, CLASSES[part], device, dtype, pickles=True)


def _load_vae(
    image_folder: Path,
    audio_folder: Path,
    device: str | torch.device,
    dtype: torch.dtype,
    on_warning: Callable[[str], None],
) -> Any:
    """Returns the autoencoder of the spectrogram model, whose decoding the sound depends on."""
    image, audio = (_load(one, "vae", device, dtype) for one in (image_folder, audio_folder))
    if not _same_weights(image, audio):
        difference = decode_difference(image, audio, audio.config.latent_channels)
        on_warning(
            "The autoencoders of the two models differ: their images of one random latent are "
            f"{difference:.3f} apart (root mean square, of 1); the audio model's is used."
        )
    return audio


def _load_texts(
    image: Path, audio: Path, device: str | torch.device, dtype: torch.dtype
) -> dict[str, Any]:
    """Returns the text encoders and tokenizers of both models, the same objects if equal."""
    encoders = [_load(folder, "text_encoder", device, dtype) for folder in (image, audio)]
    tokenizers = [_load(folder, "tokenizer", device, dtype) for folder in (image, audio)]
    same = _same_weights(*encoders) and _same_tokens(*tokenizers)
    return {
        "image_text_encoder": encoders[0],
        "image_tokenizer": tokenizers[0],
        "audio_text_encoder": encoders[0 if same else 1],
        "audio_tokenizer": tokenizers[0 if same else 1],
    }


def _same_tokens(first: Any, second: Any) -> bool:
    same_length = first.model_max_length == second.model_max_length
    return bool(
        same_length and first.backend_tokenizer.to_str() == second.backend_tokenizer.to_str()
    )


def _same_weights(first: torch.nn.Module, second: torch.nn.Module) -> bool:
    weights: tuple[dict[str, Tensor], dict[str, Tensor]] = (first.state_dict(), second.state_dict())
    return weights[0].keys() == weights[1].keys() and all(
        torch.equal(weight, weights[1][name]) for name, weight in weights[0].items()
    )
