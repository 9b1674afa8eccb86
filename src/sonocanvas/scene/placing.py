"""Places layers on a canvas, with the content of their sources."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from sonocanvas.canvas import (
    band_middles,
    canvas_to_mel,
    mel_to_canvas,
)
from sonocanvas.errors import InvalidInputError
from sonocanvas.experts import Box
from sonocanvas.registry import build
from sonocanvas.scene.layers import Layer
from sonocanvas.types import CanvasFormat, ModelPair
from sonocanvas.words.counts import count_of


@dataclass(frozen=True)
class Placed:
    """A layer on a canvas of `mels` rows and `frames` columns; row 0 is the highest frequency.

    Attributes:
        layer: The layer.
        box: Rows and columns that it may use, in pixels.
        across: `(mels,)` its weight in each row, in [0, 1].
        along: `(frames,)` its weight in each column, in [0, 1].
        given: `(mels, frames)` content of the source, silent elsewhere; `None` without a source.
        opacity: `(mels, frames)` opacity of that content, in [0, 1]; `None` without a source.
        cut_s: Seconds of its sound that do not fit and are cut.
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
        """Its weight in each pixel, `(mels, frames)`."""
        return torch.outer(self.across, self.along)

    @property
    def covers(self) -> Tensor:
        """How much of each pixel it fills, `(mels, frames)`; a model fills all of its place."""
        return self.weights if self.layer.prompt or self.opacity is None else self.opacity


def block_of(pair: ModelPair) -> int:
    """Returns the side of a latent position in pixels."""
    return pair.canvas_format.mels // pair.latent_shape[1]


def counted_squares(layer: Layer, pair: ModelPair) -> list[Layer]:
    """Returns a layer that asks for one to three of a thing as that many square layers.

    They are spaced evenly on the canvas, since `mini` draws four in a row on a whole canvas. Any
    other layer is returned unchanged.

    Args:
        layer: A layer of a scene, such as the picture `two owls`.
        pair: The models; those with an open vocabulary understand counts by themselves.
    """
    count, fmt = count_of(layer.prompt), pair.canvas_format
    square_s = fmt.mels * fmt.hop_samples / fmt.sample_rate_hz
    between_s = (duration_of(pair) - count * square_s) / (count + 1)
    whole = layer.kind == "picture" and not layer.span_s and not layer.source.name
    if not (whole and pair.closed_vocabulary and 1 <= count <= 3 and between_s > 0):
        return [layer]
    starts_s = [between_s + n * (square_s + between_s) for n in range(count)]
    return [layer.model_copy(update={"span_s": (at, at + square_s)}) for at in starts_s]


def duration_of(pair: ModelPair) -> float:
    """Returns the length of a pair's canvas in seconds."""
    frames = pair.latent_shape[2] * block_of(pair) - pair.crop_columns
    return frames * pair.canvas_format.hop_samples / pair.canvas_format.sample_rate_hz


def resized(pair: ModelPair, duration_s: float) -> ModelPair:
    """Returns the pair set to canvases of another duration, with the same models.

    Args:
        pair: The models.
        duration_s: In seconds; 0 for the pair's own.
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
    """Returns each layer placed on the canvas of a pair, with its source's content.

    Raises:
        InvalidInputError: A layer lies outside the canvas, or its source cannot be read.
    """
    return [place(layer, number, pair) for number, layer in enumerate(layers, 1)]


def place(
    layer: Layer, number: int, pair: ModelPair, given: tuple[Tensor, Tensor] | None = None
) -> Placed:
    """Returns a layer placed on the canvas of a pair.

    Args:
        layer: The layer.
        number: Its number, for messages.
        pair: The models.
        given: Content to use instead of its source's.

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
            f"Layer {number}, '{layer.words}', is from {start:g} to {end:g} s, but the canvas "
            f"lasts {shown / frames_a_second:.2f} s; --duration makes it longer."
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
            f"Layer {number}, '{layer.words}', has a band from {low:g} to {high:g} Hz; it must "
            f"contain at least one of the canvas's {fmt.mels} bands from {fmt.f_min_hz:g} to "
            f"{fmt.f_max_hz:g} Hz."
        )
    return fmt.mels - 1 - int(inside[-1]), fmt.mels - int(inside[0])


def _ramp(count: int, first: int, last: int, feather: float) -> Tensor:
    """Returns weights that are 1 from `first` up to, not including, `last`, and 0 elsewhere.

    At edges that are not those of the canvas they fall off over `feather` places inside.
    """
    places = torch.arange(count) + 0.5
    inside = ((places > first) & (places < last)).float()
    if feather:
        for edge, distance in ((first, places - first), (last, last - places)):
            if edge not in (0, count):
                inside = inside * (distance / feather).clamp(0, 1)
    return inside


def _fitted(gray: Tensor, opacity: Tensor, layer: Layer, room: Box) -> tuple[Tensor, Tensor, int]:
    """Returns the content of a source in its place, its opacity, and the number of cut columns."""
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
    """Returns the size of a picture in its place, and whether it is repeated."""
    if fit == "stretch":
        return (height, width), False
    ratios = height / shape[0], width / shape[1]
    scale = {"contain": min(ratios), "cover": max(ratios), "tile": ratios[0]}[fit]
    rows, columns = (max(1, round(side * scale)) for side in shape)
    return (rows, columns), fit == "tile"


def _sound_size(shape: Sequence[int], width: int, fit: str) -> tuple[tuple[int, int], bool]:
    """Returns the size of a sound in its place, and whether it is repeated."""
    if fit == "stretch" or (fit == "cover" and shape[1] < width):
        return (shape[0], width), False
    return (shape[0], shape[1]), fit == "tile"


def _scaled(one: Tensor, size: tuple[int, int]) -> Tensor:
    if tuple(one.shape) == size:
        return one
    scaled = functional.interpolate(one[None, None], size, mode="bilinear", antialias=True)
    return scaled[0, 0].clamp(0, 1)


def _into(one: Tensor, height: int, width: int, centred: bool) -> Tensor:
    """Returns a picture at another size: cut if larger, padded with 0 if smaller."""
    rows, columns = one.shape
    spare = [height - rows, width - columns]
    before = [side // 2 if centred else 0 for side in spare]
    edges = (before[1], spare[1] - before[1], before[0], spare[0] - before[0])
    return functional.pad(one, edges)


def quieter(canvas: Tensor, level_db: float, fmt: CanvasFormat) -> Tensor:
    """Returns rows of a canvas `(rows, frames)` at another level, 0 dB or less."""
    rows = canvas.shape[0]
    whole = functional.pad(canvas, (0, 0, 0, fmt.mels - rows))  # the format needs all rows
    mel = canvas_to_mel(whole[None], fmt) * 10 ** (level_db / 20)
    return mel_to_canvas(mel, fmt)[0, :rows]
