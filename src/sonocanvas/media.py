"""One file in or out: a canvas as a PNG that knows what it means, sound as WAV, FLAC, OGG, MP3.

A file is written beside its place and then renamed, so that nothing half-written is ever found
under its own name. The same input gives the same bytes.
"""

import dataclasses
import json
import math
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
import torch
from PIL import Image
from torch import Tensor

from sonocanvas.canvas import MAX_DURATION_S, canvas_to_bytes, waveform_to_canvas
from sonocanvas.colour_maps import colour_tables, unmap_colour
from sonocanvas.errors import InvalidInputError, unknown
from sonocanvas.origin import Origin, to_comment, to_png_text
from sonocanvas.types import MINI_FORMAT, CanvasFormat, Waveform

PEAK = 0.95
PICTURES = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")  # others may run a program
FULL_SCALE = 32768
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


def image_to_rgb(image: Tensor) -> npt.NDArray[np.uint8]:
    """Returns the 8-bit picture `(height, width, 3)` of an image `(3, height, width)` in [0, 1].

    Raises:
        InvalidInputError: A value is NaN or infinite.
    """
    check_finite("image", image)
    levels = image.detach().float().cpu().clamp(0, 1).permute(1, 2, 0) * 255
    rgb: npt.NDArray[np.uint8] = levels.round().to(torch.uint8).numpy()
    return rgb


def rgb_to_image(rgb: npt.NDArray[np.uint8]) -> Tensor:
    """Returns the image `(3, height, width)` in [0, 1] of an 8-bit picture."""
    return torch.from_numpy(rgb.astype(np.float32) / 255).permute(2, 0, 1)


def _mean(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
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


def write_wav(path: Path, waveform: Waveform, origin: Origin | None = None) -> float:
    """Writes sound as a 16-bit WAV and returns the gain in dB, 0 unless it would clip.

    Args:
        path: Where to.
        waveform: `(1, samples)`; full scale is 1.
        origin: How the sound came about; kept in the INFO chunk.

    Raises:
        InvalidInputError: A sample is not finite or the file cannot be written.
    """
    pcm, gain_db = quantise(waveform)

    def write(beside: Path) -> None:
        with soundfile.SoundFile(
            beside, "w", waveform.sample_rate_hz, 1, subtype="PCM_16", format="WAV"
        ) as file:
            file.comment = to_comment(origin, gain_db)
            if origin is not None:
                file.software = origin.software
            file.write(pcm)

    write_beside(path, write)
    return gain_db


def read_sound(path: Path, sample_rate_hz: int) -> Waveform:
    """Returns the sound `(1, samples)` of a WAV, FLAC, OGG or MP3, mono and resampled.

    Args:
        path: The file; its channels are averaged.
        sample_rate_hz: Sample rate of the result.

    Raises:
        InvalidInputError: The file is missing, is not sound, is empty, is longer than
            10 minutes, or holds samples that are not finite.
    """
    if not path.is_file():
        raise InvalidInputError(f"There is no file '{path}'.")
    try:
        info = soundfile.info(path)
        if info.duration > MAX_DURATION_S:
            raise InvalidInputError(
                f"'{path}' lasts {info.duration:.0f} s; at most {MAX_DURATION_S} s can be drawn."
            )
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, TypeError):
        raise InvalidInputError(
            f"'{path}' is not sound that can be read; give a WAV, FLAC, OGG or MP3."
        ) from None
    if not samples.size:
        raise InvalidInputError(f"'{path}' holds no sound.")
    check_finite("sound", torch.from_numpy(samples))
    mono = soxr.resample(samples.mean(axis=1), rate, sample_rate_hz)
    return Waveform(torch.from_numpy(mono.astype(np.float32)).unsqueeze(0), sample_rate_hz)


def draw_sound(path: Path, keep_level: bool = False) -> tuple[Tensor, float]:
    """Returns the canvas `(mels, frames)` of a file of sound in `MINI_FORMAT`, and the gain in dB.

    Args:
        path: As `read_sound` takes it.
        keep_level: Whether the sound keeps its level; else its peak is brought to 0.95.

    Raises:
        InvalidInputError: The file cannot be read or is too short to be drawn.
    """
    samples = read_sound(path, MINI_FORMAT.sample_rate_hz).samples
    peak = float(samples.abs().max())
    gain = 1.0 if keep_level or peak == 0.0 else PEAK / peak
    return waveform_to_canvas(samples * gain, MINI_FORMAT)[0], 20 * math.log10(gain)


def read_comment(path: Path) -> str:
    """Returns the comment in a picture or a sound, empty where it has none.

    Raises:
        InvalidInputError: The file is neither a picture nor sound.
    """
    try:
        with soundfile.SoundFile(path) as sound:
            return str(sound.comment)
    except (soundfile.SoundFileError, TypeError):
        pass
    try:
        with Image.open(path, formats=PICTURES) as picture:
            return str(picture.info.get("Comment", ""))
    except (OSError, SyntaxError, ValueError):
        raise InvalidInputError(f"'{path}' is neither a picture nor sound.") from None


def write_beside(path: Path, write: Callable[[Path], None]) -> None:
    """Lets a file be written beside its place and then gives it its name.

    Raises:
        InvalidInputError: The file cannot be written; nothing is left of it.
    """
    beside = path.with_name(path.name + ".partial")
    try:
        write(beside)
        os.replace(beside, path)
    except (OSError, soundfile.SoundFileError) as error:
        beside.unlink(missing_ok=True)
        raise InvalidInputError(f"Cannot write '{path}': {_reason(error)}.") from None


def write_text(path: Path, text: str) -> None:
    """Writes a text as UTF-8.

    Raises:
        InvalidInputError: The file cannot be written; nothing is left of it.
    """

    def write(beside: Path) -> None:
        beside.write_text(text, encoding="utf-8")

    write_beside(path, write)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error).rstrip(".")


def check_target(path: Path, suffixes: str | tuple[str, ...], overwrite: bool) -> None:
    """Checks that a file can be written, before the work that makes it.

    Args:
        path: The file.
        suffixes: What its name may end in.
        overwrite: Whether a file that is there is replaced.

    Raises:
        InvalidInputError: The name ends otherwise, its folder is missing, or there is a file
            that may not be overwritten.
    """
    allowed = (suffixes,) if isinstance(suffixes, str) else suffixes
    if path.suffix.lower() not in allowed:
        endings = " or ".join(f"'{suffix}'" for suffix in allowed)
        raise InvalidInputError(f"'{path}' must end in {endings}.")
    if not path.parent.is_dir():
        raise InvalidInputError(f"There is no folder '{path.parent}'.")
    if path.is_dir() or (path.exists() and not overwrite):
        raise InvalidInputError(f"'{path}' exists; it is replaced only with --overwrite.")


def quantise(waveform: Waveform) -> tuple[npt.NDArray[np.int16], float]:
    """Returns sound `(1, samples)` as 16-bit levels and the gain in dB that keeps it unclipped."""
    samples = waveform.samples
    if samples.ndim != 2 or samples.shape[0] != 1 or not samples.shape[1]:
        raise InvalidInputError(f"The sound is {tuple(samples.shape)}; it must be (1, samples).")
    check_finite("sound", samples)
    levels = samples[0].detach().double().cpu().numpy() * FULL_SCALE
    peak = float(np.abs(levels).max())
    gain_db = min(0.0, 20 * math.log10((FULL_SCALE - 1) / max(peak, 1.0)))
    return np.round(levels * 10 ** (gain_db / 20)).astype(np.int16), gain_db


def dequantise(pcm: npt.NDArray[np.int16], gain_db: float, sample_rate_hz: int) -> Waveform:
    """Returns the sound `(1, samples)` of 16-bit levels, their gain undone."""
    levels = pcm.astype(np.float64) / FULL_SCALE / 10 ** (gain_db / 20)
    return Waveform(torch.from_numpy(levels.astype(np.float32)).unsqueeze(0), sample_rate_hz)


def check_finite(what: str, values: Tensor) -> None:
    """Raises `InvalidInputError` where a value is NaN or infinite."""
    if not torch.isfinite(values).all():
        raise InvalidInputError(f"The {what} has values that are NaN or infinite; none may be.")


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
