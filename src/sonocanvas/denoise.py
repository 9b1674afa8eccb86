"""The denoising loop: two models predict the noise of one latent, a rule mixes them."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import diffusers
import torch
from torch import Tensor

from sonocanvas.devices import device_of
from sonocanvas.errors import CheckpointError, InvalidInputError, SonoCanvasError, unknown
from sonocanvas.experts import Composition, predict
from sonocanvas.protocols import Rule
from sonocanvas.types import ModelPair, Step, TextEmbeddings
from sonocanvas.values import shown

MOST_TIMES = 100_000
"""Limit on the timesteps of a schedule; published ones have a thousand."""
SCHEDULE_ERRORS = (
    *(ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError),
    *(MemoryError, ImportError),
)
"""Errors that diffusers raises for a wrong configuration."""

Generators = torch.Generator | list[torch.Generator]

SCHEDULERS: dict[str, tuple[str, dict[str, Any]]] = {
    "ddim": ("DDIMScheduler", {}),
    "dpm++": ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++"}),
    "euler": ("EulerDiscreteScheduler", {}),
    "unipc": ("UniPCMultistepScheduler", {}),
}
"""Solvers by name: diffusers' class, and settings in addition to the pair's schedule."""


def make_scheduler(config: dict[str, Any], name: str = "ddim") -> diffusers.SchedulerMixin:
    """Returns a solver on the noise schedule of a pair.

    Args:
        config: diffusers configuration of the schedule.
        name: One of `SCHEDULERS`.

    Raises:
        InvalidInputError: The name is unknown, or the models do not predict noise.
        CheckpointError: The configuration does not describe a schedule.
    """
    if name not in SCHEDULERS:
        raise unknown("scheduler", name, SCHEDULERS)
    times = config.get("num_train_timesteps", 1000)
    if type(times) is not int or not 1 <= times <= MOST_TIMES:
        raise CheckpointError(
            f"The schedule has {shown(times)} num_train_timesteps; it must be 1 to {MOST_TIMES}."
        )
    class_name, options = SCHEDULERS[name]
    try:
        scheduler, tried = (
            getattr(diffusers, class_name).from_config(config, **options) for _ in range(2)
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            tried.set_timesteps(min(4, times))  # diffusers checks the rest here
    except SCHEDULE_ERRORS as error:
        raise CheckpointError(f"The schedule cannot be used: {shown(str(error))}.") from error
    _check_scheduler(scheduler)
    return scheduler


def initial_noise(pair: ModelPair, seeds: Sequence[int]) -> Tensor:
    """Returns unit noise `(batch, channels, height, width)` float32, one sample per seed.

    Each seed has its own CPU generator, so a sample does not depend on the rest of its batch.

    Args:
        pair: The models.
        seeds: At least one seed, each in [0, 2**63).

    Raises:
        InvalidInputError: There is no seed, or one is out of range.
    """
    return _draw(pair.latent_shape, _generators(seeds))


def denoise(
    pair: ModelPair,
    prompts: TextEmbeddings | Composition,
    noise: Tensor,
    scheduler: diffusers.SchedulerMixin,
    rule: Rule,
    *,
    steps: int,
    begin: int = 0,
    end: int | None = None,
    image_guidance_scale: float,
    audio_guidance_scale: float,
    guidance_interval: tuple[float, float] = (0.0, 1.0),
    eta: float = 0.0,
    seeds: Sequence[int] | None = None,
    generator: Generators | None = None,
    device: torch.device | None = None,
    on_step: Callable[[Step, Tensor], None] | None = None,
    on_step_end: Callable[[int, Tensor, Tensor], Tensor] | None = None,
    interrupted: Callable[[], bool] | None = None,
) -> Tensor:
    """Returns latents `(batch, channels, height, width)` float32, clean after the last step.

    Args:
        pair: The models.
        prompts: Both prompts, each for the whole canvas, with one embedding for the batch or one
            per sample; or a composition.
        noise: `(batch, channels, height, width)` unit noise from `initial_noise`; if `begin` is
            above 0, the latents returned by a call with `end=begin`.
        scheduler: A solver from `make_scheduler`.
        rule: Mixes the two predictions, and tells which of them a step needs.
        steps: Number of steps, from 1 to one less than the schedule was trained with.
        begin: Index of the first step to run. A multistep solver starts without its history.
        end: Index after the last step to run; by default `steps`.
        image_guidance_scale: Classifier-free guidance of the picture model; at 1 only the
            conditional half is evaluated.
        audio_guidance_scale: The same for the spectrogram model.
        guidance_interval: Start and end of guidance as fractions of the steps, in [0, 1]. Step `i`
            is guided if `start <= i / steps < end`; otherwise the scale is 1
            (Kynkaanniemi et al., "Applying Guidance in a Limited Interval", 2024).
        eta: Share of fresh noise in each step, in [0, 1]; must be 0 unless the solver is DDIM.
        seeds: Seeds of the samples; needed and used only if `eta` is above 0.
        generator: Draws the fresh noise instead of `seeds`: one generator for the batch, or one
            per sample.
        device: Device of the latents; by default that of the picture model.
        on_step: Called after each step with its record and the predicted clean latents.
        on_step_end: Called after each step with its index, its timestep and the noisy latents in
            the scheduler's own units. Its return value replaces the latents, detached.
        interrupted: Called before each step; if it returns true, the loop stops and returns the
            latents as they are.

    Raises:
        InvalidInputError: A value is out of range, or the scheduler is not supported.
        SonoCanvasError: The latents are no longer finite.
    """
    check_sampling(scheduler, steps, eta)
    end = steps if end is None else end
    if not 0 <= begin <= end <= steps:
        raise InvalidInputError(
            f"begin and end must be in order within 0 to {steps}, not from {begin} to {end}."
        )
    _check_inputs(pair, noise, eta, seeds, generator)
    device = device or device_of(pair.image_unet)
    extra = _fresh_noise(pair, eta, seeds, generator)
    drawn = prompts if isinstance(prompts, Composition) else Composition.of(prompts)
    looks, sounds = drawn.of_model("image"), drawn.of_model("audio")
    with torch.no_grad():  # not inference mode: a callback may need gradients
        with warnings.catch_warnings():  # diffusers converts tensors in NumPy 1's way
            warnings.simplefilter("ignore", DeprecationWarning)
            scheduler.set_timesteps(steps, device=device)
        levels = _noise_levels(scheduler)
        latents: Tensor = noise.to(device, torch.float32)
        if begin == 0:
            latents = latents * scheduler.init_noise_sigma
        for index in range(begin, end):
            timestep = scheduler.timesteps[index]
            if interrupted is not None and interrupted():
                break
            scaled = scheduler.scale_model_input(latents, timestep)
            step = Step(index, steps, float(timestep), *levels[index], *levels[index + 1], scaled)
            image_noise = audio_noise = None
            image_needed, audio_needed = drawn.needs(rule, step)
            guided = guidance_interval[0] <= index / steps < guidance_interval[1]
            if image_needed:
                scale = image_guidance_scale if guided else 1.0
                step, image_noise = predict(pair, looks, step, timestep, scale)
            if audio_needed:
                scale = audio_guidance_scale if guided else 1.0
                step, audio_noise = predict(pair, sounds, step, timestep, scale)
            predicted = drawn.mix(rule, image_noise, audio_noise, step)
            latents = scheduler.step(predicted, timestep, latents, **extra, return_dict=False)[0]
            if on_step_end is not None:
                latents = on_step_end(index, timestep, latents).detach().to(latents)
            if not torch.isfinite(latents).all():
                raise SonoCanvasError(
                    f"The latents are not finite after step {index + 1} of {steps}: try float32, "
                    f"more steps or guidance below {image_guidance_scale} and "
                    f"{audio_guidance_scale}."
                )
            if on_step is not None:
                on_step(step, (scaled - step.sigma * predicted) / step.alpha)
    return latents


def _noise_levels(scheduler: diffusers.SchedulerMixin) -> list[tuple[float, float]]:
    """Returns the share of (signal, noise) before each step and after the last."""
    if hasattr(scheduler, "sigmas"):  # noise divided by signal
        ratios = torch.as_tensor(scheduler.sigmas).double()
        alphas = 1.0 / (1.0 + ratios**2).sqrt()
        sigmas = ratios * alphas
    else:
        kept = [*scheduler.alphas_cumprod[scheduler.timesteps.cpu()], scheduler.final_alpha_cumprod]
        alphas_squared = torch.stack(kept).double()
        alphas, sigmas = alphas_squared.sqrt(), (1.0 - alphas_squared).sqrt()
    return list(zip(alphas.tolist(), sigmas.tolist(), strict=True))


def _generators(seeds: Sequence[int]) -> list[torch.Generator]:
    """Returns a generator on the CPU for each seed."""
    if not seeds or not all(0 <= seed < 2**63 for seed in seeds):
        raise InvalidInputError(f"seeds must be one or more numbers in [0, 2**63), not {seeds}.")
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def _draw(shape: tuple[int, int, int], generators: list[torch.Generator]) -> Tensor:
    """Returns unit noise, one sample per generator."""
    return torch.stack([torch.randn(shape, generator=generator) for generator in generators])


def _fresh_noise(
    pair: ModelPair, eta: float, seeds: Sequence[int] | None, generator: Generators | None
) -> dict[str, Any]:
    """Returns the arguments of a step for fresh noise; empty if there is none."""
    if eta == 0.0:
        return {}
    if generator is None and seeds is not None:
        generator = _generators(seeds)
        _draw(pair.latent_shape, generator)  # skip the numbers used for the initial noise
    return {"eta": eta, "generator": generator}


def check_sampling(scheduler: diffusers.SchedulerMixin, steps: int, eta: float) -> None:
    """Checks a scheduler and its settings.

    Raises:
        InvalidInputError: The scheduler is not supported, or `steps` or `eta` is out of range.
    """
    _check_scheduler(scheduler)
    most = scheduler.config.num_train_timesteps - 1
    if not isinstance(steps, int) or not 1 <= steps <= most:
        raise InvalidInputError(f"steps must be from 1 to {most}, not {steps}.")
    if not 0.0 <= eta <= 1.0:
        raise InvalidInputError(f"eta must be in [0, 1], not {eta}.")
    if eta > 0.0 and not isinstance(scheduler, diffusers.DDIMScheduler):
        name = type(scheduler).__name__
        raise InvalidInputError(f"eta must be 0 with {name}, not {eta}; only ddim takes it.")


def _check_scheduler(scheduler: diffusers.SchedulerMixin) -> None:
    """Checks that a scheduler is supported and uses noise predictions."""
    name = type(scheduler).__name__
    allowed = [class_name for class_name, _ in SCHEDULERS.values()]
    if name not in allowed:
        raise unknown("scheduler", name, allowed)
    prediction_type = scheduler.config.prediction_type
    if prediction_type != "epsilon":
        raise InvalidInputError(
            f"The schedule of {name} is for '{prediction_type}' predictions; only 'epsilon' is "
            "allowed."
        )


def _check_inputs(
    pair: ModelPair,
    noise: Tensor,
    eta: float,
    seeds: Sequence[int] | None,
    generator: Generators | None,
) -> None:
    """Checks the inputs of `denoise` before the first evaluation."""
    if noise.ndim != 4 or tuple(noise.shape[1:]) != tuple(pair.latent_shape):
        raise InvalidInputError(
            f"noise must be (batch, {', '.join(map(str, pair.latent_shape))}), "
            f"not {tuple(noise.shape)}."
        )
    own = seeds if generator is None else generator
    if eta == 0.0 or isinstance(own, torch.Generator):
        return
    if own is None or len(own) != len(noise):
        raise InvalidInputError(f"eta {eta} needs one seed for each of {len(noise)} samples.")
