"""`sds`: optimises one canvas until both models accept it as theirs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from sonocanvas.canvas import canvas_to_image, encode_image
from sonocanvas.compose.warm_start import first_step
from sonocanvas.config import RunConfig
from sonocanvas.errors import InvalidInputError, unknown
from sonocanvas.finish import finish_image
from sonocanvas.methods.compose import read_scene
from sonocanvas.methods.deepfloyd import load_teacher
from sonocanvas.methods.distillation import Teacher, distil, pair_teacher
from sonocanvas.methods.surfaces import SURFACES
from sonocanvas.protocols import OnStep, OnWarning, Reads
from sonocanvas.types import ModelPair, Sample

OWN_MODEL = (
    "The picture's loss came from the pair's own picture model; the paper takes it from DeepFloyd "
    "IF, which method.if_model names."
)


@dataclass(frozen=True)
class Sds:
    """Score distillation of one image by both models, a variant of the paper's by default.

    The baseline of Chen, Geng and Owens 2024 takes the picture's loss from DeepFloyd IF, which is
    gated. Ours uses the pair's own picture model and records that; `if_model` uses IF as the paper
    does. Of the run's sampling, only the guidance scales are used.

    Attributes:
        steps: Steps of AdamW.
        learning_rate: Learning rate of AdamW.
        weight_decay: Decoupled weight decay of AdamW.
        surface: What is optimised: `pyramid`, a sum of pictures of all sizes; `pixels`; or
            `fourier`, the paper's network from pixel positions to gray.
        image_weight: Weight of the picture's loss.
        audio_weight: Weight of the sound's loss.
        image_start: Time in (0, 1] from which the picture's loss is used, 1 being the first step;
            before that only the sound's is.
        crops: Number of random squares along the width that the picture model sees in each step; 0
            for the whole canvas once.
        if_model: Folder of the first stage of DeepFloyd IF in diffusers' layout, for the picture's
            loss; it sees squares.

    Raises:
        InvalidInputError: An option is out of range.
    """

    reads: ClassVar[Reads] = {
        "sampling": {"image_guidance_scale", "audio_guidance_scale", "dtype"},
        "duration_s": True,
    }

    steps: int = 150
    learning_rate: float = 0.2
    weight_decay: float = 0.0
    surface: str = "pyramid"
    image_weight: float = 0.4
    audio_weight: float = 1.0
    image_start: float = 0.875
    crops: int = 0
    if_model: str = ""

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise InvalidInputError(f"steps must be 1 or more, not {self.steps}.")
        for name in ("learning_rate", "audio_weight"):
            if not getattr(self, name) > 0.0:
                raise InvalidInputError(f"{name} must be above 0, not {getattr(self, name)}.")
        for name in ("weight_decay", "image_weight", "crops"):
            if not getattr(self, name) >= 0.0:
                raise InvalidInputError(f"{name} must be 0 or more, not {getattr(self, name)}.")
        if not 0.0 < self.image_start <= 1.0:
            raise InvalidInputError(f"image_start must be in (0, 1], not {self.image_start}.")
        if self.surface not in SURFACES:
            raise unknown("surface", self.surface, SURFACES)
        if self.if_model and not self.crops:
            raise InvalidInputError("crops must be 1 or more with if_model, not 0.")

    def __call__(
        self,
        config: RunConfig,
        pair: ModelPair,
        chunks: Sequence[Sequence[int]],
        on_step: OnStep | None,
        on_warning: OnWarning,
    ) -> Iterator[Sample]:
        """Yields the sample of each seed; seeds are not batched.

        Its image is the gray canvas, and its latent is that image encoded by the pair.
        """
        prompts, drawn, sentences = read_scene(config, pair, on_warning)
        scales = (config.sampling.image_guidance_scale, config.sampling.audio_guidance_scale)
        if self.if_model:
            device, dtype = pair.image_unet.device, pair.image_unet.dtype
            picture = load_teacher(self.if_model, prompts, scales[0], self.crops, device, dtype)
            note = f"The picture's loss came from '{self.if_model}', under that model's licence."
        else:
            picture = pair_teacher(pair, drawn.of_model("image"), scales[0], self.crops)
            note = OWN_MODEL
        sound = pair_teacher(pair, drawn.of_model("audio"), scales[1])
        for seed in (seed for chunk in chunks for seed in chunk):
            whole = canvas_to_image(self._canvas(pair, picture, sound, seed, on_step))
            with torch.no_grad():
                latent = encode_image(pair.vae, whole)[0]
            image = whole[0, ..., : whole.shape[-1] - pair.crop_columns].cpu()
            yield finish_image(config, pair, prompts, seed, image, latent, [*sentences, note])

    def _canvas(
        self, pair: ModelPair, picture: Teacher, sound: Teacher, seed: int, on_step: OnStep | None
    ) -> Tensor:
        """Returns the canvas `(1, height, width)` that both teachers agree on."""
        generator = torch.Generator().manual_seed(seed)
        _, rows, columns = pair.latent_shape
        height = pair.canvas_format.mels
        surface = SURFACES[self.surface](height, columns * height // rows, generator)
        surface.to(pair.audio_unet.device)
        optimizer = torch.optim.AdamW(
            surface.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay
        )
        joins = first_step(self.image_start, self.steps)
        for index in range(self.steps):
            image = canvas_to_image(surface())
            heard, step, clean = distil(sound, image, generator, index, self.steps)
            loss = self.audio_weight * heard
            if index >= joins and self.image_weight:
                loss = loss + self.image_weight * distil(picture, image, generator)[0]
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            if on_step is not None:
                on_step(step, clean)
        canvas: Tensor = surface().detach()
        return canvas
