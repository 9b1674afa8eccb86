"""From layers to the canvas: what each covers, what is given, and what a model has to draw."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from sonocanvas.canvas import (
    band_middles,
    canvas_to_image,
    canvas_to_mel,
    encode_image,
    mel_to_canvas,
)
from sonocanvas.errors import InvalidInputError
from sonocanvas.experts import Box, Composition, Expert, Pinned
from sonocanvas.registry import build
from sonocanvas.scene import Layer
from sonocanvas.text import encode_text
from sonocanvas.types import CanvasFormat, ModelPair

MODEL_OF = {"picture": "image", "sound": "audio"}
LEAST_VIEW = 4
"""A model sees at least the fourth part of the canvas that it was trained for, if there is."""


@dataclass(frozen=True)
class Placed:
    """A layer on a canvas of `mels` rows and `frames` columns; row 0 is the highest frequency.

    Attributes:
        layer: The layer.
        box: Rows and columns that it may use, in pixels.
        across: `(mels,)` how much of it is in each row, in [0, 1].
        along: `(frames,)` how much of it is in each column, in [0, 1].
        given: `(mels, frames)` what its source gives, silent elsewhere; `None` without one.
        opacity: `(mels, frames)` how opaque that is, in [0, 1]; `None` without one.
        cut_s: How much of its sound has no room, in seconds.
    """

    layer: Layer
    box: Box
    across: Tensor
    along: Tensor
    given: Tensor | None = None
    opacity: Tensor | None = None
    cut_s: float = 0.0

    @property
    def weights(self) -> Tensor:
        """How much of it is in each pixel, `(mels, frames)`."""
        return torch.outer(self.across, self.along)

    @property
    def covers(self) -> Tensor:
        """How much of each pixel it fills, `(mels, frames)`: a model all of its place."""
        whole = self.layer.prompt or self.opacity is None
        return self.weights if whole or self.opacity is None else self.opacity


def block_of(pair: ModelPair) -> int:
    """Returns how many pixels a place in a latent is wide and high."""
    return pair.canvas_format.mels // pair.latent_shape[1]


def duration_of(pair: ModelPair) -> float:
    """Returns how long a canvas of a pair is, in seconds."""
    frames = pair.latent_shape[2] * block_of(pair) - pair.crop_columns
    return frames * pair.canvas_format.hop_samples / pair.canvas_format.sample_rate_hz


def resized(pair: ModelPair, duration_s: float) -> ModelPair:
    """Returns a pair whose canvases are of another duration; its models stay as they are.

    Args:
        pair: The models.
        duration_s: In seconds; 0 is the pair's own.
    """
    if duration_s == 0:
        return pair
    fmt, block = pair.canvas_format, block_of(pair)
    channels, rows, own = pair.latent_shape
    frames = round(duration_s * fmt.sample_rate_hz / fmt.hop_samples)
    columns = math.ceil(frames / block)
    return dataclasses.replace(
        pair,
        latent_shape=(channels, rows, columns),
        crop_columns=columns * block - frames,
        window=own if columns > own else 0,
    )


def place_layers(layers: Sequence[Layer], pair: ModelPair) -> list[Placed]:
    """Returns where each layer is on the canvas of a pair, with what its source gives.

    Raises:
        InvalidInputError: A layer lies outside the canvas, or its source cannot be read.
    """
    return [place(layer, number, pair) for number, layer in enumerate(layers, 1)]


def compose_layers(
    placed: Sequence[Placed], pair: ModelPair, negative: dict[str, str]
) -> tuple[Composition, list[str]]:
    """Returns all that draws on the canvas of some layers, and warnings as sentences.

    Where no layer is there is silence.

    Args:
        placed: The layers.
        pair: The models.
        negative: What the image and the audio model do not draw where a layer does not say it.
    """
    experts, sentences = [], list[str]()
    for one in placed:
        if one.cut_s > 0:
            sentences.append(
                f"'{one.layer.words}' is longer than its place; its last {one.cut_s:.1f} s are "
                "not heard. The fit 'stretch' would take all of it, faster."
            )
        if one.layer.prompt:
            expert, told = _expert(one, pair, negative)
            experts.append(expert)
            sentences += told
    return pin(placed, Composition(tuple(experts)), pair), sentences


def place(
    layer: Layer, number: int, pair: ModelPair, given: tuple[Tensor, Tensor] | None = None
) -> Placed:
    """Returns where a layer is on the canvas of a pair.

    Args:
        layer: The layer.
        number: Its number, for messages.
        pair: The models.
        given: What it holds instead of its source, as a source gives it.

    Raises:
        InvalidInputError: It lies outside the canvas, or its source cannot be read.
    """
    fmt, block = pair.canvas_format, block_of(pair)
    frames = pair.latent_shape[2] * block
    shown = frames - pair.crop_columns
    left, right = _columns(layer, number, fmt, shown)
    top, bottom = _rows(layer, number, fmt)
    box = Box(top, bottom, left, frames if right == shown else right)
    feather = layer.feather_s * fmt.sample_rate_hz / fmt.hop_samples
    across, along = _ramp(fmt.mels, top, bottom, feather), _ramp(shown, left, right, feather)
    along = torch.cat([along, along[-1:].expand(frames - shown)])
    if given is None and not layer.source.name:
        return Placed(layer, box, across, along)
    if given is None:
        given = build("source", layer.source.name, layer.source.options)(fmt)
    room = Box(0, fmt.mels, left, right) if layer.kind == "sound" else Box(top, bottom, left, right)
    gray, opacity, cut = _fitted(given[0], given[1], layer, room)
    rows, columns = slice(room.top, room.bottom), slice(room.left, room.right)
    silent = torch.full((fmt.mels, frames), float(fmt.inverted))
    content, opaque = silent.clone(), torch.zeros_like(silent)
    content[rows, columns] = quieter(gray, layer.level_db, fmt) if layer.level_db else gray
    opaque[rows, columns] = opacity
    opaque = opaque * torch.outer(across, along)
    cut_s = cut * fmt.hop_samples / fmt.sample_rate_hz
    shown_as = torch.lerp(silent, content, opaque)
    return Placed(layer, box, across, along, shown_as, opaque, cut_s)


def _columns(layer: Layer, number: int, fmt: CanvasFormat, shown: int) -> tuple[int, int]:
    """Returns the first column of a layer and the one after its last."""
    if not layer.span_s:
        return 0, shown
    frames_a_second = fmt.sample_rate_hz / fmt.hop_samples
    left, right = (round(end * frames_a_second) for end in layer.span_s)
    if right > shown or left == right:
        start, end = layer.span_s
        raise InvalidInputError(
            f"Layer {number}, '{layer.words}', is from {start:g} to {end:g} s; the canvas lasts "
            f"{shown / frames_a_second:.2f} s, and a longer one is had by --duration."
        )
    return left, right


def _rows(layer: Layer, number: int, fmt: CanvasFormat) -> tuple[int, int]:
    """Returns the first row of a layer, from the top, and the one after its last."""
    if not layer.band_hz:
        return 0, fmt.mels
    middles = band_middles(fmt)
    low, high = layer.band_hz
    inside = ((middles >= low) & (middles <= high)).nonzero()
    if high > fmt.f_max_hz or not len(inside):
        raise InvalidInputError(
            f"Layer {number}, '{layer.words}', has a band from {low:g} to {high:g} Hz; the canvas "
            f"holds {fmt.f_min_hz:g} to {fmt.f_max_hz:g} Hz in {fmt.mels} bands, and at least one "
            "must lie in it."
        )
    return fmt.mels - 1 - int(inside[-1]), fmt.mels - int(inside[0])


def _ramp(count: int, first: int, last: int, feather: float) -> Tensor:
    """Returns 1 from `first` to before `last` of so many places and 0 elsewhere.

    Towards an edge that is not that of the canvas it falls over `feather` places, within.
    """
    places = torch.arange(count) + 0.5
    inside = ((places > first) & (places < last)).float()
    if feather:
        for edge, distance in ((first, places - first), (last, last - places)):
            if edge not in (0, count):
                inside = inside * (distance / feather).clamp(0, 1)
    return inside


def _fitted(gray: Tensor, opacity: Tensor, layer: Layer, room: Box) -> tuple[Tensor, Tensor, int]:
    """Returns what a source gives in its room, how opaque it is, and the columns that are cut."""
    height, width = room.bottom - room.top, room.right - room.left
    if layer.kind == "sound":
        size, tiled = _sound_size(gray.shape, width, layer.fit)
    else:
        size, tiled = _picture_size(gray.shape, height, width, layer.fit)
    seen = [_scaled(one, size) for one in (gray, opacity)]
    if tiled:
        copies = math.ceil(width / size[1])
        seen = [one.repeat(1, copies)[:, :width] for one in seen]
    cut = max(0, size[1] - width) if layer.kind == "sound" else 0
    centred = layer.kind == "picture" and not tiled
    gray, opacity = (_into(one, height, width, centred) for one in seen)
    return gray, opacity, cut


def _picture_size(
    shape: Sequence[int], height: int, width: int, fit: str
) -> tuple[tuple[int, int], bool]:
    """Returns the size that a picture gets in its room, and whether it is repeated."""
    if fit == "stretch":
        return (height, width), False
    ratios = height / shape[0], width / shape[1]
    scale = {"contain": min(ratios), "cover": max(ratios), "tile": ratios[0]}[fit]
    rows, columns = (max(1, round(side * scale)) for side in shape)
    return (rows, columns), fit == "tile"


def _sound_size(shape: Sequence[int], width: int, fit: str) -> tuple[tuple[int, int], bool]:
    """Returns the size that a sound gets in its room, and whether it is repeated."""
    if fit == "stretch" or (fit == "cover" and shape[1] < width):
        return (shape[0], width), False
    return (shape[0], shape[1]), fit == "tile"


def _scaled(one: Tensor, size: tuple[int, int]) -> Tensor:
    if tuple(one.shape) == size:
        return one
    scaled = functional.interpolate(one[None, None], size, mode="bilinear", antialias=True)
    return scaled[0, 0].clamp(0, 1)


def _into(one: Tensor, height: int, width: int, centred: bool) -> Tensor:
    """Returns a picture in a room of another size: cut where it is larger, else with 0 around."""
    rows, columns = one.shape
    spare = [height - rows, width - columns]
    before = [side // 2 if centred else 0 for side in spare]
    edges = (before[1], spare[1] - before[1], before[0], spare[0] - before[0])
    return functional.pad(one, edges)


def quieter(canvas: Tensor, level_db: float, fmt: CanvasFormat) -> Tensor:
    """Returns rows of a canvas `(rows, frames)` at another level, 0 dB or less."""
    rows = canvas.shape[0]
    whole = functional.pad(canvas, (0, 0, 0, fmt.mels - rows))  # the format is of all rows
    mel = canvas_to_mel(whole[None], fmt) * 10 ** (level_db / 20)
    return mel_to_canvas(mel, fmt)[0, :rows]


def _expert(one: Placed, pair: ModelPair, negative: dict[str, str]) -> tuple[Expert, list[str]]:
    """Returns what draws the prompt of a layer, and warnings."""
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
    """Returns a composition with what the sources of layers give, and silence where none is.

    Args:
        placed: The layers.
        drawn: What the models draw of them.
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
    """Returns the latent `(channels, 1, 1)` by which a canvas is brighter that is louder by `-dB`.

    In a format of logarithms all of it is brighter by as much, and an autoencoder is near enough
    to linear in that.

    Raises:
        InvalidInputError: The format is not one of logarithms.
    """
    fmt, block = pair.canvas_format, block_of(pair)
    if fmt.power:
        raise InvalidInputError(
            f"The canvas of '{pair.name}' is not logarithmic; a layer that its models draw has a "
            f"level of 0 dB, not {level_db:g}."
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
