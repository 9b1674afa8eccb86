"""What score distillation optimises: a gray canvas as its pixels, as a pyramid or as a network."""

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class Pixels(nn.Module):
    """A canvas `(1, height, width)` in [0, 1]: the sigmoid of one number per pixel.

    Args:
        height: Rows.
        width: Columns.
        generator: On the CPU; draws the initial values, faint noise on mid-gray.
    """

    def __init__(self, height: int, width: int, generator: torch.Generator) -> None:
        super().__init__()
        self.logits = nn.Parameter(0.1 * torch.randn(1, height, width, generator=generator))

    def forward(self) -> Tensor:
        """Returns the canvas."""
        return self.logits.sigmoid()


class Pyramid(nn.Module):
    """A canvas `(1, height, width)` in [0, 1]: the sigmoid of a sum of pictures of all sizes.

    Each picture has half the side lengths of the previous one and twice its weight. Equal steps
    thus change broad shapes before grain, since pictures have most power at low frequencies
    (after Mordvintsev et al., "Differentiable Image Parameterizations", 2018).

    Args:
        height: Rows.
        width: Columns.
        generator: On the CPU; draws the initial values, faint noise on mid-gray.
        levels: Number of pictures; the coarsest has weight 1.
    """

    def __init__(
        self, height: int, width: int, generator: torch.Generator, levels: int = 6
    ) -> None:
        super().__init__()
        self.size = (height, width)
        sizes = [(-(-height // 2**level), -(-width // 2**level)) for level in range(levels)]
        self.pictures = nn.ParameterList(
            nn.Parameter(0.1 * torch.randn(1, 1, *size, generator=generator)) for size in sizes
        )

    def forward(self) -> Tensor:
        """Returns the canvas."""
        total = torch.zeros((), device=self.pictures[0].device)
        for picture in self.pictures:
            total = total / 2 + functional.interpolate(picture, self.size, mode="bilinear")
        return total.sigmoid()[0]


class FourierNetwork(nn.Module):
    """A canvas `(1, height, width)` in [0, 1]: a network that maps positions to gray.

    Positions run from 0 to 1 along both sides and are encoded as sines and cosines along random
    directions (Tancik et al., "Fourier Features Let Networks Learn High Frequency Functions",
    2020). There are three hidden layers, each normalised over all pixels, as in the program of
    Chen, Geng and Owens 2024. Theirs draws in colour and plays the channel mean; this one is gray.

    Args:
        height: Rows.
        width: Columns.
        generator: On the CPU; draws the directions and the initial weights.
        features: Number of directions.
        scale: Standard deviation of the directions, in periods per side.
        hidden: Width of the hidden layers.
    """

    def __init__(
        self,
        height: int,
        width: int,
        generator: torch.Generator,
        features: int = 128,
        scale: float = 10.0,
        hidden: int = 256,
    ) -> None:
        super().__init__()
        self.size = (height, width)
        rows, columns = torch.meshgrid(
            torch.arange(height) / height, torch.arange(width) / width, indexing="ij"
        )
        places = torch.stack([rows, columns], dim=-1).view(-1, 2)
        turns = places @ (scale * torch.randn(2, features, generator=generator))
        waves = torch.cat([(2 * math.pi * turns).sin(), (2 * math.pi * turns).cos()], dim=1)
        self.register_buffer("waves", waves)
        widths = (2 * features, hidden, hidden, hidden)
        layers: list[nn.Module] = []
        for wide, narrow in itertools.pairwise(widths):
            normalised = nn.BatchNorm1d(narrow, track_running_stats=False)
            layers += [_linear(wide, narrow, generator), nn.ReLU(), normalised]
        self.layers = nn.Sequential(*layers, _linear(hidden, 1, generator))

    def forward(self) -> Tensor:
        """Returns the canvas."""
        levels: Tensor = self.layers(self.waves).sigmoid()
        return levels.view(1, *self.size)


SURFACES: dict[str, type[Pixels | Pyramid | FourierNetwork]] = {
    "pixels": Pixels,
    "pyramid": Pyramid,
    "fourier": FourierNetwork,
}
"""The surfaces by name."""


def _linear(wide: int, narrow: int, generator: torch.Generator) -> nn.Linear:
    """Returns a linear layer with PyTorch's default initialisation, from our own generator."""
    layer = nn.Linear(wide, narrow, device="meta").to_empty(device="cpu")
    bound = wide**-0.5
    with torch.no_grad():
        for weights in (layer.weight, layer.bias):
            weights.uniform_(-bound, bound, generator=generator)
    return layer
