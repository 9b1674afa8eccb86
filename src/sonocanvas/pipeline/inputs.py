"""The inputs of a pipeline call: prompts are arranged in rows, and everything is checked."""

import math
from collections.abc import Sequence
from typing import Any

import torch

from sonocanvas.errors import InvalidInputError, unknown
from sonocanvas.types import Prompts

OUTPUT_TYPES = ("pil", "np", "pt", "latent")


def read_prompts(image: Any, audio: Any, negative_image: Any, negative_audio: Any) -> list[Prompts]:
    """Returns the prompts of each canvas; a single text next to a list applies to all of them.

    Args:
        image: Text or list of texts, what the canvas should look like.
        audio: What it should sound like.
        negative_image: What it should not look like; may be empty or `None`.
        negative_audio: What it should not sound like.

    Raises:
        InvalidInputError: A prompt is not a text, an image or audio prompt is empty, or two lists
            differ in length.
    """
    given = {
        "image_prompt": image,
        "audio_prompt": audio,
        "negative_image_prompt": "" if negative_image is None else negative_image,
        "negative_audio_prompt": "" if negative_audio is None else negative_audio,
    }
    counts = {name: len(texts) for name, texts in given.items() if isinstance(texts, list | tuple)}
    if len(set(counts.values())) > 1 or 0 in counts.values():
        told = ", ".join(f"{name} has {count}" for name, count in counts.items())
        raise InvalidInputError(f"Lists of prompts must have the same length, 1 or more; {told}.")
    count = max(counts.values(), default=1)
    columns = [texts if name in counts else [texts] * count for name, texts in given.items()]
    for name, column in zip(given, columns, strict=True):
        for text in column:
            if not isinstance(text, str) or not (text.strip() or name.startswith("negative")):
                raise InvalidInputError(
                    f"{name} has {text!r}; a prompt must be a text that is not empty."
                )
    return [Prompts(*row) for row in zip(*columns, strict=True)]


def check_count(name: str, value: Any) -> None:
    """Checks that a value is a whole number of things.

    Raises:
        InvalidInputError: It is not a whole number, 1 or more.
    """
    if not isinstance(value, int) or value < 1:
        raise InvalidInputError(f"{name} must be a whole number, 1 or more, not {value!r}.")


def check_guidance(name: str, value: Any) -> None:
    """Checks that a value can be a guidance scale.

    Raises:
        InvalidInputError: It is not a finite number, 0 or more.
    """
    if not isinstance(value, int | float) or not 0.0 <= value < math.inf:
        raise InvalidInputError(f"{name} must be a number, 0 or more, not {value!r}.")


def check_share(name: str, value: Any) -> None:
    """Checks that a value can be a share.

    Raises:
        InvalidInputError: It is not a number in [0, 1].
    """
    if not isinstance(value, int | float) or not 0.0 <= value <= 1.0:
        raise InvalidInputError(f"{name} must be a number in [0, 1], not {value!r}.")


def check_interval(interval: Any) -> None:
    """Checks that a value can be a guidance interval.

    Raises:
        InvalidInputError: It is not two fractions of the steps, in order within [0, 1].
    """
    pair = isinstance(interval, list | tuple) and len(interval) == 2
    if not pair or not all(isinstance(share, int | float) for share in interval):
        raise InvalidInputError(
            f"guidance_interval must be two shares of the steps, not {interval!r}."
        )
    if not 0 <= interval[0] <= interval[1] <= 1:
        raise InvalidInputError(
            f"guidance_interval must be in order within [0, 1], not {list(interval)}."
        )


def check_rule(rule: Any) -> None:
    """Checks that a value can mix the two models.

    Raises:
        InvalidInputError: It does not have the methods of a rule.
    """
    if isinstance(rule, type) or not callable(rule) or not hasattr(rule, "needs"):
        raise InvalidInputError(f"rule must be a rule such as Mean(), not {rule!r}.")


def check_noise(shape: tuple[int, ...], generator: Any, latents: Any) -> None:
    """Checks the source of the noise.

    Args:
        shape: `(batch, channels, height, width)` of the latents.
        generator: `None`, one generator, or a list with one per canvas.
        latents: `None`, or the noise itself.

    Raises:
        InvalidInputError: The type, the number or the shape is wrong.
    """
    generators = generator if isinstance(generator, list) else [generator]
    for one in generators:
        if not isinstance(one, torch.Generator) and generator is not None:
            raise InvalidInputError(
                f"generator must be a torch.Generator or a list of them, not {generator!r}."
            )
    if isinstance(generator, list) and len(generator) != shape[0]:
        raise InvalidInputError(
            f"There are {len(generator)} generators for {shape[0]} canvases; give one for each or "
            "one for all."
        )
    given = tuple(latents.shape) if isinstance(latents, torch.Tensor) else latents
    if given not in (None, shape):
        raise InvalidInputError(f"latents must be a tensor {shape}, not {given!r}.")


def check_output(
    output_type: Any, callback: Any, wanted: Sequence[str], tensors: Sequence[str]
) -> None:
    """Checks what a call returns, at its end and after each step.

    Args:
        output_type: One of `OUTPUT_TYPES`.
        callback: A function or `None`.
        wanted: Names of the tensors for the callback.
        tensors: The allowed names.

    Raises:
        InvalidInputError: A value is not allowed.
    """
    if output_type not in OUTPUT_TYPES:
        raise unknown("output_type", str(output_type), OUTPUT_TYPES)
    if callback is not None and not callable(callback):
        raise InvalidInputError(f"callback_on_step_end must be a function, not {callback!r}.")
    for name in wanted:
        if name not in tensors:
            raise unknown("tensor for callback_on_step_end", name, tensors)
