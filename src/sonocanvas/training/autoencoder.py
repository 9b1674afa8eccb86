"""Trains the shared autoencoder: `python -m sonocanvas.training.autoencoder --minutes 20`."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from sonocanvas.pairs.autoencoder import PatchAutoencoderKL
from sonocanvas.training.loop import train

KL_WEIGHT = 5e-4
EDGE_WEIGHT = 0.5


def new_autoencoder(
    patch: int = 8, widths: tuple[int, ...] = (96, 160, 224), channels: int = 32
) -> PatchAutoencoderKL:
    """Returns an untrained autoencoder that folds `patch * 2 ** (levels - 1)` pixels into one."""
    levels = len(widths)
    return PatchAutoencoderKL(
        in_channels=3 * patch**2,
        out_channels=3 * patch**2,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=widths,
        layers_per_block=1,
        latent_channels=channels,
        norm_num_groups=16,
        mid_block_add_attention=False,
        sample_size=256,
        scaling_factor=1.0,
    )


class Crops:
    """Square crops of drawings and of canvases, half and half, in [-1, 1]."""

    def __init__(self, views: Path, seed: int, device: str) -> None:
        self.drawings = np.load(views / "drawings.npy", mmap_mode="r")
        self.sounds = np.load(views / "sounds.npy", mmap_mode="r")
        self.rng = np.random.default_rng(seed)
        self.device = device

    def __call__(self, count: int) -> Tensor:
        """Returns `(count, 3, 256, 256)` pictures."""
        pictures: list[NDArray[np.uint8]] = []
        for number in range(count):
            if number % 2:
                left = self.rng.integers(0, self.sounds.shape[2] - 256)
                view = self.sounds[self.rng.integers(len(self.sounds))]
                pictures.append(view[:, left : left + 256])
            else:
                view = self.drawings[self.rng.integers(len(self.drawings))]
                pictures.append(np.roll(view, self.rng.integers(256), axis=1))
        gray = torch.from_numpy(np.stack(pictures)).to(self.device).float() / 127.5 - 1
        return gray[:, None].expand(-1, 3, -1, -1).contiguous()


def reconstruction_loss(autoencoder: Any, pictures: Tensor, device: str) -> Tensor:
    """Returns absolute and squared error, error of the edges, and the weighted KL divergence."""
    with torch.autocast(device, torch.bfloat16):
        latents = autoencoder.encode(pictures).latent_dist
        decoded = autoencoder.decode(latents.sample()).sample
    error = decoded.float() - pictures
    edges = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    divergence = latents.kl().mean() / latents.mean[0].numel()
    size = error.abs().mean() + error.square().mean()
    loss: Tensor = size + EDGE_WEIGHT * edges + KL_WEIGHT * divergence
    return loss


@torch.no_grad()
def normalise_latents(autoencoder: Any, crops: Crops) -> None:
    """Folds mean and deviation of each latent channel into the 1 x 1 convolutions, in place.

    Afterwards latents have mean 0 and deviation 1 in every channel and `scaling_factor` is 1.
    """
    latents = torch.cat([autoencoder.encode(crops(32)).latent_dist.mean for _ in range(16)])
    mean = latents.mean((0, 2, 3))
    deviation = latents.std((0, 2, 3))
    channels = len(mean)
    weight, bias = autoencoder.quant_conv.weight, autoencoder.quant_conv.bias
    weight[:channels] /= deviation[:, None, None, None]
    bias[:channels] = (bias[:channels] - mean) / deviation
    bias[channels:] -= 2 * deviation.log()
    post = autoencoder.post_quant_conv
    post.bias += (post.weight[:, :, 0, 0] * mean).sum(1)
    post.weight *= deviation[None, :, None, None]


@torch.no_grad()
def psnr_db(autoencoder: Any, pictures: Tensor) -> float:
    """Returns the mean peak signal-to-noise ratio of reconstructed pictures, in dB."""
    decoded = autoencoder.decode(autoencoder.encode(pictures).latent_dist.mode()).sample
    error = (decoded.clamp(-1, 1) - pictures).square().mean((1, 2, 3)) / 4
    return float((-10 * error.clamp(min=1e-8).log10()).mean())


@torch.no_grad()
def draw_sheet(autoencoder: Any, crops: Crops, path: Path) -> None:
    """Writes a sheet of pictures over their reconstructions and prints both PSNRs."""
    pictures = crops(16)
    decoded = autoencoder.decode(autoencoder.encode(pictures).latent_dist.mode()).sample
    rows = [torch.cat(list(part[:, 0]), dim=1) for part in (pictures[::2], decoded[::2])]
    rows += [torch.cat(list(part[:, 0]), dim=1) for part in (pictures[1::2], decoded[1::2])]
    sheet = torch.cat(rows).clamp(-1, 1).add(1).mul(127.5).byte().cpu().numpy()
    Image.fromarray(sheet).resize((sheet.shape[1] // 2, sheet.shape[0] // 2)).save(path)
    drawings, sounds = psnr_db(autoencoder, pictures[::2]), psnr_db(autoencoder, pictures[1::2])
    print(f"PSNR drawings {drawings:.1f} dB, canvases {sounds:.1f} dB", flush=True)


def main() -> None:
    """Trains, normalises the latents and saves the autoencoder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--views", type=Path, default=Path("packs/views"))
    parser.add_argument("--out", type=Path, default=Path("checkpoints/vae"))
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--init-from", type=Path, help="folder of weights to start from")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    crops = Crops(arguments.views, arguments.seed, arguments.device)
    model = (
        PatchAutoencoderKL.from_pretrained(arguments.init_from, torch_dtype=torch.float32)
        if arguments.init_from
        else new_autoencoder()
    ).to(arguments.device)
    model.train()
    average = train(
        model,
        lambda: reconstruction_loss(model, crops(arguments.batch), arguments.device),
        arguments.out,
        minutes=arguments.minutes,
        learning_rate=arguments.learning_rate,
        sheet=lambda average, path: draw_sheet(average, crops, path),
    )
    normalise_latents(average, crops)
    average.to(torch.float16).save_pretrained(arguments.out / "model", max_shard_size="15MB")


if __name__ == "__main__":
    main()
