"""Trains the judge: `python -m sonocanvas.training.judge --views packs/judge-views --minutes 25`.

The judge is used only for evaluation. It is independent of the pair: its towers and text encoder
differ in width, seed, loss, data views and (stronger) augmentation from those of `towers`, whose
text encoder conditions the diffusion models and which select samples.
"""

import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from sonocanvas.scorers.towers import Towers
from sonocanvas.training.loop import half_precision, train, trainer_options
from sonocanvas.training.towers import (
    Batches,
    captions_of,
    learn_words,
    new_text_encoder,
    new_tokenizer,
    new_tower,
    save_towers,
    words_of,
)

WIDTHS = (32, 64, 128, 160)
DEPTHS = (1, 2, 2, 1)
PICTURE_ROWS = 96
HIGHEST_CUT = 0.6  # a recording at 11 kHz leaves the upper part of a canvas empty


def new_judge(vocabulary_size: int) -> Towers:
    """Returns the untrained judge."""
    text = new_text_encoder(vocabulary_size, WIDTHS[-1], layers=1)
    return Towers(text, new_tower(WIDTHS, DEPTHS, PICTURE_ROWS), new_tower(WIDTHS, DEPTHS))


def hatched(batches: Batches, canvases: Tensor) -> Tensor:
    """Returns canvases, a third of them with parallel dark lines in a random direction."""
    count, height, width = canvases.shape
    rows = torch.arange(height, device=canvases.device)[:, None]
    columns = torch.arange(width, device=canvases.device)[None]
    angle, pitch = batches.uniform(0, math.pi, count), batches.uniform(3, 10, count)
    phase = 2 * math.pi * (rows * angle.sin() + columns * angle.cos()) / pitch
    depth = batches.uniform(-2, 1, count).clamp(min=0)
    return canvases * (1 - depth * (0.5 + 0.5 * phase.sin()))


def cut(batches: Batches, canvases: Tensor, axis: int) -> Tensor:
    """Returns canvases, half of them without a band of up to a quarter of an axis."""
    count, size = len(canvases), canvases.shape[axis]
    places = torch.arange(size, device=canvases.device) / size
    places = places[None, :, None] if axis == 1 else places[None, None]
    start = batches.uniform(0, 1, count)
    length = batches.uniform(-0.25, 0.25, count)
    return canvases * ~((places >= start) & (places < start + length))


def moved(batches: Batches, canvases: Tensor) -> Tensor:
    """Returns pictures scaled by 0.7 to 1.15 and shifted by up to a seventh."""
    count = len(canvases)
    scale = 1 / batches.uniform(0.7, 1.15, count)
    zero = torch.zeros_like(scale)
    shift_x, shift_y = (batches.uniform(-0.3, 0.3, count) for _ in range(2))
    matrix = torch.cat(
        [torch.cat([scale, zero, shift_x], 2), torch.cat([zero, scale, shift_y], 2)], 1
    )
    grid = functional.affine_grid(matrix, [count, 1, *canvases.shape[1:]], align_corners=False)
    return functional.grid_sample(canvases[:, None], grid, align_corners=False)[:, 0]


def transposed(batches: Batches, canvases: Tensor) -> Tensor:
    """Returns sounds with mel bands shifted up or down by up to a twelfth."""
    height = canvases.shape[1]
    steps = (batches.uniform(-1, 1, len(canvases)) * height / 12).round().long().flatten().tolist()
    moved = [
        functional.pad(one, (0, 0, step, -step)) for one, step in zip(canvases, steps, strict=True)
    ]
    return torch.stack(moved)


def recorded(batches: Batches, canvases: Tensor) -> Tensor:
    """Returns sounds as if recorded: band-limited, with spectral tilt and noise."""
    count, height, _ = canvases.shape
    top = torch.arange(height, device=canvases.device)[None, :, None] / height
    canvases = canvases * (top >= batches.uniform(-HIGHEST_CUT, HIGHEST_CUT, count))
    heights = torch.linspace(-0.5, 0.5, height, device=canvases.device)[None, :, None]
    tilted = canvases + (canvases > 0) * heights * batches.uniform(-0.5, 0.5, count)
    floor = batches.uniform(-0.4, 0.4, count) + heights * batches.uniform(-0.3, 0.6, count)
    return tilted.maximum(floor.clamp(min=0) * (1 + 0.1 * torch.randn_like(canvases)))


def damaged(batches: Batches, tower: str, canvases: Tensor) -> Tensor:
    """Returns canvases with all the damage that a composed canvas can do to a drawing or sound."""
    count = len(canvases)
    if tower == "picture":
        canvases = moved(batches, canvases)
    else:
        canvases = recorded(batches, transposed(batches, canvases))
    canvases = batches.mixed(tower, canvases, 0.6)
    canvases = canvases.clamp(min=1e-4) ** batches.uniform(0.6, 1.7, count)
    canvases = cut(batches, cut(batches, hatched(batches, canvases), 1), 2)
    blurred = functional.avg_pool2d(canvases[:, None], 3, 1, 1)[:, 0]
    canvases = canvases.lerp(blurred, batches.uniform(-1, 1, count).clamp(min=0))
    noise = batches.uniform(-0.2, 0.2, count).clamp(min=0)
    return canvases + noise * torch.randn_like(canvases)


class Prompts:
    """A caption for every concept, drawn again for each batch."""

    def __init__(self, batches: Batches, tower: str) -> None:
        concepts = batches.concepts[tower].numpy()
        present = np.unique(concepts)
        self.rows: list[NDArray[np.int64]] = [np.flatnonzero(concepts == c) for c in present]
        self.batches, self.tower = batches, tower
        self.place = torch.full((len(batches.known),), -1)
        self.place[torch.from_numpy(present)] = torch.arange(len(present))

    def __call__(self) -> Tensor:
        """Returns token ids `(concepts, tokens)`."""
        rows = torch.tensor([self.batches.rng.choice(rows) for rows in self.rows])
        return self.batches.tokens[self.tower][rows].to(self.batches.device)


def classification_loss(
    judge: Towers, batches: Batches, prompts: dict[str, Prompts], pictures: int
) -> Tensor:
    """Returns the cross-entropy of finding each canvas's concept among all concepts' captions.

    Args:
        judge: The model to train.
        batches: Source of the canvases.
        prompts: Captions for each tower.
        pictures: Pictures in the batch; there are half as many sounds, which cost more.
    """
    losses = []
    for tower, asked in prompts.items():
        count = pictures if tower == "picture" else pictures // 2
        canvases, _, concepts = batches(tower, count)
        hurt = batches.uniform(0, 1, count) < 0.5
        canvases = torch.where(hurt, damaged(batches, tower, canvases), canvases)
        with half_precision(batches.device):
            seen = judge.embed(tower, canvases)
            read = judge.embed_text(asked())
        logits = judge.log_scale.exp().clamp(max=50) * seen @ read.T
        target = asked.place[concepts.cpu()].to(logits.device)
        losses.append(functional.cross_entropy(logits, target, label_smoothing=0.1))
    return torch.stack(losses).mean()


def main() -> None:
    """Trains the judge and saves it."""
    parser = trainer_options(__doc__, minutes=25, batch=64)
    parser.add_argument("--views", type=Path, default=Path("packs/views"))
    parser.set_defaults(out=Path("checkpoints/judge"), views=Path("packs/judge-views"), seed=1)
    parser.add_argument("--init-from", type=Path, help="folder of a judge that learns on")
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    words = words_of(captions_of(arguments.views, "drawings", "sounds"))
    if arguments.init_from:
        judge, tokenizer = learn_words(arguments.init_from, words)
        judge.picture.config.image_size = PICTURE_ROWS
    else:
        tokenizer = new_tokenizer(words)
        judge = new_judge(len(tokenizer))
    batches = Batches(
        arguments.views, tokenizer, arguments.seed, arguments.device, judge.rows("picture")
    )
    prompts = {tower: Prompts(batches, tower) for tower in ("picture", "sound")}
    judge = judge.to(arguments.device).train()
    average = train(
        judge,
        lambda: classification_loss(judge, batches, prompts, arguments.batch),
        arguments.out,
        minutes=arguments.minutes,
        learning_rate=arguments.learning_rate,
    )
    save_towers(average, tokenizer, arguments.out / "model")


if __name__ == "__main__":
    main()
