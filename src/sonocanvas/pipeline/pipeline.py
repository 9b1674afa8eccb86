"""The library's front door: both models as one of diffusers' pipelines."""

import dataclasses
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import torch
from diffusers.utils.torch_utils import randn_tensor
from torch import Tensor

from sonocanvas.denoise import Generators, check_sampling, denoise
from sonocanvas.errors import InvalidInputError
from sonocanvas.pipeline.inputs import (
    check_count,
    check_guidance,
    check_interval,
    check_noise,
    check_output,
    check_rule,
    check_share,
    read_prompts,
)
from sonocanvas.pipeline.layers import compose_given, read_audio, read_image
from sonocanvas.pipeline.models import PairPipeline
from sonocanvas.pipeline.output import SonoCanvasOutput, finish
from sonocanvas.protocols import Rule
from sonocanvas.registry import build
from sonocanvas.scene.layers import STRENGTH
from sonocanvas.scene.placing import resized
from sonocanvas.settings import RuleChoice, Sampling, check_duration
from sonocanvas.text import encode_prompts
from sonocanvas.types import ModelPair, Prompts, TextEmbeddings

Texts = str | Sequence[str]
OnStepEnd = Callable[[Any, int, Tensor, dict[str, Any]], dict[str, Any]]

SAMPLING = Sampling()
UNREAD = "a"
"""Placeholder for a prompt that no model draws, since given content replaces it."""


class SonoCanvasPipeline(PairPipeline):
    """Turns two prompts into canvases that look like one and sound like the other.

    `PairPipeline` describes the models and how to load them; the loop is `denoise.denoise`.

    Example:
        >>> pipe = SonoCanvasPipeline.from_pretrained("mini")  # doctest: +SKIP
        >>> made = pipe("a castle with towers", "tubular bells tolling")  # doctest: +SKIP
        >>> made.canvases[0].save("castle.png")  # doctest: +SKIP
    """

    _callback_tensor_inputs = ("latents",)
    _interrupt = False
    _num_timesteps = 0

    @property
    def interrupt(self) -> bool:
        """Whether the call ends before its next step: diffusers' `_interrupt`."""
        return self._interrupt

    @property
    def num_timesteps(self) -> int:
        """Number of steps of the last call."""
        return self._num_timesteps

    @torch.no_grad()
    def __call__(
        self,
        image_prompt: Texts | None = None,
        audio_prompt: Texts | None = None,
        negative_image_prompt: Texts = "",
        negative_audio_prompt: Texts = "",
        num_inference_steps: int = SAMPLING.steps,
        image_guidance_scale: float = SAMPLING.image_guidance_scale,
        audio_guidance_scale: float = SAMPLING.audio_guidance_scale,
        guidance_interval: tuple[float, float] = SAMPLING.guidance_interval,
        rule: Rule | None = None,
        image: Any = None,
        audio: Any = None,
        mask: Any = None,
        strength: float = STRENGTH,
        duration_s: float = 0.0,
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

        With `generator=[torch.Generator().manual_seed(seed)]` the latents equal those of `generate`
        for that seed.

        Args:
            image_prompt: What the canvas should look like: one text, or a list for the batch; may
                be omitted if `image` is given.
            audio_prompt: What it should sound like; may be omitted if `audio` is given. Lists must
                have the same length; a single text next to a list applies to all of it.
            negative_image_prompt: What it should not look like.
            negative_audio_prompt: What it should not sound like.
            num_inference_steps: Number of denoising steps.
            image_guidance_scale: Classifier-free guidance of the picture model.
            audio_guidance_scale: The same for the spectrogram model.
            guidance_interval: Fractions of the steps between which guidance is on.
            rule: Mixes the two models; by default the mean after a warm start.
            image: A picture to keep: a PIL image, or an array or tensor `(height, width)` or
                `(height, width, 3)` in [0, 1]. Without an image prompt no model draws over it.
            audio: A sound to keep: an array or tensor `(samples,)` at the sample rate of the
                pair's canvas. Without an audio prompt no model draws over it.
            mask: Where the image is used, `(height, width)` in [0, 1] or a gray PIL image; by
                default where it is opaque.
            strength: How much of the two to keep, from 0 to 1 (all of it).
            duration_s: Length of the canvas in seconds, from 2 to 600; 0 for the pair's own.
            num_images_per_prompt: Canvases per pair of prompts, in sequence.
            generator: Draws the noise: one for the batch, or a list with one per canvas; by
                default torch's own on the CPU.
            latents: Initial unit noise `(batch, channels, height, width)` to use instead.
            eta: Share of fresh noise in each step, in [0, 1]; must be 0 unless the solver is DDIM.
            output_type: `"pil"`, `"np"`, `"pt"`, or `"latent"` to skip decoding and playing.
            return_dict: Whether to return a `SonoCanvasOutput` rather than a tuple of its fields.
            callback_on_step_end: Called as `callback(pipe, step, timestep, tensors)` after each
                step. `latents` in the dict that it returns replace the noisy latents, and
                `pipe._interrupt = True` ends the loop.
            callback_on_step_end_tensor_inputs: Names of the tensors it gets: `latents` or none.

        Raises:
            InvalidInputError: A value is not valid; raised before any computation.
            SonoCanvasError: The latents are no longer finite.
        """
        # 1. Check the inputs before any heavy work.
        rule = _default_rule() if rule is None else rule
        callback = callback_on_step_end
        wanted = getattr(callback, "tensor_inputs", callback_on_step_end_tensor_inputs)
        pair = resized(self.pair, check_duration(duration_s))
        kept = {"image": image, "audio": audio}
        texts = {"image": image_prompt, "audio": audio_prompt}
        drawn_by = {model: texts[model] is not None for model in texts}
        for model in texts:
            if kept[model] is not None and not drawn_by[model]:
                texts[model] = UNREAD
        prompts = read_prompts(
            texts["image"], texts["audio"], negative_image_prompt, negative_audio_prompt
        )
        check_share("strength", strength)
        given = {} if image is None else {"image": read_image(image, mask)}
        given |= {} if audio is None else {"audio": read_audio(audio, pair.canvas_format)}
        check_count("num_images_per_prompt", num_images_per_prompt)
        shape = (len(prompts) * num_images_per_prompt, *pair.latent_shape)
        self.check_inputs(
            shape,
            num_inference_steps,
            image_guidance_scale,
            audio_guidance_scale,
            guidance_interval,
            rule,
            generator,
            latents,
            eta,
            output_type,
            callback,
            wanted,
        )

        self._interrupt, self._num_timesteps = False, num_inference_steps

        # 2. Encode each prompt once.
        device = self._execution_device
        embeddings = _encode(pair, prompts, num_images_per_prompt, device)
        drawn = compose_given(embeddings, given, drawn_by, strength, pair)

        # 3. Draw the initial noise, in float32 whatever the dtype of the weights.
        generator = torch.default_generator if generator is None else generator
        if latents is None:
            latents = randn_tensor(shape, generator, device, torch.float32)

        # 4. Denoise with the package's only loop.
        with self.progress_bar(total=num_inference_steps) as progress_bar:
            latents = denoise(
                pair,
                drawn,
                latents,
                self.scheduler,
                rule,
                steps=num_inference_steps,
                image_guidance_scale=image_guidance_scale,
                audio_guidance_scale=audio_guidance_scale,
                guidance_interval=guidance_interval,
                eta=eta,
                generator=generator,
                device=device,
                on_step=lambda *_: progress_bar.update(),
                on_step_end=self._on_step_end(callback, wanted),
                interrupted=lambda: self.interrupt,
            )

        # 5. Decode and play.
        output = finish(self, latents, output_type, pair.crop_columns, drawn.pinned)

        # 6. Offload all models.
        self.maybe_free_model_hooks()
        return output if return_dict else output.to_tuple()

    def check_inputs(
        self,
        shape: tuple[int, ...],
        num_inference_steps: int,
        image_guidance_scale: float,
        audio_guidance_scale: float,
        guidance_interval: tuple[float, float],
        rule: Rule,
        generator: Generators | None,
        latents: Tensor | None,
        eta: float,
        output_type: str,
        callback_on_step_end: OnStepEnd | None,
        callback_on_step_end_tensor_inputs: Sequence[str],
    ) -> None:
        """Checks the inputs of a call other than the prompts; `shape` is that of its latents.

        Raises:
            InvalidInputError: A value is not allowed.
        """
        check_sampling(self.scheduler, num_inference_steps, eta)
        check_guidance("image_guidance_scale", image_guidance_scale)
        check_guidance("audio_guidance_scale", audio_guidance_scale)
        check_interval(guidance_interval)
        check_rule(rule)
        check_noise(shape, generator, latents)
        wanted, allowed = callback_on_step_end_tensor_inputs, self._callback_tensor_inputs
        check_output(output_type, callback_on_step_end, wanted, allowed)

    def _on_step_end(
        self, callback: OnStepEnd | None, wanted: Sequence[str]
    ) -> Callable[[int, Tensor, Tensor], Tensor] | None:
        """Returns the loop's callback after a step, which wraps the user's callback."""
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


def _default_rule() -> Rule:
    """Returns the default rule of a run, after its warm start."""
    rule: Rule = build("wrapper", "warm_start", {}, rule=build("rule", RuleChoice().name, {}))
    return rule


def _encode(
    pair: ModelPair, prompts: Sequence[Prompts], copies: int, device: torch.device
) -> TextEmbeddings:
    """Returns the embeddings `(prompts * copies, tokens, width)`, and warns of unknown words."""
    encoded: dict[Prompts, TextEmbeddings] = {}
    for one in dict.fromkeys(prompts):
        encoded[one], sentences = encode_prompts(pair, one, device)
        for sentence in sentences:
            warnings.warn(sentence, stacklevel=4)
    rows = [encoded[one] for one in prompts for _ in range(copies)]
    names = [field.name for field in dataclasses.fields(TextEmbeddings)]
    return TextEmbeddings(
        **{name: torch.cat([getattr(row, name) for row in rows]) for name in names}
    )
