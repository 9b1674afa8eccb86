"""The canvas: latent <-> image <-> canvas <-> log-mel <-> waveform, inverses side by side.

A canvas is a grayscale picture in [0, 1]. Its rows are mel bands, the highest frequency in row 0,
and its columns are hops of time. A mel is the magnitude that it shows, with the lowest frequency in
row 0 as in audio libraries. A level is the loudness as drawn, from 0 to 1. Gradients flow through
every stage.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional
from transformers.audio_utils import hertz_to_mel, mel_filter_bank, mel_to_hertz

from sonocanvas.devices import device_of
from sonocanvas.errors import InvalidInputError, unknown
from sonocanvas.overlap import faded, in_parts
from sonocanvas.settings import DURATIONS_S
from sonocanvas.types import FORMATS, CanvasFormat

if TYPE_CHECKING:
    from diffusers import ModelMixin

MAX_DURATION_S = DURATIONS_S[1]
PART_SAMPLES = 2**23
"""Longer sounds are analysed in parts of this many samples, where overlapping frames count each
sample again: 41 s in the format of `mini`."""
DRAWN_COLUMNS = 8192
"""Columns that are drawn at a time."""
PART_COLUMNS, PART_PIXELS = 256, 4096
"""Wider latents and pictures are decoded and encoded in parts of this width."""
FAINTEST = 1e-24
"""Fraction of the ceiling below which a power law is constant, as its slope would be infinite."""


@lru_cache(maxsize=8)
def mel_filters(fmt: CanvasFormat) -> Tensor:
    """Returns the mel filters `(mels, n_fft // 2 + 1)`, the lowest band first.

    The tensor is shared by all callers: never write to it.
    """
    scale, norm = ("htk", None) if fmt.htk else ("slaney", "slaney")
    filters = mel_filter_bank(
        num_frequency_bins=fmt.n_fft // 2 + 1,
        num_mel_filters=fmt.mels,
        min_frequency=fmt.f_min_hz,
        max_frequency=fmt.f_max_hz,
        sampling_rate=fmt.sample_rate_hz,
        norm=norm,
        mel_scale=scale,
    )
    return torch.from_numpy(filters.T.astype(np.float32))


def band_middles(fmt: CanvasFormat) -> Tensor:
    """Returns the centre of each mel band in Hz `(mels,)`, lowest first."""
    scale = "htk" if fmt.htk else "slaney"
    low, high = (hertz_to_mel(edge, scale) for edge in (fmt.f_min_hz, fmt.f_max_hz))
    edges = mel_to_hertz(np.linspace(low, high, fmt.mels + 2), scale)
    return torch.from_numpy(edges[1:-1]).float()


def row_of(frequency_hz: float, fmt: CanvasFormat) -> float:
    """Returns how many rows above the lower edge of a canvas a frequency lies.

    The middle of row `k` from below, at `k + 0.5`, is the centre of band `k`: point `k + 1` of
    `mels + 2` points that are equally spaced on the mel scale from `f_min` to `f_max`.
    """
    scale = "htk" if fmt.htk else "slaney"
    low, here, high = (
        hertz_to_mel(one, scale) for one in (fmt.f_min_hz, frequency_hz, fmt.f_max_hz)
    )
    return float((here - low) / (high - low) * (fmt.mels + 1) - 0.5)


def waveform_to_mel(samples: Tensor, fmt: CanvasFormat) -> Tensor:
    """Returns the mel magnitudes `(batch, mels, samples // hop)` of sound, float32.

    Args:
        samples: `(batch, samples)` at the format's sample rate; full scale is 1.
        fmt: What a canvas means as sound.

    Raises:
        InvalidInputError: The shape is wrong, the sound is too short for its reflected padding,
            or a sample is not finite.
    """
    _check_shape("samples", samples, "(batch, samples)")
    edges = edges_samples(fmt)
    if samples.shape[1] <= max(edges):
        raise InvalidInputError(
            f"The sound has {samples.shape[1]} samples; a canvas needs at least {max(edges) + 1}."
        )
    if not torch.isfinite(samples).all():
        raise InvalidInputError(
            "The sound has samples that are NaN or infinite; all must be finite."
        )
    padded = functional.pad(samples.float(), edges, mode="reflect")
    frames = (padded.shape[1] - fmt.n_fft) // fmt.hop_samples + 1
    parts = []  # a spectrum takes much more memory than its sound and mel
    most = max(1, PART_SAMPLES // fmt.n_fft)
    for first in range(0, frames, most):
        count = min(most, frames - first)
        begin = first * fmt.hop_samples
        end = begin + (count - 1) * fmt.hop_samples + fmt.n_fft
        parts.append(_mel_of(padded[:, begin:end], fmt))
    return torch.cat(parts, dim=2)


def _mel_of(padded: Tensor, fmt: CanvasFormat) -> Tensor:
    """Returns the mel magnitudes of sound that is already padded."""
    spectrum = torch.stft(
        padded,
        n_fft=fmt.n_fft,
        hop_length=fmt.hop_samples,
        win_length=fmt.window_samples,
        window=torch.hann_window(fmt.window_samples, device=padded.device),
        center=False,
        return_complex=True,
    )
    power = spectrum.real.square() + spectrum.imag.square()
    magnitude = torch.sqrt(power + (1e-12 if fmt.power else 1e-9))  # keeps the gradient finite
    return mel_filters(fmt).to(padded.device) @ magnitude


def format_named(name: str) -> CanvasFormat:
    """Returns a format by its name.

    Args:
        name: A key of `types.FORMATS`.

    Raises:
        InvalidInputError: The name is unknown.
    """
    if name not in FORMATS:
        raise unknown("format", name, FORMATS)
    return FORMATS[name]


def mel_to_canvas(mel: Tensor, fmt: CanvasFormat) -> Tensor:
    """Returns the canvas `(batch, mels, frames)` in [0, 1] of mel magnitudes.

    Args:
        mel: `(batch, mels, frames)` magnitudes, the lowest band in row 0; clamped to the format's
            floor and ceiling.
        fmt: What a canvas means as sound.

    Raises:
        InvalidInputError: The shape is wrong.
    """
    _check_shape("mel", mel, "(batch, mels, frames)", rows=fmt.mels)
    if fmt.power:
        share = mel.float() / fmt.log_ceiling
        level = share.clamp(FAINTEST, 1) ** fmt.power
    else:
        low, high = math.log(fmt.log_floor), math.log(fmt.log_ceiling)
        logarithm = mel.float().clamp(fmt.log_floor, fmt.log_ceiling).log()
        level = ((logarithm - low) / (high - low)).clamp(0, 1)
    return (1 - level if fmt.inverted else level).flip(-2)


def canvas_to_level(canvas: Tensor, fmt: CanvasFormat) -> Tensor:
    """Returns how loud `(batch, mels, frames)` a canvas is drawn, the lowest band in row 0.

    Args:
        canvas: `(batch, mels, frames)`, clamped to [0, 1]; row 0 is the highest band.
        fmt: What a canvas means as sound.

    Returns:
        Levels in [0, 1]; 0 is silence.

    Raises:
        InvalidInputError: The shape is wrong.
    """
    _check_shape("canvas", canvas, "(batch, mels, frames)", rows=fmt.mels)
    level = canvas.clamp(0, 1).flip(-2)
    return 1 - level if fmt.inverted else level


def canvas_to_mel(canvas: Tensor, fmt: CanvasFormat) -> Tensor:
    """Returns the mel magnitudes `(batch, mels, frames)` of a canvas, none of them 0.

    Args:
        canvas: `(batch, mels, frames)`, clamped to [0, 1]; row 0 is the highest band.
        fmt: What a canvas means as sound.

    Raises:
        InvalidInputError: The shape is wrong.
    """
    level = canvas_to_level(canvas.float(), fmt)
    if fmt.power:
        return fmt.log_ceiling * (level ** (1 / fmt.power)).clamp(min=FAINTEST)
    low, high = math.log(fmt.log_floor), math.log(fmt.log_ceiling)
    return torch.exp(low + (high - low) * level)


def canvas_to_db(canvas: Tensor, fmt: CanvasFormat) -> Tensor:
    """Returns the level of a canvas above the floor in dB `(batch, mels, frames)`; silence is 0.

    Args:
        canvas: `(batch, mels, frames)`, clamped to [0, 1]; row 0 is the highest band.
        fmt: What a canvas means as sound.

    Raises:
        InvalidInputError: The shape is wrong.
    """
    level = canvas_to_level(canvas, fmt)
    range_db = 20 * math.log10(fmt.log_ceiling / fmt.log_floor)
    if fmt.power:
        below_ceiling_db = 20 / fmt.power * level.clamp(min=FAINTEST).log10()
        return (range_db + below_ceiling_db).clamp(min=0)
    return range_db * level


def waveform_to_canvas(samples: Tensor, fmt: CanvasFormat) -> Tensor:
    """Returns the canvas `(batch, mels, samples // hop)` of sound `(batch, samples)`."""
    mel = waveform_to_mel(samples, fmt)
    parts = [mel_to_canvas(part, fmt) for part in torch.split(mel, DRAWN_COLUMNS, 2)]
    return torch.cat(parts, dim=2)


def image_to_canvas(image: Tensor) -> Tensor:
    """Returns the channel mean `(batch, height, width)` of `(batch, 3, height, width)`."""
    _check_shape("image", image, "(batch, 3, height, width)", channels=3)
    return image.float().mean(dim=1)


def canvas_to_image(canvas: Tensor) -> Tensor:
    """Returns the gray image `(batch, 3, height, width)` of `(batch, height, width)`."""
    _check_shape("canvas", canvas, "(batch, height, width)")
    return canvas.float().unsqueeze(1).repeat(1, 3, 1, 1)


def decode_latents(vae: ModelMixin, latents: Tensor) -> Tensor:
    """Returns the image `(batch, 3, height, width)` in [0, 1] of clean latents, float32.

    A canvas much wider than the models' own is decoded in parts.

    Args:
        vae: A diffusers autoencoder with `decode`.
        latents: `(batch, channels, height, width)`, scaled as the UNets see them.
    """
    _check_shape("latents", latents, "(batch, channels, height, width)")
    shift = getattr(vae.config, "shift_factor", None) or 0.0

    def decode(part: Tensor) -> Tensor:
        scaled = part / vae.config.scaling_factor + shift
        image: Tensor = vae.decode(scaled.to(device_of(vae), vae.dtype)).sample
        return (image.float() / 2 + 0.5).clamp(0, 1)

    return in_parts(latents, PART_COLUMNS, PART_COLUMNS // 8, decode, faded)


def encode_image(vae: ModelMixin, image: Tensor) -> Tensor:
    """Returns the float32 latents, at their mode, of an image in [0, 1].

    Args:
        vae: A diffusers autoencoder with `encode`.
        image: `(batch, 3, height, width)`; height and width are multiples of the autoencoder's
            downsampling factor.
    """
    _check_shape("image", image, "(batch, 3, height, width)", channels=3)
    shift = getattr(vae.config, "shift_factor", None) or 0.0

    def encode(part: Tensor) -> Tensor:
        encoded = vae.encode((part * 2 - 1).to(device_of(vae), vae.dtype))
        latents: Tensor = encoded.latent if "latent" in encoded else encoded.latent_dist.mode()
        return (latents.float() - shift) * float(vae.config.scaling_factor)

    return in_parts(image, PART_PIXELS, PART_PIXELS // 8, encode, faded)


def canvas_to_bytes(canvas: Tensor) -> npt.NDArray[np.uint8]:
    """Returns the 8-bit picture `(height, width)` of a canvas `(height, width)` in [0, 1]."""
    _check_shape("canvas", canvas, "(height, width)")
    gray: npt.NDArray[np.uint8] = (
        (canvas.detach().float().clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()
    )
    return gray


def bytes_to_canvas(gray: npt.NDArray[np.uint8]) -> Tensor:
    """Returns the canvas `(height, width)` in [0, 1] of an 8-bit picture `(height, width)`."""
    if gray.dtype != np.uint8 or gray.ndim != 2:
        raise InvalidInputError(
            f"gray is {gray.dtype} of shape {gray.shape}; it must be uint8 (height, width)."
        )
    return torch.from_numpy(gray.astype(np.float32) / 255)


def edges_samples(fmt: CanvasFormat) -> tuple[int, int]:
    """Returns the padding on the (left, right) that makes the number of frames samples / hop."""
    total = fmt.n_fft - fmt.hop_samples
    left = fmt.n_fft // 2 if fmt.centred else total // 2
    return left, total - left


def fit_rows(canvas: Tensor, fmt: CanvasFormat) -> Tensor:
    """Returns any gray picture, scaled in proportion to the rows of the format.

    Args:
        canvas: `(batch, height, width)` in [0, 1].
        fmt: What a canvas means as sound.

    Raises:
        InvalidInputError: The shape is wrong, or the scaled picture is too wide (more than
            10 minutes of sound) or too narrow to be analysed as sound.
    """
    _check_shape("canvas", canvas, "(batch, height, width)")
    height, width = canvas.shape[1:]
    frames = round(width * fmt.mels / height)
    narrowest = max(edges_samples(fmt)) // fmt.hop_samples + 1
    widest = MAX_DURATION_S * fmt.sample_rate_hz // fmt.hop_samples
    if not narrowest <= frames <= widest:
        raise InvalidInputError(
            f"A picture of {width} x {height} becomes {frames} x {fmt.mels}; a canvas is "
            f"{narrowest} to {widest} columns wide (at most {MAX_DURATION_S} s of sound)."
        )
    if (height, width) == (fmt.mels, frames):
        return canvas.float()
    size = (fmt.mels, frames)
    scaled = functional.interpolate(
        canvas.float().unsqueeze(1), size=size, mode="bilinear", antialias=True
    )
    return scaled.squeeze(1).clamp(0, 1)


def _check_shape(
    name: str, tensor: Tensor, wanted: str, rows: int | None = None, channels: int | None = None
) -> None:
    shape = tuple(tensor.shape)
    fits = len(shape) == wanted.count(",") + 1 and 0 not in shape
    fits = fits and (rows is None or shape[-2] == rows)
    fits = fits and (channels is None or shape[1] == channels)
    if not fits:
        count = f" with {rows} rows" if rows else ""
        raise InvalidInputError(f"{name} has the shape {shape}; it must be {wanted}{count}.")
