"""The network that predicts how phases turn, from magnitudes alone.

Between two frames the phase of a bin turns by its instantaneous frequency, and between two bins of
a frame by the group delay. Both can be inferred from the magnitudes around a bin and, unlike the
phase itself, do not depend on when the sound began. The idea is from Masuyama, Yatabe, Koizumi,
Oikawa and Harada (2020), "Phase reconstruction based on recurrent phase unwrapping with deep neural
networks".
"""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from sonocanvas.errors import CheckpointError
from sonocanvas.types import CanvasFormat, VocoderWeights
from sonocanvas.values import shown
from sonocanvas.vocoders.weights import load_tensors

STACK = 4  # bins per row of the network
OUTPUTS = 4  # real parts of the turns in time and in frequency, then imaginary parts
MOST_CHANNELS, MOST_DILATION = 65_536, 1_000
FILTER_SUM = 0.128  # sum of a Slaney filter over bins of 7.8 Hz: magnitude = mel / FILTER_SUM


class PhaseNetwork(nn.Module):
    """Levels to turns of phase: 3 x 3 convolutions over rows of four bins.

    Args:
        config: Has `width`, the number of channels, and `dilations` over frequency, one per
            residual convolution.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        self.config = config
        width, dilations = config["width"], config["dilations"]
        self.first = nn.Conv2d(2 * STACK + 1, width, 3, padding=1)
        self.middle = nn.ModuleList(
            nn.Conv2d(width, width, 3, padding=(step, 1), dilation=(step, 1)) for step in dilations
        )
        self.last = nn.Conv2d(width, STACK * OUTPUTS, 1)

    def forward(self, levels: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the turns in time and in frequency, complex `(batch, bins, frames)` each.

        A turn is the expected unit vector: its angle is the prediction and its length, 0 to 1, the
        certainty. The first is `phase[t] - phase[t - 1]` minus the advance at the bin's centre
        frequency. The second is `phase[k + 1] - phase[k]`, with phases measured from the middle of
        the window.

        Args:
            levels: `(batch, 2 * bins - 1, frames)`, see `magnitude_levels`; every second one lies
                between two bins.
        """
        batch, count, frames = levels.shape
        bins = (count + 1) // 2
        rows = -(-bins // STACK)
        padded = functional.pad(levels, (0, 0, 0, rows * 2 * STACK - count))
        stacked = padded.view(batch, rows, 2 * STACK, frames).transpose(1, 2)
        height = torch.linspace(0, 1, rows, device=levels.device)[:, None]
        height = height.expand(batch, 1, rows, frames).to(levels.dtype)
        hidden = self.first(torch.cat([stacked, height], dim=1))
        for convolution in self.middle:
            hidden = hidden + convolution(functional.silu(hidden))
        guess = self.last(functional.silu(hidden)).float()
        guess = guess.view(batch, OUTPUTS, STACK, rows, frames).transpose(2, 3)
        guess = guess.reshape(batch, OUTPUTS, rows * STACK, frames)[:, :, :bins]
        in_time, in_frequency = torch.complex(guess[:, :2], guess[:, 2:]).unbind(1)
        return in_time, in_frequency


def magnitude_levels(magnitude: Tensor, fmt: CanvasFormat) -> Tensor:
    """Returns magnitudes scaled for the network: 0 at the floor of a canvas, 1 at its ceiling.

    Args:
        magnitude: Fourier magnitudes, 0 or more.
        fmt: What a canvas means as sound.
    """
    low = math.log(fmt.log_floor / FILTER_SUM)
    high = math.log(fmt.log_ceiling / FILTER_SUM)
    return (magnitude.clamp(min=math.exp(low)).log() - low) / (high - low)


def load_network(weights: VocoderWeights) -> PhaseNetwork:
    """Returns the network of a saved vocoder.

    Args:
        weights: The vocoder as saved.

    Raises:
        CheckpointError: The configuration or the weights are not those of a phase network.
    """
    width, dilations = weights.config.get("width"), weights.config.get("dilations")
    if type(width) is not int or not 1 <= width <= MOST_CHANNELS:
        raise CheckpointError(
            f"The vocoder has the width {shown(width)}; it must be from 1 to {MOST_CHANNELS}."
        )
    steps = dilations if isinstance(dilations, list) else [None]
    if len(steps) > MOST_DILATION or not all(
        type(step) is int and 1 <= step <= MOST_DILATION for step in steps
    ):
        raise CheckpointError(
            f"The vocoder has the dilations {shown(dilations)}; they must be a list of numbers "
            f"from 1 to {MOST_DILATION}."
        )
    with torch.device("meta"):  # shapes without numbers: they may not be those of the file
        network = PhaseNetwork(weights.config)
    load_tensors(network, weights.tensors)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network
