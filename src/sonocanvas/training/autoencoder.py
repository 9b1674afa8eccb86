"""Makes the shared autoencoder: `python -m sonocanvas.training.autoencoder --minutes 20`.

Its linear code consists of the principal components of the views' blocks. They have a closed form
and are saved at the start, so latents can be computed and the diffusion models trained while the
decoder is still training.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn.functional import pixel_unshuffle

from sonocanvas.pairs.autoencoder import BlockAutoencoder
from sonocanvas.training.loop import half_precision, train, trainer_options

EDGE_WEIGHT = 0.5
CROP = 256


class Crops:
    """Square crops of drawings, of canvases, and of blends of the two as in composed canvases.

    Held-out items are never used.
    """

    def __init__(self, views: Path, seed: int, device: str) -> None:
        self.drawings = np.load(views / "drawings.npy", mmap_mode="r")
        self.sounds = np.load(views / "sounds.npy", mmap_mode="r")
        labels = json.loads((views / "drawings.json").read_text())
        self.usable = np.flatnonzero([not label["held"] for label in labels])
        self.rng = np.random.default_rng(seed)
        self.device = device

    def __call__(self, count: int) -> Tensor:
        """Returns `(count, 3, 256, 256)` pictures in [-1, 1], alternately drawings and canvases."""
        pictures: list[NDArray[np.uint8]] = []
        for number in range(count):
            if number % 2:
                left = self.rng.integers(0, self.sounds.shape[2] - CROP + 1)
                view = self.sounds[self.rng.integers(len(self.sounds))]
                pictures.append(view[:, left : left + CROP])
            else:
                view = self.drawings[self.rng.choice(self.usable)]
                pictures.append(np.roll(view, self.rng.integers(CROP), axis=1))
        gray = torch.from_numpy(np.stack(pictures)).to(self.device).float() / 127.5 - 1
        return gray[:, None].expand(-1, 3, -1, -1)

    def blended(self, count: int) -> Tensor:
        """Returns pictures, a quarter of them mixed with a neighbour of the other kind."""
        pictures = self(count)
        other = torch.from_numpy(self.rng.uniform(-3, 1, (count, 1, 1, 1)).clip(0))
        return pictures.lerp(pictures.roll(1, 0), other.to(self.device).float())


def principal_components(crops: Crops, block: int, pictures: int) -> tuple[float, Tensor, Tensor]:
    """Returns mean gray level, components `(block**2, block**2)` as rows, and their deviations.

    The largest come first. Deviations are root mean squares about the mean gray level.
    """
    total = torch.zeros(block**2, block**2, dtype=torch.float64)
    mean = float(crops(64).mean())
    for _ in range(0, pictures, 64):
        blocks = pixel_unshuffle(crops(64)[:, :1].cpu() - mean, block)
        rows = blocks.permute(0, 2, 3, 1).flatten(0, 2)
        total += (rows.T @ rows).double() / len(rows)
    values, vectors = torch.linalg.eigh(total * 64 / pictures)
    return mean, vectors.flip(1).T.float(), values.flip(0).clamp(min=0).sqrt().float()


def new_autoencoder(crops: Crops, channels: int, pictures: int = 8192) -> BlockAutoencoder:
    """Returns an autoencoder with its linear code and a decoder that corrects nothing yet.

    Each channel of its latents has standard deviation 1 over the crops.

    Args:
        crops: Source of the pictures for the analysis.
        channels: Number of components to keep.
        pictures: Number of pictures to analyse.
    """
    model: BlockAutoencoder = BlockAutoencoder(channels)
    mean, components, deviations = principal_components(crops, model.config.block, pictures)
    model.set_components(mean, components[:channels], 1 / deviations[:channels])
    return model


def reconstruction_loss(autoencoder: Any, pictures: Tensor, noise: float = 0.15) -> Tensor:
    """Returns the absolute, squared and edge error of decoding slightly noisy latents.

    Args:
        autoencoder: The autoencoder; its linear code gets no gradient.
        pictures: `(batch, 3, height, width)` in [-1, 1].
        noise: Largest standard deviation of the noise. It is drawn for each picture; half of the
            pictures get none.
    """
    with torch.no_grad():
        latents = autoencoder.encode(pictures).latent
        sigma = torch.empty(len(latents), 1, 1, 1, device=latents.device).uniform_(-noise, noise)
        latents = latents + sigma.clamp(min=0) * torch.randn_like(latents)
    with half_precision(pictures.device.type):
        decoded = autoencoder.decode(latents).sample[:, :1]
    error = decoded.float() - pictures[:, :1]
    edges = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    loss: Tensor = error.abs().mean() + error.square().mean() + EDGE_WEIGHT * edges
    return loss


@torch.inference_mode()
def psnr_db(autoencoder: Any, pictures: Tensor) -> Tensor:
    """Returns the peak signal-to-noise ratio `(batch,)` of reconstructed pictures, in dB.

    Args:
        autoencoder: Encodes and decodes.
        pictures: `(batch, 3, height, width)` in [-1, 1].
    """
    decoded = autoencoder.decode(autoencoder.encode(pictures).latent).sample.float()
    error = (decoded.clamp(-1, 1) - pictures).square().mean((1, 2, 3)) / 4
    ratios: Tensor = -10 * error.clamp(min=1e-8).log10()
    return ratios


@torch.inference_mode()
def draw_sheet(autoencoder: Any, crops: Crops, path: Path) -> None:
    """Writes a sheet of pictures above their reconstructions and prints both PSNRs."""
    pictures = crops(16)
    decoded = autoencoder.decode(autoencoder.encode(pictures).latent).sample
    rows = [torch.cat(list(part[:, 0]), dim=1) for part in (pictures[::2], decoded[::2])]
    rows += [torch.cat(list(part[:, 0]), dim=1) for part in (pictures[1::2], decoded[1::2])]
    sheet = torch.cat(rows).clamp(-1, 1).add(1).mul(127.5).byte().cpu().numpy()
    Image.fromarray(sheet).resize((sheet.shape[1] // 2, sheet.shape[0] // 2)).save(path)
    ratios = psnr_db(autoencoder, pictures)
    print(f"PSNR drawings {ratios[::2].mean():.1f} dB, canvases {ratios[1::2].mean():.1f} dB")


def main() -> None:
    """Finds the linear code, trains the decoder and saves the autoencoder."""
    parser = trainer_options(__doc__, minutes=40, batch=12)
    parser.add_argument("--views", type=Path, default=Path("packs/views"))
    parser.add_argument("--channels", type=int, default=32)
    parser.add_argument("--init-from", type=Path, help="folder of weights to start from")
    parser.set_defaults(out=Path("checkpoints/vae"))
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    crops = Crops(arguments.views, arguments.seed, arguments.device)
    own = arguments.out / "model"
    start = arguments.init_from or (own if own.exists() else None)
    model: BlockAutoencoder = (
        BlockAutoencoder.from_pretrained(start, torch_dtype=torch.float32)
        if start
        else new_autoencoder(crops, arguments.channels)
    ).to(arguments.device)
    model.save_pretrained(own)
    model.analysis.requires_grad_(False)
    model.synthesis.requires_grad_(False)
    average = train(
        model,
        lambda: reconstruction_loss(model, crops.blended(arguments.batch)),
        arguments.out,
        minutes=arguments.minutes,
        learning_rate=arguments.learning_rate,
        snapshot=lambda average: draw_sheet(average, crops, arguments.out / "sheet.png"),
    )
    average.to(torch.float16).save_pretrained(own, max_shard_size="15MB")


if __name__ == "__main__":
    main()
