"""The content that a pipeline call is given to keep: a picture and a sound."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from sonocanvas.canvas import waveform_to_canvas
from sonocanvas.errors import InvalidInputError
from sonocanvas.experts import MODELS, Composition
from sonocanvas.files.pictures import picture_to_gray
from sonocanvas.scene.composing import pin
from sonocanvas.scene.layers import MODEL_KINDS, Layer
from sonocanvas.scene.placing import place
from sonocanvas.sources.picture_file import with_contrast
from sonocanvas.types import CanvasFormat, ModelPair, TextEmbeddings

Given = tuple[Tensor, Tensor]
"""A picture or a canvas `(height, width)`, and its opacity; both in [0, 1]."""


def read_image(image: Any, mask: Any) -> Given:
    """Returns a picture with its contrast adjusted to a canvas, and its mask.

    Args:
        image: A PIL image, or an array or tensor `(height, width)` or `(height, width, 3)` in
            [0, 1].
        mask: Where it is used, of the same height and width; `None` for where it is opaque.

    Raises:
        InvalidInputError: The shape or a value is wrong, or the picture has a single gray level.
    """
    if isinstance(image, Image.Image):
        gray, opacity = picture_to_gray(image)
    else:
        gray = _numbers("image", image, (2, 3))
        gray = gray.mean(-1) if gray.ndim == 3 else gray
        opacity = torch.ones_like(gray)
    if mask is not None:
        opacity = (
            picture_to_gray(mask)[0]
            if isinstance(mask, Image.Image)
            else _numbers("mask", mask, (2,))
        )
        if opacity.shape != gray.shape:
            raise InvalidInputError(
                f"mask is {tuple(opacity.shape)}; it must be {tuple(gray.shape)} like the image."
            )
    return with_contrast(gray, opacity, "image"), opacity


def read_audio(audio: Any, fmt: CanvasFormat) -> Given:
    """Returns the canvas of a sound after scaling its peak to 0.95.

    Args:
        audio: An array or tensor `(samples,)` at the sample rate of the format.
        fmt: What a canvas means as sound.

    Raises:
        InvalidInputError: The shape or a value is wrong, or the sound is silent.
    """
    samples = torch.as_tensor(np.asarray(audio)).float()
    if samples.ndim != 1 or not torch.isfinite(samples).all() or not samples.any():
        raise InvalidInputError(
            f"audio is {tuple(samples.shape)}; it must be (samples,), finite and not silent."
        )
    canvas = waveform_to_canvas((samples * (0.95 / samples.abs().max()))[None], fmt)[0]
    return canvas, torch.ones_like(canvas)


def compose_given(
    embeddings: TextEmbeddings,
    given: Mapping[str, Given],
    drawn_by: Mapping[str, bool],
    strength: float,
    pair: ModelPair,
) -> Composition:
    """Returns the composition of a call.

    Args:
        embeddings: The prompts.
        given: Given content by model: `"image"`, `"audio"` or both.
        drawn_by: Whether each model draws its prompt.
        strength: How much of the given content to keep, in [0, 1].
        pair: The models.
    """
    drawn = Composition.of(embeddings)
    drawn = Composition(tuple(one for one in drawn.experts if drawn_by[one.model]))
    placed = [
        place(
            Layer.model_construct(
                kind=MODEL_KINDS[model],
                prompt="drawn" if drawn_by[model] else "",
                strength=strength,
            ),
            number,
            pair,
            given.get(model),
        )
        for number, model in enumerate(MODELS, 1)
        if drawn_by[model] or model in given
    ]
    return pin(placed, drawn, pair)


def _numbers(name: str, value: Any, dimensions: tuple[int, ...]) -> Tensor:
    """Returns an array or tensor of numbers in [0, 1]."""
    numbers = torch.as_tensor(np.asarray(value)).float()
    fits = numbers.ndim in dimensions and (numbers.ndim == 2 or numbers.shape[-1] == 3)
    if not fits or not numbers.numel() or not bool(((numbers >= 0) & (numbers <= 1)).all()):
        raise InvalidInputError(
            f"{name} is {tuple(numbers.shape)}; it must be (height, width"
            f"{') or (height, width, 3' if 3 in dimensions else ''}) in [0, 1]."
        )
    return numbers
