"""Plays a long canvas in parts, so that the memory needed does not grow with it."""

from torch import Tensor

from sonocanvas.overlap import faded_by_power, in_parts
from sonocanvas.protocols import Vocoder
from sonocanvas.types import CanvasFormat, Waveform

PART_FRAMES, OVERLAP_FRAMES = 2048, 128


def play(vocoder: Vocoder, canvas: Tensor, canvas_format: CanvasFormat) -> Waveform:
    """Returns the sound of a canvas `(batch, mels, frames)` in [0, 1] of any length.

    Args:
        vocoder: The vocoder.
        canvas: The canvas; played in parts if it has more than 2048 frames.
        canvas_format: What it means as sound.

    Raises:
        InvalidInputError: The vocoder cannot play it.
    """
    rate = canvas_format.sample_rate_hz

    def played(part: Tensor) -> Tensor:
        nonlocal rate
        waveform = vocoder(part, canvas_format)
        rate = waveform.sample_rate_hz
        return waveform.samples[:, None]

    samples = in_parts(canvas, PART_FRAMES, OVERLAP_FRAMES, played, faded_by_power)
    return Waveform(samples[:, 0], rate)
