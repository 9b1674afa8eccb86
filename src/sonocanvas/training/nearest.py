"""Checks the models for memorisation: shows outputs next to their nearest training views.

`python -m sonocanvas.training.nearest` writes `nearest-image.png` and `nearest-audio.png` (each
output above the view most like it) and prints the distances. For comparison it prints those of
held-out items: new drawings and sounds of the same concepts.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from sonocanvas.compose.mean import Mean
from sonocanvas.config import RunConfig
from sonocanvas.pairs import mini
from sonocanvas.scorers.towers import reduce_rows
from sonocanvas.training import held_out
from sonocanvas.training.pack import read_pack
from sonocanvas.training.report import sample, save_sheet
from sonocanvas.training.views import concepts
from sonocanvas.types import Prompts


def unit(canvases: Tensor) -> Tensor:
    """Returns canvases `(items, 64, width)` as rows of mean 0 and length 1."""
    rows = canvases.flatten(1)
    return functional.normalize(rows - rows.mean(1, keepdim=True), dim=1)


def nearest(canvases: Tensor, views: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the distance to the nearest view, and the index of that view, `(items,)` each.

    The distance is 1 minus the correlation of the two, at 64 rows: 0 for a copy at any contrast,
    1 for uncorrelated canvases.

    Args:
        canvases: `(items, 64, width)`.
        views: `(views, 64, width)`.
    """
    best = (unit(canvases) @ unit(views).T).max(1)
    return 1 - best.values, best.indices


def training_views(views: Path, kind: str) -> Tensor:
    """Returns all views of a kind that training saw, `(views, 64, width)` in [0, 1]."""
    labels = json.loads((views / f"{kind}.json").read_text())
    canvases = np.load(views / f"{kind}.npy", mmap_mode="r")
    seen = np.flatnonzero([not label["held"] for label in labels])
    parts = [torch.from_numpy(canvases[seen[at : at + 64]]) for at in range(0, len(seen), 64)]
    return torch.cat([reduce_rows(part) for part in parts]) / 255


def outputs(modality: str) -> Tensor:
    """Returns 16 canvases from one model alone, `(16, 256, width)`: every third concept, seed 0.

    For pictures, only the first square of the canvas is used.
    """
    pair = mini.load()
    config = RunConfig(image_prompt="a castle", audio_prompt="a bell")
    rule = Mean(0.0 if modality == "image" else 1.0)
    rows = concepts()[::3]
    prompts = [Prompts(row["image_prompt"], row["audio_prompt"]) for row in rows]
    canvases = torch.cat([sample(pair, prompt, [0], rule, config) for prompt in prompts])
    return canvases[..., :256] if modality == "image" else canvases


def main() -> None:
    """Writes both sheets and prints the distances."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--views", type=Path, default=Path("packs/views"))
    parser.add_argument("--pack", type=Path, default=Path("packs/mini.zip"))
    parser.add_argument("--out", type=Path, default=Path("docs/mini"))
    arguments = parser.parse_args()
    pack = read_pack(arguments.pack)
    print("| distance to the nearest training view | smallest | median | n |\n|---|---|---|---|")
    for modality, kind in (("image", "drawings"), ("audio", "sounds")):
        views = training_views(arguments.views, kind)
        made = reduce_rows(outputs(modality))
        fresh = held_out.drawings(pack) if modality == "image" else held_out.synthesizers()
        unseen = reduce_rows(torch.from_numpy(fresh.canvases)) / 255
        distances, numbers = nearest(made, views)
        save_sheet([made, views[numbers]], arguments.out / f"nearest-{modality}.png", shrink=1)
        for name, found in (("outputs", distances), ("held out", nearest(unseen, views)[0])):
            cells = f"{found.min():.2f} | {found.median():.2f} | {len(found)}"
            print(f"| {modality}, {name} | {cells} |")


if __name__ == "__main__":
    main()
