"""Encodes every view once: `python -m sonocanvas.training.latents --kind drawings`."""

import argparse
from pathlib import Path

import numpy as np
import torch

from sonocanvas.pairs.autoencoder import BlockAutoencoder


@torch.inference_mode()
def encode_views(views: Path, autoencoder: BlockAutoencoder, kind: str, device: str) -> None:
    """Writes `latents-{kind}.npy`, `(views, channels, height, width)` in float16."""
    pictures = np.load(views / f"{kind}.npy", mmap_mode="r")
    count = 32 if kind == "drawings" else 8
    latents = []
    for start in range(0, len(pictures), count):
        gray = torch.from_numpy(pictures[start : start + count].copy()).to(device)
        images = (gray.float() / 127.5 - 1)[:, None].expand(-1, 3, -1, -1)
        latents.append(autoencoder.encode(images).latent.cpu().numpy().astype(np.float16))
    np.save(views / f"latents-{kind}.npy", np.concatenate(latents))


def main() -> None:
    """Reads views and autoencoder and writes the latents."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", required=True, choices=("drawings", "sounds"))
    parser.add_argument("--views", type=Path, default=Path("packs/views"))
    parser.add_argument("--vae", type=Path, default=Path("checkpoints/vae/model"))
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    arguments = parser.parse_args()
    autoencoder = BlockAutoencoder.from_pretrained(arguments.vae, torch_dtype=torch.float32)
    encode_views(
        arguments.views, autoencoder.to(arguments.device).eval(), arguments.kind, arguments.device
    )


if __name__ == "__main__":
    main()
