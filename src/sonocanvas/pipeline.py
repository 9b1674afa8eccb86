"""The library's front door: both models as one of diffusers' pipelines."""

import dataclasses
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import diffusers
import numpy as np
import numpy.typing as npt
import torch
from diffusers.utils import BaseOutput
from diffusers.utils.torch_utils import randn_tensor
from PIL import Image
from torch import Tensor
from transformers import CLIPTextModel, PreTrainedTokenizerBase

from sonocanvas import canvas as canvases
from sonocanvas.config import RuleChoice, Sampling, VocoderChoice
from sonocanvas.denoise import (
    SCHEDULERS,
    Generators,
    check_sampling,
    denoise,
    make_scheduler,
)
from sonocanvas.errors import CheckpointError, InvalidInputError, unknown
from sonocanvas.media import FULL_SCALE
from sonocanvas.pairs.autoencoder import BlockAutoencoder
from sonocanvas.pairs.folder import check_pair, load_folder, save_folder
from sonocanvas.pairs.parts import read_json, write_json
from sonocanvas.pipeline_inputs import (
    check_count,
    check_guidance,
    check_noise,
    check_output,
    check_rule,
    read_prompts,
)
from sonocanvas.registry import PAIRS, build, load, split_pair
from sonocanvas.text import encode_prompts
from sonocanvas.types import (
    CanvasFormat,
    ModelPair,
    Prompts,
    Rule,
    TextEmbeddings,
    Vocoder,
    VocoderWeights,
)

Texts = str | Sequence[str]
OnStepEnd = Callable[[Any, int, Tensor, dict[str, Any]], dict[str, Any]]

SAMPLING = Sampling()
MODELS = ("vae", "image_unet", "audio_unet", "image_text_encoder", "audio_text_encoder")


@dataclass
class SonoCanvasOutput(BaseOutput):  # type: ignore[misc]
    """What a call of the pipeline makes; of `"latent"` only the first field is there.

    Attributes:
        images: RGB pictures: a list of PIL images, an array `(batch, height, width, 3)` or a
            tensor `(batch, 3, height, width)` in [0, 1], or the clean latents
            `(batch, channels, height, width)` in float32.
        canvases: What is played, in the 8 bits of a PNG: a list of gray PIL images, or an array
            or tensor `(batch, mels, frames)` in [0, 1]; row 0 is the highest frequency.
        waveforms: The canvases played: `(batch, samples)` float32 in [-1, 1], each scaled only
            if it would clip. A tensor for `"pt"`, or else an array.
        sample_rate_hz: Samples a second.
        gains_db: The gain that this scaling gave to each waveform, 0 or less.
    """

    images: list[Image.Image] | npt.NDArray[np.float32] | Tensor
    canvases: list[Image.Image] | npt.NDArray[np.float32] | Tensor | None = None
    waveforms: npt.NDArray[np.float32] | Tensor | None = None
    sample_rate_hz: int | None = None
    gains_db: list[float] | None = None


class SonoCanvasPipeline(diffusers.DiffusionPipeline):  # type: ignore[misc]
    """Two prompts to canvases that look like the one and sound like the other.

    The models are diffusers' and transformers' own; the loop is `denoise.denoise`. Load it by
    this class: `DiffusionPipeline.from_pretrained` does not know classes of other packages.

    Args:
        vae: The shared autoencoder.
        image_unet: The picture model.
        audio_unet: The spectrogram model.
        image_tokenizer, image_text_encoder: The picture model's reader of prompts.
        audio_tokenizer, audio_text_encoder: The spectrogram model's; may be the same objects.
        scheduler: One of the classes in `denoise.SCHEDULERS`, with the schedule of both models.
        name: Name of the pair of models.
        canvas_format: What the canvas means as sound; needed.
        latent_shape: `(channels, height, width)` of the latent of one canvas; needed.
        crop_columns: Columns that the models leave empty at the right; dropped after decoding.
        closed_vocabulary: Whether a word that the tokenizer does not hold means nothing.
        licences: Licence of the weights, by part.
        vocoder: What plays the canvas; by default the one of the `vocoder_weights`, or Griffin-Lim
            where there are none. It stays on the device where it was made.
        vocoder_weights: The vocoder that came with the models, saved with them.

    Raises:
        InvalidInputError: `canvas_format` or `latent_shape` is missing.
        CheckpointError: The parts do not belong together.

    Example:
        >>> pipe = SonoCanvasPipeline.from_pretrained("mini")  # doctest: +SKIP
        >>> made = pipe("a castle with towers", "tubular bells tolling")  # doctest: +SKIP
        >>> made.canvases[0].save("castle.png")  # doctest: +SKIP
    """

    # The two models are called by turns: were both in the chain, each step would move one. So
    # the picture model waits outside it, comes when it is first called and stays to the end.
    model_cpu_offload_seq = "image_text_encoder->audio_text_encoder->audio_unet->vae"
    _callback_tensor_inputs = ("latents",)

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
            vocoder: What plays the canvas; see the class.
        """
        fields = {field.name: getattr(pair, field.name) for field in dataclasses.fields(pair)}
        weights, schedule = fields.pop("vocoder"), fields.pop("scheduler_config")
        solver = scheduler or make_scheduler(schedule, SAMPLING.scheduler)
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
    ) -> Self:
        """Returns the pipeline of a pair on the menu, such as `"mini"`, or of a folder, on the CPU.

        Only safetensors are read from a folder and only the classes in
        `pairs.folder.ALLOWED_CLASSES` are made: diffusers' own loader would also take pickles and
        other classes. The folder is what `save_pretrained` or `pairs.folder.save_folder` wrote.

        Args:
            pretrained_model_name_or_path: A name in `registry.PAIRS`, which goes before a folder
                of that name, or a folder.
            dtype: Type of the weights; float32 by default.
            torch_dtype: The same by its older name.

        Raises:
            InvalidInputError: There is no such pair or folder.
            CheckpointError: A file is missing or broken, a class is not allowed, or two parts do
                not belong together.
        """
        name, kind = str(pretrained_model_name_or_path), dtype or torch_dtype or torch.float32
        if name in PAIRS or name.startswith("local:"):
            entry, inside = split_pair(name)
            options = {"folder": inside} if inside else {}
            return cls.from_pair(load("pair", entry)("cpu", kind, **options))
        folder = Path(name).expanduser()
        if not folder.is_dir():
            raise unknown("pair or folder", name, PAIRS)
        pair = load_folder(folder, "cpu", kind)
        return cls.from_pair(pair, _saved_scheduler(folder, pair.scheduler_config))

    def save_pretrained(
        self,
        save_directory: str | os.PathLike[str],
        safe_serialization: bool = True,
        variant: str | None = None,
        max_shard_size: str = "5GB",
    ) -> None:
        """Writes a folder that `from_pretrained`, `load_folder` and `local:FOLDER` read.

        What both models share is written once. The rule, and a vocoder without weights, are
        choices of a call and are not saved.

        Args:
            save_directory: Where to; made if it is missing.
            safe_serialization: Only `True` is allowed.
            variant: Only `None` is allowed.
            max_shard_size: Largest file of weights, such as `"15MB"`.

        Raises:
            InvalidInputError: Something else than plain safetensors is asked for.
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
        made_by = {"_class_name": type(self).__name__, "_diffusers_version": diffusers.__version__}
        write_json(folder / self.config_name, made_by | index | {"scheduler": solver})

    @torch.no_grad()
    def __call__(
        self,
        image_prompt: Texts,
        audio_prompt: Texts,
        negative_image_prompt: Texts = "",
        negative_audio_prompt: Texts = "",
        num_inference_steps: int = SAMPLING.steps,
        image_guidance_scale: float = SAMPLING.image_guidance_scale,
        audio_guidance_scale: float = SAMPLING.audio_guidance_scale,
        rule: Rule | None = None,
        num_images_per_prompt: int = 1,
        generator: Generators | None = None,
        latents: Tensor | None = None,
        eta: float = SAMPLING.eta,
        output_type: str = "pil",
        return_dict: bool = True,
        callback_on_step_end: OnStepEnd | None = None,
        callback_on_step_end_tensor_inputs: Sequence[str] = ("latents",),
    ) -> SonoCanvasOutput | tuple[Any, ...]:
        """Returns canvases as pictures and as sound.

        With `generator=[torch.Generator().manual_seed(seed)]` the latents are those that
        `generate` makes of that seed.

        Args:
            image_prompt: What the canvas should look like: one text, or a list of the batch.
            audio_prompt: What it should sound like; lists are of equal length, and one text
                beside a list holds for all of it.
            negative_image_prompt: What it should not look like.
            negative_audio_prompt: What it should not sound like.
            num_inference_steps: Number of denoising steps.
            image_guidance_scale: Classifier-free guidance of the picture model.
            audio_guidance_scale: The spectrogram model's.
            rule: What mixes the two models; by default the mean after a warm start.
            num_images_per_prompt: Canvases of each pair of prompts, one after the other.
            generator: What draws the noise: one for the batch or a list with one for each canvas;
                by default torch's own on the CPU.
            latents: Instead of the first noise: `(batch, channels, height, width)` unit noise.
            eta: Share of fresh noise in each step, in [0, 1]; only DDIM takes it.
            output_type: `"pil"`, `"np"`, `"pt"` or, neither decoded nor played, `"latent"`.
            return_dict: Whether a `SonoCanvasOutput` is returned, or a tuple of its fields.
            callback_on_step_end: Called as `callback(pipe, step, timestep, tensors)` after each
                step; `latents` in the dict that it returns take the place of the noisy latents.
            callback_on_step_end_tensor_inputs: Names of the tensors it gets: `latents` or none.

        Raises:
            InvalidInputError: A value cannot be used; nothing is computed then.
            SonoCanvasError: The latents stopped being finite numbers.
        """
        # 1. Check what was given, before anything heavy.
        rule = _default_rule() if rule is None else rule
        callback = callback_on_step_end
        wanted = getattr(callback, "tensor_inputs", callback_on_step_end_tensor_inputs)
        prompts = read_prompts(
            image_prompt, audio_prompt, negative_image_prompt, negative_audio_prompt
        )
        check_count("num_images_per_prompt", num_images_per_prompt)
        shape = (len(prompts) * num_images_per_prompt, *self.config.latent_shape)
        self.check_inputs(
            shape,
            num_inference_steps,
            image_guidance_scale,
            audio_guidance_scale,
            rule,
            generator,
            latents,
            eta,
            output_type,
            callback,
            wanted,
        )

        # 2. Encode the prompts, each once.
        pair = self.pair
        embeddings = _encode(pair, prompts, num_images_per_prompt)

        # 3. Draw the first noise, in float32 whatever the type of the weights.
        generator = torch.default_generator if generator is None else generator
        device = self._execution_device
        if latents is None:
            latents = randn_tensor(shape, generator, device, torch.float32)

        # 4. Denoise: the package's one loop.
        with self.progress_bar(total=num_inference_steps) as progress_bar:
            latents = denoise(
                pair,
                embeddings,
                latents,
                self.scheduler,
                rule,
                steps=num_inference_steps,
                image_guidance_scale=image_guidance_scale,
                audio_guidance_scale=audio_guidance_scale,
                eta=eta,
                generator=generator,
                device=device,
                on_step=lambda *_: progress_bar.update(),
                on_step_end=self._on_step_end(callback, wanted),
            )

        # 5. Decode and play.
        output = self._finished(latents, output_type)

        # 6. Offload all models.
        self.maybe_free_model_hooks()
        return output if return_dict else output.to_tuple()

    def check_inputs(
        self,
        shape: tuple[int, ...],
        num_inference_steps: int,
        image_guidance_scale: float,
        audio_guidance_scale: float,
        rule: Rule,
        generator: Generators | None,
        latents: Tensor | None,
        eta: float,
        output_type: str,
        callback_on_step_end: OnStepEnd | None,
        callback_on_step_end_tensor_inputs: Sequence[str],
    ) -> None:
        """Checks what a call was given beside the prompts; `shape` is that of its latents.

        Raises:
            InvalidInputError: A value is not allowed.
        """
        check_sampling(self.scheduler, num_inference_steps, eta)
        check_guidance("image_guidance_scale", image_guidance_scale)
        check_guidance("audio_guidance_scale", audio_guidance_scale)
        check_rule(rule)
        check_noise(shape, generator, latents)
        wanted, allowed = callback_on_step_end_tensor_inputs, self._callback_tensor_inputs
        check_output(output_type, callback_on_step_end, wanted, allowed)

    @classmethod
    def from_pipe(cls, pipeline: diffusers.DiffusionPipeline, **kwargs: Any) -> Self:
        """Returns a pipeline with the components of another, as diffusers does, and its vocoder."""
        own = {name: getattr(pipeline, name, None) for name in ("vocoder", "vocoder_weights")}
        pipe: Self = super().from_pipe(pipeline, **(own | kwargs))
        return pipe

    def enable_vae_slicing(self) -> None:
        """Decodes canvas by canvas, where the vae can: less memory for a batch."""
        self._switch_vae("enable", "slicing")

    def disable_vae_slicing(self) -> None:
        """Decodes the whole batch at once again."""
        self._switch_vae("disable", "slicing")

    def enable_vae_tiling(self) -> None:
        """Decodes tile by tile, where the vae can: less memory for a large canvas."""
        self._switch_vae("enable", "tiling")

    def disable_vae_tiling(self) -> None:
        """Decodes the whole canvas at once again."""
        self._switch_vae("disable", "tiling")

    def _switch_vae(self, verb: str, what: str) -> None:
        if not hasattr(self.vae, f"use_{what}"):
            raise InvalidInputError(
                f"The vae is of {type(self.vae).__name__}, which has no {what}; AutoencoderKL and "
                "AutoencoderDC have."
            )
        getattr(self.vae, f"{verb}_{what}")()

    def _on_step_end(
        self, callback: OnStepEnd | None, wanted: Sequence[str]
    ) -> Callable[[int, Tensor, Tensor], Tensor] | None:
        """Returns what the loop calls after a step, for what the user wants to be called."""
        if callback is None:
            return None

        def changed(index: int, timestep: Tensor, latents: Tensor) -> Tensor:
            given = {"latents": latents} if wanted else {}
            now: Tensor = (callback(self, index, timestep, given) or {}).get("latents", latents)
            if now.shape != latents.shape:
                raise InvalidInputError(
                    f"The callback returned latents {tuple(now.shape)}; they must stay "
                    f"{tuple(latents.shape)}."
                )
            return now

        return changed

    def _finished(self, latents: Tensor, output_type: str) -> SonoCanvasOutput:
        """Returns clean latents decoded and played; what is played is the canvas in 8 bits."""
        if output_type == "latent":
            return SonoCanvasOutput(images=latents)
        if hasattr(self.vae, "_hf_hook"):  # accelerate's: decoding is not its `forward`
            self.vae._hf_hook.pre_forward(self.vae)
        else:
            latents = latents.to(self.vae.device)
        image = canvases.decode_latents(self.vae, latents).cpu()
        image = image[..., : image.shape[-1] - self.config.crop_columns]
        gray = [canvases.canvas_to_bytes(one) for one in canvases.image_to_canvas(image)]
        canvas = torch.stack([canvases.bytes_to_canvas(one) for one in gray])
        played = self.vocoder(canvas, CanvasFormat(**self.config.canvas_format))
        sound, gains_db = _unclipped(played.samples)
        facts: dict[str, Any] = {"sample_rate_hz": played.sample_rate_hz, "gains_db": gains_db}
        if output_type == "pt":
            return SonoCanvasOutput(image, canvas, sound, **facts)
        colours = image.permute(0, 2, 3, 1).numpy()
        if output_type == "np":
            return SonoCanvasOutput(colours, canvas.numpy(), sound.numpy(), **facts)
        drawn = [Image.fromarray(one) for one in gray]
        return SonoCanvasOutput(self.numpy_to_pil(colours), drawn, sound.numpy(), **facts)


def _default_rule() -> Rule:
    """Returns the rule of a run that names none, after its warm start."""
    rule: Rule = build("wrapper", "warm_start", {}, rule=build("rule", RuleChoice().name, {}))
    return rule


def _default_vocoder(weights: VocoderWeights | None) -> Vocoder:
    """Returns the vocoder of models that come with these weights, or with none."""
    parts = {} if weights is None else {"weights": weights}
    name = VocoderChoice().name if weights is None else weights.kind
    vocoder: Vocoder = build("vocoder", name, {}, **parts)
    return vocoder


def _unclipped(samples: Tensor) -> tuple[Tensor, list[float]]:
    """Returns sound `(batch, samples)` that fits into 16 bits, and the gain of each in dB."""
    limit = (FULL_SCALE - 1) / FULL_SCALE
    gains = limit / samples.abs().amax(dim=1, keepdim=True).clamp(min=limit)
    return (samples * gains).cpu(), (20 * gains[:, 0].log10()).tolist()


def _saved_scheduler(folder: Path, config: dict[str, Any]) -> diffusers.SchedulerMixin | None:
    """Returns the solver that `save_pretrained` recorded in a folder, if it is one of its own.

    Raises:
        CheckpointError: It is of a class that is not allowed.
    """
    given = read_json(folder / "model_index.json").get("scheduler")
    if given is None:
        return None
    allowed = [class_name for class_name, _ in SCHEDULERS.values()]
    if given not in [["diffusers", class_name] for class_name in allowed]:
        raise CheckpointError(
            f"{folder / 'model_index.json'} gives scheduler as {given}; allowed of diffusers: "
            f"{', '.join(allowed)}."
        )
    return getattr(diffusers, given[1]).from_config(config)


def _unwrapped(model: Any) -> Any:
    """Returns the model that `torch.compile` wrapped, or the model itself."""
    return getattr(model, "_orig_mod", model)


def _encode(pair: ModelPair, prompts: Sequence[Prompts], copies: int) -> TextEmbeddings:
    """Returns the embeddings `(prompts * copies, tokens, width)`, and warns of unknown words."""
    encoded: dict[Prompts, TextEmbeddings] = {}
    for one in dict.fromkeys(prompts):
        encoded[one], sentences = encode_prompts(pair, one)
        for sentence in sentences:
            warnings.warn(sentence, stacklevel=4)
    rows = [encoded[one] for one in prompts for _ in range(copies)]
    names = [field.name for field in dataclasses.fields(TextEmbeddings)]
    return TextEmbeddings(
        **{name: torch.cat([getattr(row, name) for row in rows]) for name in names}
    )
