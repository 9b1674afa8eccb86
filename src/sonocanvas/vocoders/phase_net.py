"""Phase net: plays a canvas with phases that a network predicts, then a little Griffin-Lim.

A network predicts how phases turn in time and between bins (`phase_network.py`). Frame by frame,
the phases that best fit these turns are found. From the resulting sound, Griffin-Lim gets closer in
a few rounds than from random phases in many.
"""

import dataclasses
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import solveh_banded
from torch import Tensor
from torch.nn import functional

from sonocanvas.errors import InvalidInputError
from sonocanvas.types import VOCODER_KEYS, CanvasFormat, VocoderWeights, Waveform
from sonocanvas.vocoders.griffin_lim import (
    analyse,
    audible_mel,
    mel_to_magnitude,
    search_phase,
    synthesise,
)
from sonocanvas.vocoders.phase_network import PhaseNetwork, load_network, magnitude_levels

QUIETEST = 1e-3  # smallest magnitude used in a fit; the floor of `mini` is 8e-3
TINY = 1e-12

Complex = NDArray[np.complex128]


@dataclass(frozen=True)
class PhaseNet:
    """Plays a canvas by the phase network that the pair carries.

    Attributes:
        weights: The network as saved; `None` only while options are checked.
        iterations: Rounds of Griffin-Lim after the network, 0 to 10000.
        momentum: Share of the last round's change that is added again, 0 to 1.
        mel_iterations: Rounds of the mel inversion, 1 to 10000.
    """

    weights: VocoderWeights | None
    iterations: int = 8
    momentum: float = 0.99
    mel_iterations: int = 10

    def __post_init__(self) -> None:
        """Checks the options and builds the network.

        Raises:
            InvalidInputError: An option is out of range.
            CheckpointError: The vocoder is not a phase network.
        """
        for name, least in (("iterations", 0), ("mel_iterations", 1)):
            rounds = getattr(self, name)
            if not least <= rounds <= 10000:
                raise InvalidInputError(
                    f"phase_net: {name} must be {least} to 10000, not {rounds}."
                )
        if not 0 <= self.momentum <= 1:
            raise InvalidInputError(f"phase_net: momentum must be 0 to 1, not {self.momentum}.")
        if self.weights is not None:
            _ = self.network

    @cached_property
    def network(self) -> PhaseNetwork:
        """The network with its weights, on the CPU."""
        if self.weights is None:
            raise InvalidInputError("phase_net needs a pair that carries its vocoder.")
        return load_network(self.weights).cpu()

    @torch.no_grad()
    def __call__(self, canvas: Tensor, canvas_format: CanvasFormat) -> Waveform:
        """Returns the sound, `frames * hop` samples, of a canvas; level 0 is silence.

        Args:
            canvas: `(batch, mels, frames)` in [0, 1]; row 0 is the highest frequency.
            canvas_format: What the canvas means as sound.

        Raises:
            InvalidInputError: The shape is wrong, the vocoder is for another format, the canvas
                is too narrow to be analysed again, or a pixel is not finite.
        """
        network = self.network
        _check_format(network.config, canvas_format)
        mel = audible_mel(canvas.cpu(), canvas_format)
        magnitude = mel_to_magnitude(mel, canvas_format, self.mel_iterations)
        in_time, in_frequency = network(magnitude_levels(magnitude, canvas_format))
        # Every second bin belongs to a transform as long as the window.
        half = dataclasses.replace(canvas_format, n_fft=canvas_format.window_samples)
        start = fit_phases(magnitude[:, ::2], in_time, in_frequency, half)
        phase = analyse(synthesise(start.transpose(1, 2), half), canvas_format).angle()
        samples = search_phase(
            magnitude.transpose(1, 2).contiguous(),
            phase,
            canvas_format,
            self.iterations,
            self.momentum,
        )
        return Waveform(samples, canvas_format.sample_rate_hz)


def fit_phases(
    magnitude: Tensor, in_time: Tensor, in_frequency: Tensor, fmt: CanvasFormat
) -> Tensor:
    """Returns a spectrum `(batch, bins, frames)` of given magnitudes whose phases fit the turns.

    In each frame the unit vectors `u` minimise, with `v` the previous frame turned in time,

        sum_k a[k] |u[k] - v[k]|^2 + sum_k b[k] |u[k + 1] - turn[k] u[k]|^2

    where `a` and `b` are the certainties of the turns times the two magnitudes that they connect:
    the framewise weighted least squares of Masuyama, Yatabe, Nagatomo and Oikawa (2023), "Online
    phase reconstruction via DNN-based phase differences estimation". Here it is a tridiagonal
    system of equations; the items of a batch share one system, uncoupled.

    Args:
        magnitude: `(batch, bins, frames)`, 0 or more.
        in_time: Turns in time, of the same shape; see `PhaseNetwork`.
        in_frequency: Turns in frequency; those of the last bin are not used.
        fmt: A format whose transform is as long as its window.
    """
    batch, bins, frames = magnitude.shape
    loud = magnitude.double().clamp(min=QUIETEST)
    before = functional.pad(loud, (1, 0), value=QUIETEST)[..., :-1]
    advance = 2 * math.pi * fmt.hop_samples / fmt.n_fft * torch.arange(bins)
    in_time = (in_time * loud * before + TINY) * torch.polar(torch.ones(bins), advance)[:, None]
    in_frequency = in_frequency * loud
    in_frequency[:, :-1] *= loud[:, 1:]
    in_frequency[:, -1] = 0  # uncouples the last bin of an item and the first of the next
    in_time, in_frequency = (
        turn.permute(2, 0, 1).reshape(frames, batch * bins) for turn in (in_time, in_frequency)
    )
    units = torch.from_numpy(_solve(in_time.numpy(), in_frequency.numpy()))
    units = units.view(frames, batch, bins).permute(1, 2, 0)
    from_the_middle = 1 - 2 * (torch.arange(bins) % 2)
    return (magnitude * from_the_middle[:, None] * units).to(torch.complex64)


def _solve(in_time: Complex, in_frequency: Complex) -> Complex:
    """Returns unit vectors `(frames, bins)` that fit turns whose lengths are weights."""
    bands = np.stack([np.abs(in_time) + np.abs(in_frequency), -in_frequency], axis=1)
    bands[:, 0, 1:] += np.abs(in_frequency[:, :-1])
    units = np.empty_like(in_time)
    unit = np.ones_like(in_time[0])
    for frame, (band, turn) in enumerate(zip(bands, in_time, strict=True)):
        solution = solveh_banded(band, turn * unit, lower=True, check_finite=False)
        unit = units[frame] = np.exp(1j * np.angle(solution))
    return units


def _check_format(config: dict[str, Any], fmt: CanvasFormat) -> None:
    """Checks that a vocoder was made for a format."""
    for key, field in VOCODER_KEYS.items():
        if config.get(key) != getattr(fmt, field):
            raise InvalidInputError(
                f"The canvas has {field} {getattr(fmt, field)}, but this vocoder plays {key} "
                f"{config.get(key)}."
            )
