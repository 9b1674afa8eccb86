"""The network that guesses how phases turn, from magnitudes alone.

Between two frames the phase of a bin turns by its instantaneous frequency, and between two bins
of a frame by the group delay. Both show in the magnitudes around a bin, and unlike the phase
itself they do not depend on when the sound began: what Masuyama, Yatabe, Koizumi, Oikawa and
Harada (2020), "Phase reconstruction based on recurrent phase unwrapping with deep neural
networks", let a network predict.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from sonocanvas.errors import CheckpointError
from sonocanvas.types import CanvasFormat, VocoderWeights

STACK = 4  # bins that one row of the network holds
OUTPUTS = 4  # real and imaginary part of the turn in time and of the turn in frequency
FILTER_SUM = 0.128  # sum of a Slaney filter over bins of 7.8 Hz: magnitude = mel / this


class PhaseNetwork(nn.Module):
    """Levels to turns of phase: 3 x 3 convolutions over rows of four bins.

    Args:
        width: Channels.
        dilations: Dilation over frequency of each residual convolution.
    """

    def __init__(self, width: int, dilations: list[int]) -> None:
        super().__init__()
        self.width, self.dilations = width, dilations
        self.first = nn.Conv2d(2 * STACK + 1, width, 3, padding=1)
        self.middle = nn.ModuleList(
            nn.Conv2d(width, width, 3, padding=(step, 1), dilation=(step, 1)) for step in dilations
        )
        self.last = nn.Conv2d(width, STACK * OUTPUTS, 1)

    def forward(self, levels: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the turns in time and in frequency, complex `(batch, bins, frames)` each.

        A turn is the mean of the unit vectors that the network holds possible: its angle is the
        guess and its length, 0 to 1, how sure it is. The first is `phase[t] - phase[t - 1]` less
        the advance of the bin's own frequency; the second is `phase[k + 1] - phase[k]` with
        phases counted from the middle of the window.

        Args:
            levels: `(batch, 2 * bins - 1, frames)`, see `magnitude_levels`; every second one
                stands between two bins.
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
        turns = self.last(functional.silu(hidden)).float()
        turns = turns.view(batch, OUTPUTS // 2, 2, STACK, rows, frames)
        turns = turns.permute(0, 1, 4, 3, 5, 2).reshape(batch, 2, rows * STACK, frames, 2)
        turns = torch.view_as_complex(turns.contiguous())[:, :, :bins]
        return turns[:, 0], turns[:, 1]


def magnitude_levels(magnitude: Tensor, fmt: CanvasFormat) -> Tensor:
    """Returns magnitudes as the network reads them: 0 at the floor of a canvas, 1 at its ceiling.

    Args:
        magnitude: Fourier magnitudes, 0 or more.
        fmt: What a canvas means as sound.
    """
    low = math.log(fmt.log_floor / FILTER_SUM)
    high = math.log(fmt.log_ceiling / FILTER_SUM)
    return (magnitude.clamp(min=math.exp(low)).log() - low) / (high - low)


def load_network(weights: VocoderWeights) -> PhaseNetwork:
    """Returns the network of a saved vocoder.

    Raises:
        CheckpointError: The configuration or the weights are not those of a phase network.
    """
    config: dict[str, Any] = weights.config
    try:
        network = PhaseNetwork(int(config["width"]), [int(step) for step in config["dilations"]])
        network.load_state_dict(weights.tensors)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise CheckpointError(f"The vocoder of the pair is no phase network: {reason}.") from error
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network.eval().requires_grad_(False)
