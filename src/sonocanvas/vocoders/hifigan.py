"""HiFi-GAN: plays a canvas with the vocoder that comes with the spectrogram model.

It is the generator of Kong, Kim and Bae (2020), with its parameter names. Weight normalisation is
folded into the weights when they are loaded.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from sonocanvas.canvas import canvas_to_mel
from sonocanvas.errors import CheckpointError, InvalidInputError
from sonocanvas.types import CanvasFormat, VocoderWeights, Waveform
from sonocanvas.values import shown
from sonocanvas.vocoders.weights import load_tensors

SLOPE = 0.1
LAST_SLOPE = 0.01
KERNEL = 7
MOST_CHANNELS, MOST_SIZE, MOST_SIZES = 65_536, 1_000, 64
"""Limits on rows or channels; on a rate, kernel or dilation; and on the length of lists of these: a
hundred times the values of published vocoders."""
LISTS = (
    "upsample_rates",
    "upsample_kernel_sizes",
    "resblock_kernel_sizes",
    "resblock_dilation_sizes",
)


@dataclass(frozen=True)
class HifiGan:
    """Plays a canvas by the HiFi-GAN that the pair carries.

    Attributes:
        weights: The vocoder as saved; `None` only while options are checked.
    """

    weights: VocoderWeights | None

    def __post_init__(self) -> None:
        """Builds the network.

        Raises:
            CheckpointError: The vocoder is not a HiFi-GAN.
        """
        if self.weights is not None:
            _ = self.network

    @cached_property
    def network(self) -> "Generator":
        """The network with its weights."""
        if self.weights is None:
            raise InvalidInputError("hifigan needs a pair that carries its vocoder.")
        return load_generator(self.weights)

    @torch.no_grad()
    def __call__(self, canvas: Tensor, canvas_format: CanvasFormat) -> Waveform:
        """Returns the sound, `frames * hop` samples, of a canvas.

        Args:
            canvas: `(batch, mels, frames)` in [0, 1]; row 0 is the highest frequency.
            canvas_format: What the canvas means as sound.

        Raises:
            InvalidInputError: The shape is wrong, or the vocoder is for another format.
        """
        hop, rows = self.network.hop_samples, self.network.mels
        if (rows, hop) != (canvas_format.mels, canvas_format.hop_samples):
            raise InvalidInputError(
                f"The canvas has {canvas_format.mels} rows and a hop of "
                f"{canvas_format.hop_samples}; this vocoder plays {rows} rows at a hop of {hop}."
            )
        log_mel = canvas_to_mel(canvas, canvas_format).log()
        samples = self.network(log_mel.to(self.network.conv_pre.weight.device))
        return Waveform(samples.cpu(), canvas_format.sample_rate_hz)


class Generator(nn.Module):
    """Log-mel to waveform: transposed convolutions, each followed by residual blocks.

    Args:
        config: HiFi-GAN's own configuration.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        rates, kernels = config["upsample_rates"], config["upsample_kernel_sizes"]
        self.mels = int(config["num_mels"])
        self.hop_samples = math.prod(rates)
        width = config["upsample_initial_channel"]
        self.conv_pre = nn.Conv1d(self.mels, width, KERNEL, padding=KERNEL // 2)
        self.ups = nn.ModuleList()
        self.resblocks = nn.ModuleList()
        block = TwofoldBlock if str(config["resblock"]) == "1" else SimpleBlock
        self.blocks = list(
            zip(config["resblock_kernel_sizes"], config["resblock_dilation_sizes"], strict=True)
        )
        for rate, kernel in zip(rates, kernels, strict=True):
            odd = (kernel - rate) % 2
            padding = (kernel - rate) // 2 + odd
            self.ups.append(
                nn.ConvTranspose1d(width, width // 2, kernel, rate, padding, output_padding=odd)
            )
            width //= 2
            self.resblocks.extend(block(width, size, dilations) for size, dilations in self.blocks)
        self.conv_post = nn.Conv1d(width, 1, KERNEL, padding=KERNEL // 2)

    def forward(self, log_mel: Tensor) -> Tensor:
        """Returns sound `(batch, frames * hop)` from `(batch, mels, frames)`, low frequency first.

        Args:
            log_mel: Natural logarithm of mel magnitudes.
        """
        hidden = self.conv_pre(log_mel)
        count = len(self.blocks)
        for level, up in enumerate(self.ups):
            hidden = up(functional.leaky_relu(hidden, SLOPE))
            blocks = self.resblocks[level * count : (level + 1) * count]
            hidden = torch.stack([block(hidden) for block in blocks]).mean(dim=0)
        samples: Tensor = self.conv_post(functional.leaky_relu(hidden, LAST_SLOPE))
        return torch.tanh(samples).squeeze(1)


class TwofoldBlock(nn.Module):
    """Residual block "1": each dilated convolution is followed by a plain one."""

    def __init__(self, width: int, kernel: int, dilations: list[int]) -> None:
        super().__init__()
        self.convs1 = _convolutions(width, kernel, dilations)
        self.convs2 = _convolutions(width, kernel, [1] * len(dilations))

    def forward(self, hidden: Tensor) -> Tensor:
        """Returns `(batch, width, samples)` of the same."""
        for dilated, plain in zip(self.convs1, self.convs2, strict=True):
            inner = dilated(functional.leaky_relu(hidden, SLOPE))
            hidden = hidden + plain(functional.leaky_relu(inner, SLOPE))
        return hidden


class SimpleBlock(nn.Module):
    """Residual block "2": dilated convolutions alone."""

    def __init__(self, width: int, kernel: int, dilations: list[int]) -> None:
        super().__init__()
        self.convs = _convolutions(width, kernel, dilations)

    def forward(self, hidden: Tensor) -> Tensor:
        """Returns `(batch, width, samples)` of the same."""
        for dilated in self.convs:
            hidden = hidden + dilated(functional.leaky_relu(hidden, SLOPE))
        return hidden


def load_generator(weights: VocoderWeights) -> Generator:
    """Returns the network of a saved vocoder, without weight normalisation.

    Args:
        weights: The vocoder as saved, with or without weight normalisation.

    Raises:
        CheckpointError: The configuration or the weights are not those of a HiFi-GAN.
    """
    _check_config(weights.config)
    with torch.device("meta"):  # shapes only: the file's may differ
        network = Generator(weights.config)
    load_tensors(network, fold_weight_norm(weights.tensors))
    return network


def fold_weight_norm(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Returns weights by name, with `weight = g * v / |v|` for each `weight_g` and `weight_v`.

    The norm is taken over all axes but the first (Salimans and Kingma 2016, eq. 2).

    Args:
        tensors: Weights by name; those without normalisation are kept.

    Raises:
        CheckpointError: A norm does not match the shape of its weights.
    """
    folded = {name: tensor for name, tensor in tensors.items() if not name.endswith(("_g", "_v"))}
    for name, length in tensors.items():
        direction = tensors.get(f"{name.removesuffix('_g')}_v")
        if name.endswith("_g") and direction is not None:
            if direction.ndim < 1 or length.numel() != len(direction):
                raise CheckpointError(
                    f"The weights of the vocoder do not fit together: {name} is "
                    f"{tuple(length.shape)}, but the weights are {tuple(direction.shape)}."
                )
            norm = direction.flatten(1).norm(dim=1).view(-1, *[1] * (direction.ndim - 1))
            folded[name.removesuffix("_g")] = length * direction / norm
    return folded


def _convolutions(width: int, kernel: int, dilations: list[int]) -> nn.ModuleList:
    """Returns convolutions that keep the length."""
    paddings = [(kernel - 1) * dilation // 2 for dilation in dilations]
    return nn.ModuleList(
        nn.Conv1d(width, width, kernel, padding=padding, dilation=dilation)
        for padding, dilation in zip(paddings, dilations, strict=True)
    )


def _check_config(config: dict[str, Any]) -> None:
    """Checks what the network is built from."""
    for key in ("num_mels", "upsample_initial_channel"):
        if not _is_size(config.get(key), MOST_CHANNELS):
            raise CheckpointError(
                f"The vocoder has the {key} {shown(config.get(key))}; it must be 1 or more, and at "
                f"most {MOST_CHANNELS}."
            )
    for key in LISTS:
        if not isinstance(config.get(key), list) or not config[key]:
            raise CheckpointError(
                f"The vocoder has the {key} {shown(config.get(key))}; it must be a list."
            )
        sizes = config[key] if key != LISTS[-1] else _flat(config[key])
        if len(sizes) > MOST_SIZES or not all(_is_size(one, MOST_SIZE) for one in sizes):
            raise CheckpointError(
                f"The vocoder has the {key} {shown(config[key])}; they must be at most "
                f"{MOST_SIZES} whole numbers from 1 to {MOST_SIZE}."
            )
    if str(config.get("resblock")) not in ("1", "2"):
        raise CheckpointError(
            f"The vocoder has the resblock {shown(config.get('resblock'))}; it must be '1' or '2'."
        )
    for first, second in (LISTS[:2], LISTS[2:]):
        if len(config[first]) != len(config[second]):
            raise CheckpointError(
                f"The vocoder has {len(config[first])} {first} and {len(config[second])} "
                f"{second}; the numbers must be equal."
            )
    if any(kernel < rate for rate, kernel in zip(*(config[key] for key in LISTS[:2]), strict=True)):
        raise CheckpointError("The vocoder has an upsample_kernel_size below its upsample_rate.")
    if any(size % 2 == 0 for size in config[LISTS[2]]):
        raise CheckpointError(
            f"The vocoder has the {LISTS[2]} {shown(config[LISTS[2]])}; they must be odd."
        )
    if config["upsample_initial_channel"] < 2 ** len(config["upsample_rates"]):
        raise CheckpointError(
            "The vocoder has too few upsample_initial_channel to halve for each rate."
        )


def _flat(lists: list[Any]) -> list[Any]:
    """Returns the items of the lists in a list; an item that is not a list is kept."""
    return [one for part in lists for one in (part if isinstance(part, list) else [None])]


def _is_size(value: Any, most: int) -> bool:
    return type(value) is int and 1 <= value <= most
