"""Score distillation: a diffusion model as the teacher of an image that it did not sample."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sonocanvas.canvas import encode_image
from sonocanvas.denoise import make_scheduler
from sonocanvas.experts import Expert, predict
from sonocanvas.types import ModelPair, Step

EARLIEST, LATEST = 0.02, 0.98
"""Fractions of the schedule between which timesteps are drawn."""


@dataclass(frozen=True)
class Teacher:
    """A diffusion model that pulls an image towards its prompt.

    Attributes:
        encode: Returns the model's input `(views, channels, height, width)` from an image
            `(1, 3, height, width)` in [0, 1], with gradients. It may draw from the generator, which
            is on the CPU.
        predict: Returns the step with the model's predictions, and the guided prediction.
        signal: `(timesteps,)` share of signal power at each timestep: alpha_bar.
    """

    encode: Callable[[Tensor, torch.Generator], Tensor]
    predict: Callable[[Step], tuple[Step, Tensor]]
    signal: Tensor


def distil(
    teacher: Teacher, image: Tensor, generator: torch.Generator, index: int = 0, count: int = 1
) -> tuple[Tensor, Step, Tensor]:
    """Returns the loss of an image, the step, and the part of the image that the model saw.

    The gradient of the loss with respect to the model's clean input is
    `(1 - alpha_bar) (predicted noise - noise)`, divided by the number of views and without the
    derivative of the model (Poole et al., "DreamFusion", 2022, equation 3). The value of the loss
    has no meaning. All views share one random timestep.

    Args:
        teacher: The model.
        image: `(1, 3, height, width)` in [0, 1].
        generator: On the CPU; draws views, timestep and noise.
        index: Index of the step, from 0.
        count: Total number of steps.
    """
    seen = teacher.encode(image, generator)
    times = len(teacher.signal)
    low, high = round(EARLIEST * times), round(LATEST * times)
    timestep = int(torch.randint(low, high + 1, (1,), generator=generator))
    signal = float(teacher.signal[timestep])
    alpha, sigma = signal**0.5, (1 - signal) ** 0.5
    noise = torch.randn(seen.shape, generator=generator).to(seen.device)
    clean = seen.detach()
    with torch.no_grad():
        noisy = alpha * clean + sigma * noise
        step = Step(index, count, float(timestep), alpha, sigma, 1.0, 0.0, noisy)
        step, predicted = teacher.predict(step)
        pull = sigma**2 * (predicted - noise)
    return (pull * seen).sum() / len(seen), step, clean


def pair_teacher(
    pair: ModelPair, experts: Sequence[Expert], guidance_scale: float, crops: int = 0
) -> Teacher:
    """Returns one model of a pair as a teacher, through the pair's autoencoder.

    Args:
        pair: The models.
        experts: The model with its prompt.
        guidance_scale: Its classifier-free guidance.
        crops: Number of random squares that it sees; 0 for the whole canvas.
    """

    def encode(image: Tensor, generator: torch.Generator) -> Tensor:
        return encode_image(pair.vae, squares(image, crops, generator) if crops else image)

    def guided(step: Step) -> tuple[Step, Tensor]:
        timestep = torch.tensor(int(step.timestep), device=step.latents.device)
        return predict(pair, experts, step, timestep, guidance_scale)

    return Teacher(encode, guided, make_scheduler(pair.scheduler_config).alphas_cumprod)


def squares(image: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Returns squares `(count, 3, height, height)` at random places along the width of an image.

    Args:
        image: `(1, 3, height, width)`, at least as wide as it is high.
        count: Number of squares.
        generator: On the CPU.
    """
    side, width = image.shape[-2:]
    lefts = torch.randint(0, width - side + 1, (count,), generator=generator)
    return torch.cat([image[..., left : left + side] for left in lefts.tolist()])
