"""Sound files: WAV, FLAC, OGG and MP3.

The same input gives the same bytes.
"""

import io
import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
import torch
from torch import Tensor

from sonocanvas.canvas import MAX_DURATION_S, waveform_to_canvas
from sonocanvas.errors import InvalidInputError
from sonocanvas.files.origin import Origin, to_comment
from sonocanvas.files.writing import check_finite, opened_sound, write_beside
from sonocanvas.types import MINI_FORMAT, CanvasFormat, Waveform

PEAK = 0.95
FULL_SCALE = 32768
HIGHEST_RATE_HZ = 192_000
"""Highest sample rate, that of studio recordings; a second at the rate in a false header could take
a gigabyte."""
MOST_NUMBERS = MAX_DURATION_S * HIGHEST_RATE_HZ
"""10 minutes in stereo at 96 kHz; a file of 100 KB can hold more if it is silent."""
LONG = 2**25
"""Samples that are resampled at once, over 10 minutes at 48 kHz; longer sounds go in blocks."""
BLOCK = 2**20
"""Numbers that are decoded at a time, since a small file can hold many channels of silence."""
BROKEN = (soundfile.SoundFileError, OSError, TypeError, ValueError, RuntimeError, MemoryError)
"""Errors that readers of sound raise for a truncated or damaged file."""
FORMATS = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".ogg": ("OGG", "VORBIS"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
}
"""libsndfile's format and subtype by file extension."""


def write_sound(path: Path, waveform: Waveform, origin: Origin | None = None) -> float:
    """Writes sound in the format of the path's extension; returns the gain in dB, 0 if unclipped.

    WAV and FLAC store 16 bits losslessly; OGG (Vorbis) and MP3 are smaller and lossy.

    Args:
        path: The file; its extension is one of `FORMATS`.
        waveform: `(1, samples)`; full scale is 1.
        origin: The origin of the sound; stored in the file's comment.

    Raises:
        InvalidInputError: A sample is not finite or the file cannot be written.
    """
    pcm, gain_db = quantise(waveform)

    def write(beside: Path) -> None:
        kind, subtype = FORMATS[path.suffix.lower()]
        content = io.BytesIO()  # libsndfile does not say why a file cannot be written
        with soundfile.SoundFile(
            content, "w", waveform.sample_rate_hz, 1, subtype=subtype, format=kind
        ) as file:
            file.comment = to_comment(origin, gain_db)
            if origin is not None:
                file.software = origin.software
            file.write(pcm)
        beside.write_bytes(content.getvalue())

    write_beside(path, write)
    return gain_db


def read_sound(path: Path, sample_rate_hz: int) -> Waveform:
    """Returns the sound `(1, samples)` of a WAV, FLAC, OGG or MP3, mono and resampled.

    Args:
        path: The file; its channels are averaged.
        sample_rate_hz: Sample rate of the result.

    Raises:
        InvalidInputError: The file is missing, is not sound, is empty, is longer than 10 minutes,
            or has samples that are not finite.
    """
    if not path.is_file():
        raise InvalidInputError(f"There is no file '{path}'.")
    try:
        with opened_sound(path) as file:
            _check_size(file, path)
            mono, rate = _mono(file), file.samplerate
        if not mono.size:
            raise InvalidInputError(f"'{path}' holds no sound.")
        mono = _resampled(mono, rate, sample_rate_hz)
    except InvalidInputError:
        raise
    except BROKEN:
        raise InvalidInputError(
            f"'{path}' is not a sound that can be read; give a WAV, FLAC, OGG or MP3."
        ) from None
    if not mono.size:
        raise InvalidInputError(f"'{path}' holds no sound.")
    return Waveform(torch.from_numpy(mono.astype(np.float32)).unsqueeze(0), sample_rate_hz)


def read_pcm(path: Path) -> tuple[npt.NDArray[np.int16], int]:
    """Returns the 16-bit levels `(samples,)` of a WAV that `write_sound` wrote, and their rate.

    Raises:
        InvalidInputError: The file is missing or is not such a WAV.
    """
    try:
        with opened_sound(path) as file:
            if (file.format, file.subtype, file.channels) != ("WAV", "PCM_16", 1):
                raise InvalidInputError(f"'{path}' is not a WAV of one channel and 16 bits.")
            _check_size(file, path)
            levels: npt.NDArray[np.int16] = file.read(dtype="int16")
            return levels, file.samplerate
    except InvalidInputError:
        raise
    except BROKEN as error:
        reason = str(error).rstrip(".")
        raise InvalidInputError(f"'{path}' cannot be read: {reason}.") from None


def _check_size(file: soundfile.SoundFile, path: Path) -> None:
    """Checks what a header claims, before anything is decoded."""
    rate = file.samplerate
    if not 1 <= rate <= HIGHEST_RATE_HZ:
        raise InvalidInputError(
            f"'{path}' has a sample rate of {rate} Hz; 1 to {HIGHEST_RATE_HZ} Hz can be read."
        )
    if file.frames > MAX_DURATION_S * rate:
        raise InvalidInputError(
            f"'{path}' lasts {file.frames / rate:.0f} s; at most {MAX_DURATION_S} s can be drawn."
        )
    if file.frames * file.channels > MOST_NUMBERS:
        raise InvalidInputError(
            f"'{path}' holds {file.frames} samples in {file.channels} channels; "
            f"at most {MOST_NUMBERS} numbers are read: make it mono."
        )


def _mono(file: soundfile.SoundFile) -> npt.NDArray[np.float32]:
    """Returns the mean of the channels `(samples,)`, decoded block by block."""
    mono = np.empty(max(0, file.frames), np.float32)
    count = 0
    while count < len(mono):
        wanted = min(max(1, BLOCK // file.channels), len(mono) - count)
        block = file.read(wanted, dtype="float32", always_2d=True)
        if not len(block):
            break  # the file is shorter than its header claims
        check_finite("sound", torch.from_numpy(block))
        mono[count : count + len(block)] = block.mean(axis=1)
        count += len(block)
    return mono[:count]


def _resampled(
    mono: npt.NDArray[np.float32], rate_hz: int, wanted_hz: int
) -> npt.NDArray[np.float32]:
    if len(mono) <= LONG:
        resampled: npt.NDArray[np.float32] = soxr.resample(mono, rate_hz, wanted_hz)
        return resampled
    stream = soxr.ResampleStream(rate_hz, wanted_hz, 1, dtype="float32")
    return np.concatenate(
        [
            stream.resample_chunk(mono[first : first + BLOCK], last=first + BLOCK >= len(mono))
            for first in range(0, len(mono), BLOCK)
        ]
    )


def draw_sound(
    path: Path, keep_level: bool = False, canvas_format: CanvasFormat = MINI_FORMAT
) -> tuple[Tensor, float]:
    """Returns the canvas `(mels, frames)` of a file of sound, and the gain in dB.

    Args:
        path: The file, as for `read_sound`.
        keep_level: Whether the sound keeps its level; otherwise its peak is scaled to 0.95.
        canvas_format: What the canvas means as sound.

    Raises:
        InvalidInputError: The file cannot be read or is too short.
    """
    samples = read_sound(path, canvas_format.sample_rate_hz).samples
    peak = float(samples.abs().max())
    gain = 1.0 if keep_level or peak == 0.0 else PEAK / peak
    return waveform_to_canvas(samples * gain, canvas_format)[0], 20 * math.log10(gain)


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
    levels = pcm.astype(np.float64)
    levels /= FULL_SCALE
    levels /= 10 ** (gain_db / 20)
    return Waveform(torch.from_numpy(levels.astype(np.float32)).unsqueeze(0), sample_rate_hz)
