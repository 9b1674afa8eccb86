"""Checkpoints in the published layout at tiny width: real classes, saved by the libraries."""

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, PNDMScheduler
from safetensors.torch import save_file
from tiny import tiny_unet
from torch import nn
from torch.nn.functional import leaky_relu
from torch.nn.utils.parametrizations import weight_norm
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from sonocanvas.types import VocoderWeights

WIDTH = 16
TOKENS = 16
VOCODER = {
    "resblock": "1",
    "num_mels": 256,
    "upsample_initial_channel": 32,
    "upsample_rates": [5, 4, 4, 2],
    "upsample_kernel_sizes": [10, 9, 8, 4],
    "resblock_kernel_sizes": [3, 5],
    "resblock_dilation_sizes": [[1, 3], [1, 3]],
    "sampling_rate": 16000,
    "hop_size": 160,
}
"""A configuration in HiFi-GAN's own format; kernel - rate is odd at the first two levels."""


def save_checkpoint(
    folder: Path,
    seed: int = 0,
    common_seed: int = 0,
    vocoder: dict[str, Any] | None = None,
    pickled_unet: bool = False,
    **unet: Any,
) -> Path:
    """Returns a folder with a checkpoint in the layout of Stable Diffusion 1.x.

    Args:
        folder: Folder to write.
        seed: Seed of the UNet's weights.
        common_seed: Seed of the weights of autoencoder and text encoder.
        vocoder: Configuration of the vocoder; `None` saves none.
        pickled_unet: Whether the UNet is saved as a pickle, as Auffusion's is.
        unet: Options of the UNet.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        tiny_unet(**unet).save_pretrained(folder / "unet", safe_serialization=not pickled_unet)
        torch.manual_seed(common_seed)
        tiny_f8_vae().save_pretrained(folder / "vae")
        tokenizer = clip_tokenizer(folder / "tokenizer")
        clip_text_encoder(len(tokenizer)).save_pretrained(folder / "text_encoder")
        if vocoder is not None:
            save_vocoder(folder / "vocoder", vocoder)
    scheduler = PNDMScheduler(1000, 0.00085, 0.012, "scaled_linear")
    scheduler.save_pretrained(folder / "scheduler")
    return folder


def save_lora(path: Path, seed: int = 0) -> Path:
    """Returns a file with a LoRA of rank 2 for the first attention of `tiny.tiny_unet`."""
    generator = torch.Generator().manual_seed(seed)
    layer = "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q"
    shapes = {f"{layer}.lora_A.weight": (2, 32), f"{layer}.lora_B.weight": (32, 2)}
    tensors = {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    save_file(tensors, path, metadata={"format": "pt"})
    return path


def tiny_f8_vae() -> AutoencoderKL:
    """Returns an autoencoder that halves the size three times, like Stable Diffusion's."""
    return AutoencoderKL(
        block_out_channels=(4, 4, 4, 4),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=2,
    )


def clip_tokenizer(folder: Path) -> CLIPTokenizer:
    """Returns a tokenizer of letters, saved in the same files as the published one."""
    letters = [*map(chr, range(97, 123)), ","]
    ends = [f"{letter}</w>" for letter in letters]
    special = ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {token: index for index, token in enumerate([*letters, *ends, "be", *special])}
    folder.mkdir(parents=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\nb e\n")
    config = {
        "tokenizer_class": "CLIPTokenizer",
        "model_max_length": TOKENS,
        "bos_token": special[0],
        "eos_token": special[1],
        "pad_token": special[1],
        "unk_token": special[1],
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return CLIPTokenizer.from_pretrained(folder)


def clip_text_encoder(words: int) -> CLIPTextModel:
    """Returns a CLIP text model with two layers for a vocabulary of `words` tokens."""
    config = CLIPTextConfig(
        vocab_size=words,
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=TOKENS,
        bos_token_id=words - 2,
        eos_token_id=words - 1,
        pad_token_id=words - 1,
    )
    return CLIPTextModel(config)


def save_vocoder(folder: Path, config: dict[str, Any]) -> "OriginalGenerator":
    """Returns a HiFi-GAN with weight normalisation, saved as the original code saves it."""
    generator = OriginalGenerator(config)
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    torch.save({"generator": original_state(generator)}, folder / "vocoder.pt")
    return generator


def original_state(generator: nn.Module) -> dict[str, torch.Tensor]:
    """Returns the weights under their names in the original code: `weight_g` and `weight_v`."""
    return {
        name.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): tensor
        for name, tensor in generator.state_dict().items()
    }


class OriginalGenerator(nn.Module):
    """HiFi-GAN written from the paper, for comparison, with torch's own weight normalisation."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        self.config = config
        width = config["upsample_initial_channel"]
        self.conv_pre = normal(nn.Conv1d(config["num_mels"], width, 7, padding=3))
        self.ups, self.resblocks = nn.ModuleList(), nn.ModuleList()
        pairs = zip(config["upsample_rates"], config["upsample_kernel_sizes"], strict=True)
        for rate, kernel in pairs:
            width //= 2
            size = {"padding": (kernel - rate) // 2}
            if (kernel - rate) % 2:
                size = {"padding": (kernel - rate) // 2 + 1, "output_padding": 1}
            self.ups.append(normal(nn.ConvTranspose1d(2 * width, width, kernel, rate, **size)))
            for kernel_size, dilations in zip(
                config["resblock_kernel_sizes"], config["resblock_dilation_sizes"], strict=True
            ):
                self.resblocks.append(OriginalBlock(config, width, kernel_size, dilations))
        self.conv_post = normal(nn.Conv1d(width, 1, 7, padding=3))

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        """Returns sound `(batch, samples)` of log-mels `(batch, mels, frames)`."""
        hidden, count = self.conv_pre(mel), len(self.config["resblock_kernel_sizes"])
        for level, up in enumerate(self.ups):
            hidden = up(leaky_relu(hidden, 0.1))
            blocks = list(self.resblocks)[level * count :][:count]
            hidden = sum(block(hidden) for block in blocks) / count
        return self.conv_post(leaky_relu(hidden)).tanh()[:, 0]


class OriginalBlock(nn.Module):
    """A residual block of either kind."""

    def __init__(self, config: dict[str, Any], width: int, kernel: int, dilations: Any) -> None:
        super().__init__()

        def convolutions(dilations: Any) -> nn.ModuleList:
            made = (nn.Conv1d(width, width, kernel, padding="same", dilation=d) for d in dilations)
            return nn.ModuleList(normal(convolution) for convolution in made)

        if config["resblock"] == "1":
            self.convs1 = convolutions(dilations)
            self.convs2 = convolutions([1] * len(dilations))
        else:
            self.convs = convolutions(dilations)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Returns a tensor `(batch, width, samples)` of the same shape as `hidden`."""
        if hasattr(self, "convs"):
            for convolution in self.convs:
                hidden = hidden + convolution(leaky_relu(hidden, 0.1))
            return hidden
        for first, second in zip(self.convs1, self.convs2, strict=True):
            hidden = hidden + second(leaky_relu(first(leaky_relu(hidden, 0.1)), 0.1))
        return hidden


def normal(convolution: nn.Module) -> nn.Module:
    """Returns a weight-normalised convolution whose `g` differs from the norms of its `v`."""
    nn.init.normal_(convolution.weight, std=0.1)
    normalised = weight_norm(convolution)
    nn.init.uniform_(normalised.parametrizations.weight.original0, 0.4, 1.2)
    return normalised


def original_generator(config: dict[str, Any] = VOCODER, seed: int = 0) -> OriginalGenerator:
    """Returns a HiFi-GAN with random weights, ready to play."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return OriginalGenerator(config).eval().requires_grad_(False)


def weights_of(generator: OriginalGenerator) -> VocoderWeights:
    """Returns the weights of a HiFi-GAN as a pair carries them."""
    return VocoderWeights(generator.config, original_state(generator))


def change_json(path: Path, **changes: Any) -> None:
    """Changes fields of a JSON file."""
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), "utf-8")
