"""Pictures in files: a canvas, gray or in colour, as a PNG that knows what it means as sound.

The same input gives the same bytes.
"""

import dataclasses
import json
import warnings
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
from sonocanvas.files.writing import PICTURES, check_finite, write_beside
from sonocanvas.types import CanvasFormat

HIGHEST = {"sample_rate_hz": 192_000, "n_fft": 32_768, "mels": 2_048}


def write_canvas_png(
    path: Path,
    canvas: Tensor,
    canvas_format: CanvasFormat,
    gain_db: float = 0.0,
    origin: Origin | None = None,
) -> None:
    """Writes a canvas as an 8-bit gray PNG that carries what it means as sound.

    Args:
        path: Where to.
        canvas: `(mels, frames)` in [0, 1].
        canvas_format: Kept as JSON in the text chunk ``sonocanvas``.
        gain_db: Gain that the sound was given before it was drawn; kept beside the format.
        origin: How the canvas came about; kept in comment, software and XMP.

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
        path: Where to.
        picture: `(3, mels, frames)` in [0, 1], of a `types.Colour`.
        canvas_format: What the canvas means as sound.
        record: How the colour was made; kept beside the format.
        colour_map: Map of the colours; empty where gray is the channel mean.
        origin: How the canvas came about.

    Raises:
        InvalidInputError: The picture is not finite or the file cannot be written.
    """
    meaning = {"canvas_format": dataclasses.asdict(canvas_format), "gain_db": 0.0}
    of_colour = {"colour": record, "colour_map": colour_map}
    _write_png(path, image_to_rgb(picture), meaning | of_colour, origin)


def read_colour_png(path: Path) -> tuple[Tensor, dict[str, Any], str]:
    """Returns what `write_colour_png` wrote: the picture, the record and the map.

    Raises:
        InvalidInputError: As `read_canvas_png`, or the picture is not one of a canvas in colour.
    """
    picture = _open_picture(path)
    try:
        meaning = json.loads(picture.info["sonocanvas"])
        record, colour_map = dict(meaning["colour"]), str(meaning["colour_map"])
    except (KeyError, TypeError, ValueError):
        raise InvalidInputError(f"'{path}' does not say how its colour was made.") from None
    return rgb_to_image(np.asarray(picture.convert("RGB"))), record, colour_map


def read_canvas_png(path: Path) -> tuple[Tensor, CanvasFormat | None]:
    """Returns a picture as a canvas `(1, height, width)` in [0, 1], and its format.

    Any picture will do: gray is the channel mean, or what the colour map was given where the
    picture carries the map's name; what is transparent is black. The format is `None` where the
    picture does not carry one.

    Raises:
        InvalidInputError: The file is missing, is not a picture, is larger than 89 million
            pixels, carries a format or a map that means nothing, or colours that are not its map's.
    """
    picture = _open_picture(path)
    text = picture.info.get("sonocanvas")
    canvas_format, colour_map = (None, "") if text is None else _meaning_from_json(text, path)
    if picture.mode.startswith("I"):
        gray = np.asarray(picture).astype(np.float32) / 65535
    else:
        rgba = np.asarray(picture.convert("RGBA"))
        levels = unmap_colour(rgba[..., :3], colour_map) if colour_map else _mean(rgba[..., :3])
        gray = levels.astype(np.float32) / 255 * (rgba[..., 3].astype(np.float32) / 255)
    return torch.from_numpy(gray.clip(0, 1)).unsqueeze(0), canvas_format


def read_picture(path: Path) -> tuple[Tensor, Tensor]:
    """Returns any picture as it is seen: its gray `(height, width)` and its opacity, in [0, 1].

    Gray is the channel mean. The picture is turned upright as its EXIF says; 16 bits, floating
    point, palettes, CMYK and transparency are read as what they mean.

    Raises:
        InvalidInputError: The file is missing, is not a picture, or is larger than 89 million
            pixels.
    """
    return picture_to_gray(_open_picture(path))


def picture_to_gray(picture: Image.Image) -> tuple[Tensor, Tensor]:
    """Returns the gray `(height, width)` of a PIL image and its opacity, as `read_picture` does."""
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith(("I", "F")):
        deep = np.asarray(picture).astype(np.float32)
        highest = 65535 if picture.mode.startswith("I") else max(float(deep.max(initial=0)), 1e-9)
        gray = torch.from_numpy((deep / highest).clip(0, 1))
        return gray, torch.ones_like(gray)
    rgba = np.asarray(picture.convert("RGBA")).astype(np.float32) / 255
    return torch.from_numpy(_mean(rgba[..., :3])), torch.from_numpy(rgba[..., 3].copy())


def image_to_rgb(image: Tensor) -> npt.NDArray[np.uint8]:
    """Returns the 8-bit picture `(height, width, 3)` of an image `(3, height, width)` in [0, 1].

    Raises:
        InvalidInputError: A value is NaN or infinite.
    """
    check_finite("image", image)
    levels = image.detach().float().cpu().clamp(0, 1).mul_(255).round_()  # one copy: it may be long
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
    write_beside(path, lambda beside: picture.save(beside, format="PNG", pnginfo=text))


def _open_picture(path: Path) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=PICTURES) as picture:
                picture.load()
    except FileNotFoundError:
        raise InvalidInputError(f"There is no file '{path}'.") from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise InvalidInputError(
            f"'{path}' is too large; a picture has at most {Image.MAX_IMAGE_PIXELS} pixels."
        ) from None
    except (OSError, SyntaxError, ValueError):
        raise InvalidInputError(f"'{path}' is not a picture that can be read.") from None
    return picture


def _meaning_from_json(text: str, path: Path) -> tuple[CanvasFormat, str]:
    """Returns format and colour map in a PNG's text chunk, which may come from anywhere."""
    wrong = InvalidInputError(f"'{path}' carries a canvas format that means nothing.")
    try:
        meaning: dict[str, Any] = json.loads(text)
        values, colour_map = meaning["canvas_format"], str(meaning.get("colour_map", ""))
        for field in dataclasses.fields(CanvasFormat):  # a file of old lacks what has a default
            if type(values.get(field.name, field.default)).__name__ != field.type:
                raise wrong
        fmt = CanvasFormat(**values)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise wrong from None
    sizes_fit = all(1 <= getattr(fmt, name) <= most for name, most in HIGHEST.items())
    windows_fit = 1 <= fmt.hop_samples <= fmt.window_samples <= fmt.n_fft
    bands_fit = 0 <= fmt.f_min_hz < fmt.f_max_hz <= fmt.sample_rate_hz / 2
    levels_fit = 0 < fmt.log_floor < fmt.log_ceiling and 0 <= fmt.power <= 1
    if not (sizes_fit and windows_fit and bands_fit and levels_fit):
        raise wrong
    if colour_map and colour_map not in colour_tables():
        raise unknown(f"colour map in '{path}':", colour_map, colour_tables())
    return fmt, colour_map
