"""A scene before anything is sampled: its layers in words, and a picture of their places."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageDraw, ImageFont

from sonocanvas.canvas import band_middles, canvas_to_bytes
from sonocanvas.scene.placing import Placed, duration_of
from sonocanvas.types import ModelPair

WIDTH, HEIGHT = 1280, 400
LEFT, BELOW, EDGE = 90, 50, 20
GROUND, INK, SOFT = (13, 12, 15), (236, 231, 223), (162, 156, 147)
COLOURS = {"picture": (255, 180, 84), "sound": (96, 200, 190)}
MARKS_HZ = (100, 500, 1000, 2000, 4000, 8000, 16000)


def describe_layers(placed: Sequence[Placed], pair: ModelPair) -> list[dict[str, str]]:
    """Returns a table row for each layer, by column heading."""
    fmt, told = pair.canvas_format, []
    shown = slice(None, len(placed[0].along) - pair.crop_columns if placed else None)
    for number, one in enumerate(placed, 1):
        layer, source = one.layer, one.layer.source.name
        start, end = layer.span_s or (0.0, duration_of(pair))
        low, high = layer.band_hz or (fmt.f_min_hz, fmt.f_max_hz)
        by = f"a model draws '{layer.prompt}'" if layer.prompt else ""
        given = f"{source} '{layer.source.options.get('path', layer.words)}'" if source else ""
        told.append(
            {
                "layer": str(number),
                "kind": layer.kind,
                "holds": " over ".join(part for part in (given, by) if part),
                "seconds": f"{start:g} to {end:.4g}",
                "Hz": f"{low:g} to {high:g}",
                "dB": f"{layer.level_db:g}",
                "given": f"{layer.strength:.0%}" if source else "",
                "fit": layer.fit if source else "",
                "covers": f"{float(one.weights[:, shown].mean()):.0%}",
            }
        )
    return told


def silent_share(placed: Sequence[Placed], pair: ModelPair) -> float:
    """Returns the share of the canvas that no layer covers, in [0, 1]."""
    free = torch.ones(1)
    for one in placed:
        free = free * (1 - one.covers[:, : len(one.along) - pair.crop_columns])
    return float(free.mean())


def draw_places(placed: Sequence[Placed], pair: ModelPair) -> Image.Image:
    """Returns a picture of the layers' places, with the content of their sources.

    Pictures are amber and sounds teal, with the opacity of the layer at each place.
    """
    fmt = pair.canvas_format
    frames = pair.latent_shape[2] * (fmt.mels // pair.latent_shape[1]) - pair.crop_columns
    page: npt.NDArray[Any] = np.zeros((fmt.mels, frames, 3), np.float32)
    for one in placed:
        colour = np.asarray(COLOURS[one.layer.kind], np.float32)
        weights = one.weights[:, :frames].numpy()[..., None]
        page = page * (1 - 0.22 * weights) + 0.22 * weights * colour
        if one.given is not None and one.opacity is not None:
            given = canvas_to_bytes(one.given[:, :frames]).astype(np.float32)[..., None] / 255
            opacity = one.opacity[:, :frames].numpy()[..., None]
            page = page * (1 - opacity) + opacity * given * (0.4 * 255 + 0.6 * colour)
    inner = (WIDTH - LEFT - EDGE, HEIGHT - BELOW - EDGE)
    sheet = Image.new("RGB", (WIDTH, HEIGHT), GROUND)
    sheet.paste(Image.fromarray(page.clip(0, 255).astype(np.uint8)).resize(inner), (LEFT, EDGE))
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(18)
    pen.rectangle((LEFT - 1, EDGE - 1, LEFT + inner[0], EDGE + inner[1]), outline=SOFT)
    middles = band_middles(fmt)
    for mark in MARKS_HZ:
        row = int((middles < mark).sum())
        if 0 < row < fmt.mels or mark == fmt.f_max_hz:
            height = EDGE + inner[1] * (1 - row / fmt.mels)
            pen.text((LEFT - 10, height), f"{mark} Hz", SOFT, font, anchor="rm")
    duration_s = duration_of(pair)
    for tenth in range(11):
        place = LEFT + inner[0] * tenth / 10
        pen.text((place, HEIGHT - BELOW + 8), f"{duration_s * tenth / 10:.3g}", SOFT, font, "mt")
    pen.text((LEFT - 10, HEIGHT - BELOW + 8), "s", SOFT, font, "rt")
    for number, one in enumerate(placed, 1):
        left = LEFT + inner[0] * one.box.left / frames
        top = EDGE + inner[1] * one.box.top / fmt.mels
        right = LEFT + inner[0] * min(one.box.right, frames) / frames
        bottom = EDGE + inner[1] * one.box.bottom / fmt.mels
        pen.rectangle((left, top, right - 1, bottom - 1), outline=COLOURS[one.layer.kind])
        line = top + 8 + 24 * (number - 1) % max(24, int(bottom - top) - 24)
        pen.text((left + 10, line), f"{number}  {one.layer.words}", INK, font)
    return sheet
