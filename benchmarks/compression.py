"""How far to compress a canvas: what a linear code keeps, and what the diffusion model then costs.

`python benchmarks/compression.py --json FILE` needs the views and the pack from the training. Every
row is the best linear code of its size, found in closed form from the same pictures, so no row is
trained longer than another; the trained decoder improves on it. The cost is one training step of
the diffusion model on one canvas, forward and backward, relative to the last row.
"""

import argparse
import json
import math
import time
from pathlib import Path

import torch
from torch import Tensor

from sonocanvas.training import held_out
from sonocanvas.training.autoencoder import Crops, principal_components
from sonocanvas.training.pack import read_pack
from sonocanvas.training.unet import new_unet

SIZES = ((8, 4), (16, 16), (32, 64), (32, 32))  # side of a block in pixels, numbers per block


def kept_db(canvases: Tensor, block: int, mean: float, components: Tensor) -> float:
    """Returns the mean PSNR in dB of coded canvases `(items, 256, width)` in [-1, 1]."""
    count, height, width = canvases.shape
    blocks = canvases.view(count, height // block, block, width // block, block) - mean
    rows = blocks.transpose(2, 3).reshape(count, -1, block**2)
    error = (rows - rows @ components.T @ components).square().mean((1, 2)) / 4
    return float((-10 * error.clamp(min=1e-8).log10()).mean())


def seconds_a_step(block: int, channels: int) -> float:
    """Returns the seconds of one training step of a diffusion model on one canvas."""
    unet = new_unet(channels)
    latents = torch.randn(4, channels, 256 // block, 1024 // block)
    prompts = torch.randn(4, 16, unet.config.cross_attention_dim)
    best = math.inf
    for _ in range(4):
        began = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16):
            loss = unet(latents, 500, prompts, return_dict=False)[0].square().mean()
        loss.backward()
        best = min(best, time.perf_counter() - began)
    return best / len(latents)


def main() -> None:
    """Measures every size and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--views", type=Path, default=Path("packs/views"))
    parser.add_argument("--pack", type=Path, default=Path("packs/mini.zip"))
    parser.add_argument("--pictures", type=int, default=4096)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    pack = read_pack(arguments.pack)
    sets = (held_out.drawings(pack), held_out.synthesizers(), held_out.soundfont_keys(pack))
    rows = []
    for block, channels in SIZES:
        crops = Crops(arguments.views, 0, "cpu")
        mean, components, _ = principal_components(crops, block, arguments.pictures)
        found: dict[str, float] = {"block": block, "channels": channels}
        for items in sets:
            canvases = torch.from_numpy(items.canvases).float() / 127.5 - 1
            found[items.name] = kept_db(canvases, block, mean, components[:channels])
        rows.append({**found, "seconds": seconds_a_step(block, channels)})
    print(f"| block | numbers a block | {' | '.join(items.name for items in sets)} | cost |")
    print("|---" * (len(sets) + 3) + "|")
    for row in rows:
        cells = [f"{row['block']} x {row['block']}", str(row["channels"])]
        cells += [f"{row[items.name]:.1f} dB" for items in sets]
        print(f"| {' | '.join(cells)} | {row['seconds'] / rows[-1]['seconds']:.1f} |")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
