"""Griffin-Lim: plays a canvas without a learned model.

Multiplicative updates, which keep every bin non-negative, spread the mel over the Fourier bins, and
the fast Griffin-Lim algorithm finds the phases. Frames hold only the window, without the zeros
around it. They are inverted by overlap-add with cropped edges, since `torch.istft(center=False)`
does not accept a window that ends in zeros.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from sonocanvas.canvas import canvas_to_level, canvas_to_mel, edges_samples, mel_filters
from sonocanvas.errors import InvalidInputError
from sonocanvas.types import CanvasFormat, Waveform

HALF_AN_8_BIT_STEP = 0.5 / 255
TINY = 1e-12


@dataclass(frozen=True)
class GriffinLim:
    """Plays a canvas by Griffin-Lim; the same canvas and seed give the same sound.

    Attributes:
        iterations: Rounds of the phase search, 1 to 10000.
        momentum: Share of the last round's change that is added again, 0 to 1; 0 gives the
            algorithm of Griffin and Lim, 1984.
        mel_iterations: Rounds of the mel inversion, 1 to 10000.
        seed: Seed of the initial phases, 0 or more.
    """

    iterations: int = 32
    momentum: float = 0.99
    mel_iterations: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        """Checks the options.

        Raises:
            InvalidInputError: An option is out of range.
        """
        for name in ("iterations", "mel_iterations"):
            rounds = getattr(self, name)
            if not 1 <= rounds <= 10000:
                raise InvalidInputError(f"griffin_lim: {name} must be 1 to 10000, not {rounds}.")
        if not 0 <= self.momentum <= 1:
            raise InvalidInputError(f"griffin_lim: momentum must be 0 to 1, not {self.momentum}.")
        if not 0 <= self.seed < 2**63:
            raise InvalidInputError(f"griffin_lim: seed must be 0 to 2^63 - 1, not {self.seed}.")

    @torch.no_grad()
    def __call__(self, canvas: Tensor, canvas_format: CanvasFormat) -> Waveform:
        """Returns the sound, `frames * hop` samples, of a canvas; level 0 is silence.

        Args:
            canvas: `(batch, mels, frames)` in [0, 1]; row 0 is the highest frequency.
            canvas_format: What the canvas means as sound.

        Raises:
            InvalidInputError: The shape is wrong, the canvas is too narrow to be analysed
                again, or a pixel is not finite.
        """
        mel = audible_mel(canvas, canvas_format)
        magnitude = mel_to_magnitude(mel, canvas_format, self.mel_iterations)
        samples = magnitude_to_waveform(
            magnitude, canvas_format, self.iterations, self.momentum, self.seed
        )
        return Waveform(samples, canvas_format.sample_rate_hz)


def audible_mel(canvas: Tensor, fmt: CanvasFormat) -> Tensor:
    """Returns the mel magnitudes `(batch, mels, frames)` of a canvas; silence is 0.

    Args:
        canvas: `(batch, mels, frames)` in [0, 1]; row 0 is the highest frequency.
        fmt: What the canvas means as sound.

    Raises:
        InvalidInputError: The shape is wrong, the canvas is too narrow to be analysed again,
            or a pixel is not finite.
    """
    mel = canvas_to_mel(canvas, fmt)
    if not torch.isfinite(mel).all():
        raise InvalidInputError("The canvas has pixels that are NaN; all must be in [0, 1].")
    _check_frames(mel.shape[-1], fmt)
    return mel.masked_fill(canvas_to_level(canvas, fmt) < HALF_AN_8_BIT_STEP, 0)


def mel_to_magnitude(mel: Tensor, fmt: CanvasFormat, iterations: int) -> Tensor:
    """Returns Fourier magnitudes `(batch, n_fft // 2 + 1, frames)`, none negative, of a mel.

    Each round multiplies a bin by the mean ratio of target to current mel over the bands that
    contain it: the update of Lee and Seung (2001), eq. 5, for the generalised Kullback-Leibler
    divergence, which fits quiet bands as well as loud ones, unlike least squares.

    Args:
        mel: `(batch, mels, frames)` magnitudes, 0 or more; the lowest band in row 0.
        fmt: What a canvas means as sound.
        iterations: Rounds, 1 or more.
    """
    filters = mel_filters(fmt).to(mel.device)
    spread = filters.T / filters.sum(dim=0).clamp(min=TINY)[:, None]
    magnitude = spread @ (mel / filters.sum(dim=1).clamp(min=TINY)[:, None])
    for _ in range(iterations):
        magnitude = magnitude * (spread @ (mel / (filters @ magnitude + TINY)))
    return magnitude


def magnitude_to_waveform(
    magnitude: Tensor, fmt: CanvasFormat, iterations: int, momentum: float, seed: int
) -> Tensor:
    """Returns sound `(batch, frames * hop)` whose spectrum approximates the given magnitudes.

    Args:
        magnitude: `(batch, n_fft // 2 + 1, frames)`, 0 or more.
        fmt: What a canvas means as sound.
        iterations: Rounds, 1 or more.
        momentum: 0 to 1.
        seed: Seed of the initial phases, which are the same for all items of the batch.

    Raises:
        InvalidInputError: There are too few frames to be analysed again.
    """
    _check_frames(magnitude.shape[-1], fmt)
    magnitude = magnitude.transpose(1, 2).contiguous()
    generator = torch.Generator().manual_seed(seed)
    phase = 2 * math.pi * torch.rand(magnitude.shape[1:], generator=generator)
    return search_phase(magnitude, phase.to(magnitude), fmt, iterations, momentum)


def search_phase(
    magnitude: Tensor, phase: Tensor, fmt: CanvasFormat, iterations: int, momentum: float
) -> Tensor:
    """Returns sound `(batch, frames * hop)` from magnitudes, improving phases round by round.

    The fast Griffin-Lim algorithm of Perraudin, Balazs and Sondergaard (2013).

    Args:
        magnitude: `(batch, frames, n_fft // 2 + 1)`, 0 or more.
        phase: Initial phases in radians; of that shape, or without the batch dimension.
        fmt: What a canvas means as sound.
        iterations: Rounds, 0 or more.
        momentum: 0 to 1.
    """
    spectrum = torch.polar(magnitude, phase.expand_as(magnitude))
    # The paper's extrapolation divided by 1 + momentum; its scale does not matter.
    pull = momentum / (1 + momentum)
    previous = torch.zeros_like(spectrum)
    for _ in range(iterations):
        consistent = analyse(synthesise(spectrum, fmt), fmt)
        spectrum = previous.mul_(-pull).add_(consistent)
        spectrum *= magnitude / spectrum.abs().add_(TINY)
        previous = consistent
    return synthesise(spectrum, fmt)


def analyse(samples: Tensor, fmt: CanvasFormat) -> Tensor:
    """Returns the spectrum `(batch, frames, bins)` of `(batch, samples)`."""
    edge = _edge_samples(fmt)
    edges = edge, fmt.window_samples - fmt.hop_samples - edge
    padded = functional.pad(samples, edges, mode="reflect")
    frames = padded.unfold(-1, fmt.window_samples, fmt.hop_samples)
    spectrum: Tensor = torch.fft.rfft(frames * _window(samples, fmt), fmt.n_fft)
    return spectrum


def synthesise(spectrum: Tensor, fmt: CanvasFormat) -> Tensor:
    """Returns the sound `(batch, samples)` that is nearest to a spectrum in least squares."""
    window = _window(spectrum.real, fmt)
    frames = torch.fft.irfft(spectrum, fmt.n_fft)[..., : fmt.window_samples] * window
    weight = _overlap_add(window.square().expand(1, frames.shape[1], -1), fmt)
    return _overlap_add(frames, fmt) / weight


def _check_frames(frames: int, fmt: CanvasFormat) -> None:
    fewest = max(edges_samples(fmt)) // fmt.hop_samples + 1
    if frames < fewest:
        raise InvalidInputError(f"The canvas has {frames} columns; it must have at least {fewest}.")


def _overlap_add(frames: Tensor, fmt: CanvasFormat) -> Tensor:
    """Returns the sum `(batch, frames * hop)` of overlapping frames, without the edges."""
    batch, count, width = frames.shape
    hop, edge = fmt.hop_samples, _edge_samples(fmt)
    pieces = -(-width // hop)
    cut = functional.pad(frames, (0, pieces * hop - width)).view(batch, count, pieces, hop)
    total = frames.new_zeros(batch, count + pieces - 1, hop)
    for piece in range(pieces):
        total[:, piece : piece + count] += cut[:, :, piece]
    return total.view(batch, -1)[:, edge : edge + count * hop]


def _edge_samples(fmt: CanvasFormat) -> int:
    """Returns the padding on the left minus the zeros to the left of the window."""
    return edges_samples(fmt)[0] - (fmt.n_fft - fmt.window_samples) // 2


def _window(like: Tensor, fmt: CanvasFormat) -> Tensor:
    return torch.hann_window(fmt.window_samples, dtype=like.dtype, device=like.device)
