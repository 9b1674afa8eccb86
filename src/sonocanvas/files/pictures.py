"""Picture files: a canvas, gray or in colour, as a PNG that records its meaning as sound.

The same input gives the same bytes.
"""

import dataclasses
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageOps
from torch import Tensor

from sonocanvas.canvas import canvas_to_bytes
from sonocanvas.errors import InvalidInputError, unknown
from sonocanvas.files.colour_maps import colour_tables, unmap_colour
from sonocanvas.files.origin import Origin, to_png_text
from sonocanvas.files.writing import BROKEN, PICTURES, check_finite, write_beside
from sonocanvas.formats import read_format
from sonocanvas.types import CanvasFormat

MOST_PIXELS = 51_000_000
"""Limit on pixels: those of a 50-megapixel camera, more than the longest canvas has (31 million). A
file of 100 KB can have more, and reading it would take gigabytes."""

STRIP_PIXELS = 2**20
"""Pixels that are converted at a time, to save memory."""

ORIENTATION = 0x0112  # EXIF tag
COMPRESSION = 4
"""zlib level of PNGs: less than half the time of level 6, and files 3 to 12 % larger."""


def write_canvas_png(
    path: Path,
    canvas: Tensor,
    canvas_format: CanvasFormat,
    gain_db: float = 0.0,
    origin: Origin | None = None,
) -> None:
    """Writes a canvas as an 8-bit gray PNG that records its meaning as sound.

    Args:
        path: The file to write.
        canvas: `(mels, frames)` in [0, 1].
        canvas_format: Stored as JSON in the text chunk ``sonocanvas``.
        gain_db: Gain of the sound before it was drawn; stored with the format.
        origin: The origin of the canvas; stored in comment, software and XMP.

    Raises:
        InvalidInputError: The canvas is not finite or the file cannot be written.
    """
    check_finite("canvas", canvas)
    meaning = {"canvas_format": dataclasses.asdict(canvas_format), "gain_db": gain_db}
    _write_png(path, canvas_to_bytes(canvas), meaning, origin)


def write_colour_png(
    path: Path,
    picture: Tensor,
    canvas_format: CanvasFormat,
    record: dict[str, Any],
    colour_map: str,
    origin: Origin | None = None,
) -> None:
    """Writes a canvas in colour as a PNG that `read_canvas_png` reads as the canvas.

    Args:
        path: The file to write.
        picture: `(3, mels, frames)` in [0, 1], of a `types.Colour`.
        canvas_format: What the canvas means as sound.
        record: How the colour was made; stored with the format.
        colour_map: Colour map; empty if gray is the channel mean.
        origin: The origin of the canvas.

    Raises:
        InvalidInputError: The picture is not finite or the file cannot be written.
    """
    meaning = {"canvas_format": dataclasses.asdict(canvas_format), "gain_db": 0.0}
    of_colour = {"colour": record, "colour_map": colour_map}
    _write_png(path, image_to_rgb(picture), meaning | of_colour, origin)


def read_colour_png(path: Path) -> tuple[Tensor, dict[str, Any], str]:
    """Returns the picture, the record and the map that `write_colour_png` wrote.

    Raises:
        InvalidInputError: As `read_canvas_png`, or the picture is not a canvas in colour.
    """
    picture = _open_picture(path)
    try:
        meaning = json.loads(picture.info["sonocanvas"])
        record, colour_map = dict(meaning["colour"]), str(meaning["colour_map"])
    except (KeyError, TypeError, ValueError, RecursionError):
        raise InvalidInputError(f"'{path}' does not say how its colour was made.") from None
    return _to_image(picture), record, colour_map


def read_image_png(path: Path) -> Tensor:
    """Returns a picture as an image `(3, height, width)` in [0, 1].

    Raises:
        InvalidInputError: As `read_picture`.
    """
    return _to_image(_open_picture(path))


def size_of(path: Path) -> tuple[int, int]:
    """Returns the width and the height of a picture without reading the rest.

    Raises:
        InvalidInputError: As `read_picture`.
    """
    return _open_picture(path, whole=False).size


def read_canvas_png(path: Path) -> tuple[Tensor, CanvasFormat | None]:
    """Returns a picture as a canvas `(1, height, width)` in [0, 1], and its format.

    Any picture is accepted. Gray is the channel mean, or the input of the colour map if the picture
    names one; transparent pixels are black. The format is `None` if the picture has none.

    Raises:
        InvalidInputError: The file is missing, is not a picture, is larger than 51 million pixels,
            has a format or map that is not valid, or has colours that are not in its map.
    """
    picture = _open_picture(path)
    text = picture.info.get("sonocanvas")
    canvas_format, colour_map = (None, "") if text is None else _meaning_from_json(text, path)
    if picture.mode.startswith("I"):
        gray = np.asarray(picture).astype(np.float32) / 65535
        return torch.from_numpy(gray.clip(0, 1)).unsqueeze(0), canvas_format
    canvas = torch.empty(1, picture.height, picture.width)
    for top, rgba in _strips(picture):
        levels = unmap_colour(rgba[..., :3], colour_map) if colour_map else _mean(rgba[..., :3])
        gray = levels.astype(np.float32) / 255 * (rgba[..., 3].astype(np.float32) / 255)
        canvas[0, top : top + len(gray)] = torch.from_numpy(gray.clip(0, 1))
    return canvas, canvas_format


def read_picture(path: Path) -> tuple[Tensor, Tensor]:
    """Returns any picture as it is displayed: gray `(height, width)` and opacity, in [0, 1].

    Gray is the channel mean. The picture is rotated by its EXIF orientation; 16 bits, floating
    point, palettes, CMYK and transparency are supported.

    Raises:
        InvalidInputError: The file is missing, is not a picture, or is larger than 51 million
            pixels.
    """
    picture = _open_picture(path)
    try:
        return picture_to_gray(picture)
    except BROKEN:
        raise InvalidInputError(f"'{path}' is not a picture that can be read.") from None


def picture_to_gray(picture: Image.Image) -> tuple[Tensor, Tensor]:
    """Returns the gray `(height, width)` of a PIL image and its opacity, as `read_picture` does."""
    if picture.getexif().get(ORIENTATION, 1) != 1:
        picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith(("I", "F")):
        deep = np.asarray(picture).astype(np.float32)
        highest = 65535 if picture.mode.startswith("I") else max(float(deep.max(initial=0)), 1e-9)
        gray = torch.from_numpy((deep / highest).clip(0, 1))
        return gray, torch.ones_like(gray)
    gray = torch.empty(picture.height, picture.width)
    opacity = torch.ones(()).expand(gray.shape)  # no copies if nothing is transparent
    if picture.has_transparency_data:
        opacity = torch.empty_like(gray)
    for top, levels in _strips(picture):
        rgba = levels.astype(np.float32) / 255
        gray[top : top + len(rgba)] = torch.from_numpy(_mean(rgba[..., :3]))
        if picture.has_transparency_data:
            opacity[top : top + len(rgba)] = torch.from_numpy(rgba[..., 3])
    return gray, opacity


def _strips(picture: Image.Image) -> Iterator[tuple[int, npt.NDArray[np.uint8]]]:
    """Yields the rows of a picture from the top, in strips: the first row's number, and RGBA."""
    rows = max(1, STRIP_PIXELS // max(1, picture.width))
    for top in range(0, picture.height, rows):
        strip = picture.crop((0, top, picture.width, min(top + rows, picture.height)))
        yield top, np.asarray(strip.convert("RGBA"))


def _to_image(picture: Image.Image) -> Tensor:
    image = torch.empty(3, picture.height, picture.width)
    for top, rgba in _strips(picture):
        image[:, top : top + len(rgba)] = rgb_to_image(rgba[..., :3])
    return image


def write_image_png(path: Path, image: Tensor, origin: Origin) -> None:
    """Writes an image `(3, height, width)` in [0, 1] as a PNG without a meaning as sound.

    Raises:
        InvalidInputError: A value is NaN or infinite.
    """
    picture = Image.fromarray(image_to_rgb(image))
    picture.save(path, pnginfo=to_png_text(origin), compress_level=COMPRESSION)


def image_to_rgb(image: Tensor) -> npt.NDArray[np.uint8]:
    """Returns the 8-bit picture `(height, width, 3)` of an image `(3, height, width)` in [0, 1].

    Raises:
        InvalidInputError: A value is NaN or infinite.
    """
    check_finite("image", image)
    levels = image.detach().float().cpu().clamp(0, 1).mul_(255).round_()  # one copy: may be large
    rgb: npt.NDArray[np.uint8] = levels.to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
    return rgb


def rgb_to_image(rgb: npt.NDArray[np.uint8]) -> Tensor:
    """Returns the image `(3, height, width)` in [0, 1] of an 8-bit picture."""
    return torch.from_numpy(rgb.astype(np.float32)).div_(255).permute(2, 0, 1)


def _mean(rgb: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    mean: npt.NDArray[np.float32] = rgb.astype(np.float32).mean(axis=-1)
    return mean


def _write_png(
    path: Path, pixels: npt.NDArray[np.uint8], meaning: dict[str, Any], origin: Origin | None
) -> None:
    text = to_png_text(origin)
    text.add_text("sonocanvas", json.dumps(meaning))
    picture = Image.fromarray(pixels)
    options: dict[str, Any] = {"format": "PNG", "pnginfo": text, "compress_level": COMPRESSION}
    write_beside(path, lambda beside: picture.save(beside, **options))


def _open_picture(path: Path, whole: bool = True) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns about files that it can still read
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=PICTURES) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise Image.DecompressionBombError
                if whole:
                    picture.load()
    except FileNotFoundError:
        raise InvalidInputError(f"There is no file '{path}'.") from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise InvalidInputError(
            f"'{path}' is too large; a picture can have at most {MOST_PIXELS} pixels."
        ) from None
    except BROKEN:
        raise InvalidInputError(f"'{path}' is not a picture that can be read.") from None
    return picture


def _meaning_from_json(text: str, path: Path) -> tuple[CanvasFormat, str]:
    """Returns format and colour map in a PNG's text chunk, which may come from anywhere."""
    try:
        meaning: dict[str, Any] = json.loads(text)
        fmt = read_format(meaning["canvas_format"])
        colour_map = str(meaning.get("colour_map", ""))
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        raise InvalidInputError(f"'{path}' carries a canvas format that is not valid.") from None
    if colour_map and colour_map not in colour_tables():
        raise unknown(f"colour map in '{path}':", colour_map, colour_tables())
    return fmt, colour_map
