"""The models of a pair as components of a pipeline: made, loaded, saved, moved."""

import dataclasses
import os
import shutil
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import diffusers
import torch
from transformers import CLIPTextModel, PreTrainedTokenizerBase

from sonocanvas.denoise import SCHEDULERS, make_scheduler
from sonocanvas.errors import CheckpointError, InvalidInputError, unknown
from sonocanvas.pairs.autoencoder import BlockAutoencoder
from sonocanvas.pairs.folder import check_pair, save_folder
from sonocanvas.pairs.hub import REPOSITORY, fetch_pair
from sonocanvas.pairs.mini import WEIGHTS
from sonocanvas.pairs.named import load_named
from sonocanvas.pairs.part_files import read_json, write_json
from sonocanvas.protocols import Vocoder
from sonocanvas.registry import PAIRS, build, split_pair
from sonocanvas.settings import Sampling, VocoderChoice
from sonocanvas.types import CanvasFormat, ModelPair, VocoderWeights
from sonocanvas.values import expanded

MODELS = ("vae", "image_unet", "audio_unet", "image_text_encoder", "audio_text_encoder")
CASTS = {
    torch.float16: "half",
    torch.bfloat16: "bfloat16",
    torch.float32: "float",
    torch.float64: "double",
}
"""Casts by the models' own methods, since diffusers' `to` warns without reason."""
FOUND_FILE, FOUND_BY = "pipeline.py", ["pipeline", "SavedPipeline"]
"""The file, and its class, by which diffusers' own `DiffusionPipeline` loads a folder."""


class PairPipeline(diffusers.DiffusionPipeline):  # type: ignore[misc]
    """The models of a pair as diffusers components, which can be loaded, saved and moved.

    The components are diffusers and transformers classes.

    Args:
        vae: The shared autoencoder.
        image_unet: The picture model.
        audio_unet: The spectrogram model.
        image_tokenizer, image_text_encoder: Tokenizer and text encoder of the picture model.
        audio_tokenizer, audio_text_encoder: Those of the spectrogram model; may be the same
            objects.
        scheduler: One of the classes in `denoise.SCHEDULERS`, with the schedule of both models.
        name: Name of the pair of models.
        canvas_format: What the canvas means as sound; required.
        latent_shape: `(channels, height, width)` of the latent of one canvas; required.
        crop_columns: Columns that the models leave empty at the right; dropped after decoding.
        closed_vocabulary: Whether words that the tokenizer lacks have no meaning to the models.
        licences: Licence of the weights, by part.
        vocoder: Plays the canvas; by default the vocoder of `vocoder_weights`, or Griffin-Lim
            without them.
        vocoder_weights: The vocoder that comes with the models and is saved with them.

    Raises:
        InvalidInputError: `canvas_format` or `latent_shape` is missing.
        CheckpointError: The parts are incompatible.
    """

    # The two models are called alternately, so with both in the chain each step would move one. The
    # picture model is therefore outside it: it is loaded at its first call and stays to the end.
    model_cpu_offload_seq = "image_text_encoder->audio_text_encoder->audio_unet->vae"

    def __init__(
        self,
        vae: diffusers.AutoencoderKL | diffusers.AutoencoderDC | BlockAutoencoder,
        image_unet: diffusers.UNet2DConditionModel,
        audio_unet: diffusers.UNet2DConditionModel,
        image_tokenizer: PreTrainedTokenizerBase,
        image_text_encoder: CLIPTextModel,
        audio_tokenizer: PreTrainedTokenizerBase,
        audio_text_encoder: CLIPTextModel,
        scheduler: diffusers.SchedulerMixin,
        name: str = "unnamed",
        canvas_format: CanvasFormat | Mapping[str, Any] | None = None,
        latent_shape: Sequence[int] = (),
        crop_columns: int = 0,
        closed_vocabulary: bool = False,
        licences: Mapping[str, str] | None = None,
        vocoder: Vocoder | None = None,
        vocoder_weights: VocoderWeights | None = None,
    ) -> None:
        super().__init__()
        if canvas_format is None or len(latent_shape) != 3:
            raise InvalidInputError(
                f"canvas_format is {canvas_format} and latent_shape is {tuple(latent_shape)}; give "
                "a CanvasFormat and (channels, height, width)."
            )
        if isinstance(canvas_format, CanvasFormat):
            canvas_format = dataclasses.asdict(canvas_format)
        self.register_modules(
            vae=vae,
            image_unet=image_unet,
            audio_unet=audio_unet,
            image_tokenizer=image_tokenizer,
            image_text_encoder=image_text_encoder,
            audio_tokenizer=audio_tokenizer,
            audio_text_encoder=audio_text_encoder,
            scheduler=scheduler,
        )
        self.register_to_config(
            name=name,
            canvas_format=dict(canvas_format),
            latent_shape=tuple(latent_shape),
            crop_columns=crop_columns,
            closed_vocabulary=closed_vocabulary,
            licences=dict(licences or {}),
        )
        self.vocoder_weights = vocoder_weights
        self.vocoder = vocoder or _default_vocoder(vocoder_weights)
        check_pair(self.pair)

    @classmethod
    def from_pair(
        cls,
        pair: ModelPair,
        scheduler: diffusers.SchedulerMixin | None = None,
        vocoder: Vocoder | None = None,
    ) -> Self:
        """Returns the pipeline of a pair; nothing is copied.

        Args:
            pair: The models.
            scheduler: A solver; by default the one of a run, on the pair's schedule.
            vocoder: Plays the canvas; see the class.
        """
        fields = {field.name: getattr(pair, field.name) for field in dataclasses.fields(pair)}
        weights, schedule = fields.pop("vocoder"), fields.pop("scheduler_config")
        del fields["window"]  # it belongs to a call, like a longer canvas
        solver = scheduler or make_scheduler(schedule, Sampling().scheduler)
        return cls(**fields, scheduler=solver, vocoder=vocoder, vocoder_weights=weights)

    @property
    def pair(self) -> ModelPair:
        """The models as the rest of the package passes them; the schedule is the scheduler's."""
        parts = {name: part for name, part in self.components.items() if name != "scheduler"}
        facts = dict(self.parameters)
        facts["canvas_format"] = CanvasFormat(**facts["canvas_format"])
        schedule = dict(self.scheduler.config)
        return ModelPair(scheduler_config=schedule, vocoder=self.vocoder_weights, **parts, **facts)

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | os.PathLike[str],
        *,
        dtype: torch.dtype | None = None,
        torch_dtype: torch.dtype | None = None,
        **models: Any,
    ) -> Self:
        """Returns the pipeline of a pair: a name such as `"mini"`, a folder or a Hub repository.

        It is on the CPU. Only safetensors and the classes in `pairs.folder.ALLOWED_CLASSES` are
        loaded; diffusers' own loader would also accept pickles and other classes. A folder is one
        that `save_pretrained` or `pairs.folder.save_folder` wrote.

        Args:
            pretrained_model_name_or_path: A name in `registry.PAIRS`, which has precedence over a
                folder of that name; a folder; or `OWNER/NAME` or `OWNER/NAME@REVISION` on the Hub.
            dtype: Dtype of the weights; float32 by default.
            torch_dtype: Older name of `dtype`.
            models: Arguments of `pairs.named.load_named`: `image_model`, `audio_model`,
                `image_lora`, `audio_lora`, the scales of the two, and `on_warning`.

        Raises:
            InvalidInputError: There is no such pair or folder, or it does not allow other models.
            CheckpointError: It cannot be downloaded, a file is missing or broken, a class is not
                allowed, or two parts are incompatible.
        """
        name, kind = str(pretrained_model_name_or_path), dtype or torch_dtype or torch.float32
        if name not in PAIRS and not name.startswith("local:"):
            here = expanded(name).is_dir()
            if not here and not REPOSITORY.fullmatch(name):
                raise unknown("pair or folder", name, PAIRS)
            tell = models.get("on_warning", warnings.warn)
            name = f"local:{name if here else fetch_pair(name, tell)}"
        pair = load_named(name, "cpu", kind, **models)
        folder = split_pair(name)[1]
        return cls.from_pair(pair, _saved_scheduler(folder, pair) if folder else None)

    def save_pretrained(
        self,
        save_directory: str | os.PathLike[str],
        safe_serialization: bool = True,
        variant: str | None = None,
        max_shard_size: str = "5GB",
    ) -> None:
        """Writes a folder that `from_pretrained`, `load_folder` and `local:FOLDER` read.

        Parts that both models share are written once. The rule and a vocoder without weights are
        choices of a call and are not saved.

        Args:
            save_directory: The folder; created if missing.
            safe_serialization: Must be `True`.
            variant: Must be `None`.
            max_shard_size: Largest size of a file of weights, such as `"15MB"`.

        Raises:
            InvalidInputError: Something other than plain safetensors is requested.
        """
        if not safe_serialization or variant is not None:
            raise InvalidInputError(
                f"safe_serialization is {safe_serialization} and variant is {variant}; only True "
                "and None are allowed: weights are safetensors of one variant."
            )
        plain = {name: _unwrapped(getattr(self, name)) for name in MODELS}
        dtype = plain["vae"].dtype
        for model in plain.values():
            dtype = torch.promote_types(dtype, model.dtype)
        folder = Path(save_directory)
        save_folder(dataclasses.replace(self.pair, **plain), folder, max_shard_size, dtype)
        index = read_json(folder / self.config_name)
        solver = ["diffusers", type(self.scheduler).__name__]
        made_by = {"_class_name": FOUND_BY, "_diffusers_version": diffusers.__version__}
        write_json(folder / self.config_name, made_by | index | {"scheduler": solver})
        shutil.copyfile(WEIGHTS / FOUND_FILE, folder / FOUND_FILE)

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Returns the pipeline with models and vocoder on a device, or models in a dtype, or both.

        Args:
            args: A device, a dtype, or a device and a dtype.
            kwargs: The same by diffusers' names.
        """
        given = (*args, *kwargs.values())
        dtype = next((one for one in given if isinstance(one, torch.dtype)), None)
        if dtype in CASTS:
            for name in MODELS:
                getattr(getattr(self, name), CASTS[dtype])()
            args = tuple(one for one in args if one is not dtype)
            kwargs.pop("dtype", None)
        super().to(*args, **kwargs)
        if self.vocoder_weights is not None:
            self._move_vocoder(self.vocoder_weights, self.device)
        return self

    def _move_vocoder(self, weights: VocoderWeights, device: torch.device) -> None:
        """Moves the vocoder that came with the models to a device; others stay where they are."""
        if all(tensor.device == device for tensor in weights.tensors.values()):
            return
        tensors = {name: tensor.to(device) for name, tensor in weights.tensors.items()}
        self.vocoder_weights = dataclasses.replace(weights, tensors=tensors)
        own: Any = self.vocoder
        if getattr(own, "weights", None) is weights:
            self.vocoder = dataclasses.replace(own, weights=self.vocoder_weights)

    @classmethod
    def from_pipe(cls, pipeline: diffusers.DiffusionPipeline, **kwargs: Any) -> Self:
        """Returns a pipeline with the components of another, as diffusers does, and its vocoder."""
        own = {name: getattr(pipeline, name, None) for name in ("vocoder", "vocoder_weights")}
        pipe: Self = super().from_pipe(pipeline, **(own | kwargs))
        return pipe

    def enable_sequential_cpu_offload(self, *args: Any, **kwargs: Any) -> None:
        """Moves each layer only while it is called, as diffusers does: least memory, and slow."""
        if (
            self.image_text_encoder is self.audio_text_encoder
        ):  # otherwise it is offloaded twice, which fails
            self._exclude_from_cpu_offload = ["image_text_encoder"]
        super().enable_sequential_cpu_offload(*args, **kwargs)

    def enable_vae_slicing(self) -> None:
        """Decodes canvas by canvas if the vae can, which saves memory for a batch."""
        self._switch_vae("enable", "slicing")

    def disable_vae_slicing(self) -> None:
        """Decodes the whole batch at once again."""
        self._switch_vae("disable", "slicing")

    def enable_vae_tiling(self) -> None:
        """Decodes tile by tile if the vae can, which saves memory for a large canvas."""
        self._switch_vae("enable", "tiling")

    def disable_vae_tiling(self) -> None:
        """Decodes the whole canvas at once again."""
        self._switch_vae("disable", "tiling")

    def _switch_vae(self, verb: str, what: str) -> None:
        if not hasattr(self.vae, f"use_{what}"):
            raise InvalidInputError(
                f"The vae is of {type(self.vae).__name__}, which has no {what}; AutoencoderKL and "
                "AutoencoderDC do."
            )
        getattr(self.vae, f"{verb}_{what}")()


def offloaded(pair: ModelPair, device: str) -> ModelPair:
    """Returns a pair whose models stay on the CPU and move to a device when they are called.

    This is done in place by `enable_model_cpu_offload`. During denoising both diffusion models are
    on the device, but not the text encoders nor, for the first canvas, the autoencoder. The vocoder
    is not moved.

    Args:
        pair: The models, which are changed.
        device: Device of the computation.
    """
    PairPipeline.from_pair(pair).enable_model_cpu_offload(device=device)
    return pair


def _default_vocoder(weights: VocoderWeights | None) -> Vocoder:
    """Returns the default vocoder of models with these weights, or without any."""
    parts = {} if weights is None else {"weights": weights}
    name = VocoderChoice().name if weights is None else weights.kind
    vocoder: Vocoder = build("vocoder", name, {}, **parts)
    return vocoder


def _saved_scheduler(folder: str, pair: ModelPair) -> diffusers.SchedulerMixin | None:
    """Returns the solver that `save_pretrained` recorded in a folder, or `None` without one.

    Raises:
        CheckpointError: Its class is not allowed.
    """
    index = expanded(folder) / "model_index.json"
    given = read_json(index).get("scheduler")
    if given is None:
        return None
    allowed = [class_name for class_name, _ in SCHEDULERS.values()]
    if given not in [["diffusers", class_name] for class_name in allowed]:
        raise CheckpointError(
            f"{index} gives scheduler as {given}; allowed from diffusers: {', '.join(allowed)}."
        )
    return getattr(diffusers, given[1]).from_config(pair.scheduler_config)


def _unwrapped(model: Any) -> Any:
    """Returns the model that `torch.compile` wrapped, or the model itself."""
    return getattr(model, "_orig_mod", model)
