"""Chroma for a fixed gray: the base of the generating colourisers.

A picture consists of its gray, the channel mean, and its chroma, the differences of the channels
from it. Gray is the canvas and never changes. Chroma is generated (Geng, Park and Owens,
"Factorized Diffusion", 2024) and reduced where the picture would leave the gamut.
"""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from sonocanvas.denoise import denoise, make_scheduler
from sonocanvas.errors import InvalidInputError
from sonocanvas.protocols import OnStep
from sonocanvas.types import ModelPair, Sample, Step, TextEmbeddings

COLOURLESS = re.compile(r"gr[ae]y(scale)?|black and white|monochrome|(in )?lithograph style", re.I)
MEDIUM = re.compile(r"^an? (painting|drawing|sketch|lithograph|photo|picture) of ", re.I)


def colourful_prompt(prompt: str) -> str:
    """Returns an image prompt adapted to colour, without the words that ask for gray.

    Example:
        >>> colourful_prompt("a painting of castle towers, grayscale")
        'a colorful photo of castle towers'
    """
    parts = [part.strip() for part in prompt.split(",")]
    kept = ", ".join(part for part in parts if part and not COLOURLESS.fullmatch(part))
    return f"a colorful photo of {MEDIUM.sub('', kept or prompt)}"


@dataclass(frozen=True)
class Chroma:
    """Options of a colouriser that generates.

    Attributes:
        prompt: What the colours should show; empty for `colourful_prompt` of the image prompt.
        samples: Pictures per canvas, 1 to 100.
        seed: Seed of the first picture's noise; further pictures have the following seeds.
        steps: Steps of DDIM.
        guidance_scale: Classifier-free guidance.
        start_step: Before this step, the gray canvas is used as the clean picture.
    """

    name: ClassVar[str]
    prompt: str = ""
    samples: int = 1
    seed: int = 0
    steps: int = 30
    guidance_scale: float = 10.0
    start_step: int = 7

    def __post_init__(self) -> None:
        limits = {
            "samples": (1, 100),
            "seed": (0, 2**62),
            "steps": (1, 999),
            "guidance_scale": (0, 100),
            "start_step": (0, self.steps - 1),
        }
        for name, (least, most) in limits.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise InvalidInputError(f"{name} must be from {least} to {most}, not {value}.")

    @property
    def record(self) -> dict[str, Any]:
        """The record that is saved with the pictures: name and options."""
        return {"name": self.name, **asdict(self)}

    @property
    def seeds(self) -> range:
        """The seed of each picture."""
        return range(self.seed, self.seed + self.samples)

    def prompt_for(self, sample: Sample) -> str:
        """Returns the prompt that a sample is coloured with."""
        return self.prompt or colourful_prompt(sample.prompts.image)

    def denoised(
        self,
        pair: ModelPair,
        embeddings: TextEmbeddings,
        rule: "KeepGray",
        seed: int,
        on_step: OnStep | None,
    ) -> Tensor:
        """Returns a picture `(1, 3, height, width)` in [0, 1] from a picture model.

        Args:
            pair: The pair whose image model is sampled.
            embeddings: The embedding of the prompt for that model.
            rule: Keeps the gray, and determines the size.
            seed: Seed of the noise.
            on_step: Called after each step.
        """
        generator = torch.Generator().manual_seed(seed)
        latents = denoise(
            pair,
            embeddings,
            torch.randn((1, *pair.latent_shape), generator=generator),
            make_scheduler(pair.scheduler_config),
            rule,
            steps=self.steps,
            image_guidance_scale=self.guidance_scale,
            audio_guidance_scale=1.0,
            on_step=on_step,
        )
        with torch.no_grad():
            return rule.decode(latents).float().cpu()


@dataclass(frozen=True)
class KeepGray:
    """A rule for the picture model alone that keeps the gray of each predicted clean picture.

    The prediction is decoded, its gray is replaced, and it is encoded again; the noise follows.

    Attributes:
        gray: `(1, height, width)` in [0, 1].
        decode: Maps latents to pictures `(batch, 3, height, width)` in [0, 1].
        encode: Maps pictures to latents.
        start_step: Before this step the prediction is the gray picture, and no model is evaluated.
    """

    gray: Tensor
    decode: Callable[[Tensor], Tensor]
    encode: Callable[[Tensor], Tensor]
    start_step: int = 0

    def needs(self, step: Step) -> tuple[bool, bool]:
        """Returns whether this step needs the (image, audio) model."""
        return step.index >= self.start_step, False

    def __call__(self, image_noise: Any, audio_noise: Any, step: Step) -> Tensor:
        """Returns the noise in the latents of a step if the clean picture had this gray."""
        image = self.gray.unsqueeze(1).expand(-1, 3, -1, -1)
        if image_noise is not None:
            clean = (step.latents - step.sigma * image_noise) / step.alpha
            image = with_gray(self.decode(clean), self.gray)
        return (step.latents - step.alpha * self.encode(image)) / step.sigma


def with_gray(image: Tensor, gray: Tensor) -> Tensor:
    """Returns a picture in [0, 1] with a given gray and as much of an image's chroma as fits.

    Args:
        image: `(batch, 3, height, width)`.
        gray: `(batch, height, width)` in [0, 1].
    """
    mean = gray.unsqueeze(1)
    chroma = image - image.mean(dim=1, keepdim=True)
    room = torch.where(chroma > 0, 1 - mean, mean)
    share = (room / chroma.abs().clamp(min=1e-9)).amin(dim=1, keepdim=True).clamp(max=1)
    return mean + share * chroma


def picture_of(image: Tensor, canvas: Tensor) -> Tensor:
    """Returns the 8-bit picture `(3, height, width)` with a canvas's gray and an image's chroma.

    In every pixel the three levels sum to three times that of the canvas: channels are rounded
    down, except those with the largest remainders, which are rounded up.

    Args:
        image: `(1, 3, any height, any width)` in [0, 1], scaled to the canvas.
        canvas: `(height, width)` in [0, 1], multiples of 1/255.
    """
    level = (canvas.double() * 255).round()
    scaled = interpolate(image.double(), size=tuple(canvas.shape), mode="bicubic")
    exact = (with_gray(scaled, level.unsqueeze(0) / 255)[0] * 255).clamp(0, 255)
    down = exact.floor()
    missing = 3 * level - down.sum(dim=0)
    order = (exact - down).argsort(dim=0, descending=True, stable=True)
    rank = order.argsort(dim=0)
    return ((down + (rank < missing)) / 255).float()
