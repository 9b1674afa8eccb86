"""From placed layers to what draws the canvas: prompts for the models, and pinned content."""

import dataclasses
import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from sonocanvas.canvas import canvas_to_image, encode_image
from sonocanvas.errors import InvalidInputError
from sonocanvas.experts import Box, Composition, Expert, Pinned
from sonocanvas.scene.layers import MODEL_OF
from sonocanvas.scene.placing import Placed, block_of
from sonocanvas.text import encode_text
from sonocanvas.types import ModelPair

LEAST_VIEW = 4
"""A model sees at least one quarter of its training width, if the canvas is that wide."""


def compose_layers(
    placed: Sequence[Placed], pair: ModelPair, negative: dict[str, str]
) -> tuple[Composition, list[str]]:
    """Returns the composition of some layers, and warnings.

    Places without a layer are silent.

    Args:
        placed: The layers.
        pair: The models.
        negative: Negative prompts of the image and the audio model, for layers without their own.
    """
    experts, sentences = [], list[str]()
    for one in placed:
        if one.cut_s > 0:
            sentences.append(
                f"'{one.layer.words}' is longer than its place; the last {one.cut_s:.1f} s are "
                "cut off. The fit 'stretch' would play all of it, faster."
            )
        if one.layer.prompt:
            expert, told = _expert(one, pair, negative)
            experts.append(expert)
            sentences += told
    return pin(placed, Composition(tuple(experts)), pair), sentences


def _expert(one: Placed, pair: ModelPair, negative: dict[str, str]) -> tuple[Expert, list[str]]:
    """Returns the expert that draws the prompt of a layer, and warnings."""
    model, block = MODEL_OF[one.layer.kind], block_of(pair)
    refused = one.layer.negative_prompt or negative[model]
    text, told = encode_text(pair, model, one.layer.prompt, f"{model} prompt")
    without, more = encode_text(pair, model, refused, f"negative {model} prompt")
    shift = _shift(pair, one.layer.level_db) if one.layer.level_db else None
    if bool((one.across == 1).all() and (one.along == 1).all()):
        return Expert(model, text, without, shift=shift), told + more
    _, rows, columns = pair.latent_shape
    least = (pair.window or columns) // LEAST_VIEW
    left, right = one.box.left // block, math.ceil(one.box.right / block)
    missing = max(0, min(least, columns) - (right - left))
    left = min(max(0, left - missing // 2), columns - max(right - left, least, 1))
    right = min(columns, max(right, left + least))
    top, bottom = one.box.top // block, math.ceil(one.box.bottom / block)
    seen = Box(0, rows, left, right) if model == "audio" else Box(top, bottom, left, right)
    weights = torch.outer(*(part.view(-1, block).mean(1) for part in (one.across, one.along)))
    return Expert(model, text, without, seen, weights, shift), told + more


def pin(placed: Sequence[Placed], drawn: Composition, pair: ModelPair) -> Composition:
    """Returns a composition with the layers' sources, and silence outside the layers, pinned.

    Args:
        placed: The layers.
        drawn: Experts of the layers that models draw.
        pair: The models.
    """
    fmt, block = pair.canvas_format, block_of(pair)
    _, rows, columns = pair.latent_shape
    undrawn = torch.ones(rows, columns)
    for cover in (drawn.cover(model) for model in MODEL_OF.values()):
        undrawn = undrawn * 0 if cover is None else undrawn * (1 - cover)
    sources = [(one.given, one.opacity, one.layer.strength) for one in placed]
    if not undrawn.any() and all(given is None for given, *_ in sources):
        return drawn
    canvas = torch.full((rows * block, columns * block), float(fmt.inverted))
    shares, free = torch.zeros(rows, columns), torch.ones_like(canvas)
    for one in placed:
        free = free * (1 - one.covers)
    exact = (free == 1) | (not drawn.experts)
    for given, opacity, strength in sources:
        if given is not None and opacity is not None:
            canvas = (torch.minimum if fmt.inverted else torch.maximum)(canvas, given)
            shares = shares.maximum(_pooled(opacity * strength, block))
            exact |= opacity * strength == 1
    shares = 1 - (1 - shares) * (1 - undrawn)
    with torch.no_grad():
        latent = encode_image(pair.vae, canvas_to_image(canvas[None])).cpu()[0]
    return dataclasses.replace(drawn, pinned=Pinned(latent, shares, canvas, exact))


def _shift(pair: ModelPair, level_db: float) -> Tensor:
    """Returns the latent `(channels, 1, 1)` whose addition makes a canvas louder by `-level_db`.

    In a logarithmic format this brightens every pixel by the same amount, which an autoencoder
    encodes almost linearly.

    Raises:
        InvalidInputError: The format is not logarithmic.
    """
    fmt, block = pair.canvas_format, block_of(pair)
    if fmt.power:
        raise InvalidInputError(
            f"The canvas of '{pair.name}' is not logarithmic; a layer drawn by its models must "
            f"have a level of 0 dB, not {level_db:g} dB."
        )
    share = -level_db / (20 * math.log10(fmt.log_ceiling / fmt.log_floor))
    share = -share if fmt.inverted else share
    grays = torch.tensor([0.5 + share / 2, 0.5 - share / 2]).view(2, 1, 1)
    rows, columns = fmt.mels, min(pair.latent_shape[2], 8) * block
    with torch.no_grad():
        brighter, darker = encode_image(pair.vae, canvas_to_image(grays.expand(2, rows, columns)))
    shift: Tensor = (brighter - darker).mean((1, 2), keepdim=True).cpu()
    return shift


def _pooled(one: Tensor, block: int) -> Tensor:
    """Returns the means `(rows, columns)` of the blocks of a map `(mels, frames)`."""
    return functional.avg_pool2d(one[None, None], block)[0, 0]
