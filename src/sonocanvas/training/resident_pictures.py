"""Drawings on a device, arranged on canvases there; no two batches see the same view."""

import itertools
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from sonocanvas.training.captions import Captions, concept_weights
from sonocanvas.training.drawings import Drawing
from sonocanvas.training.layouts import CANVAS_POSITIONS, LAYOUTS
from sonocanvas.training.views import (
    STYLE_SHARES,
    STYLES,
    held_out,
    outline,
    picture_caption,
    silhouette,
)
from sonocanvas.words.concepts import pictures

DIMMED = 0.25  # share of canvases that are dimmed, to no less than 30 % of their levels
CAPTIONS_A_STYLE = 24
PAIRS = 2048
SQUARE_POSITIONS = 8


def uniform(low: float, high: float, *shape: int, device: str | torch.device) -> Tensor:
    """Returns random numbers of a shape, uniform from `low` to `high`."""
    return torch.rand(shape, device=device) * (high - low) + low


class Pictures:
    """Drawings on a device, placed on canvases as the picture model's captions say.

    Args:
        drawings: The drawings; those held out from training are not used.
        captions: Numbers their captions.
        device: Device of all tensors.
        seed: Determines the captions of each concept.
    """

    def __init__(
        self, drawings: Sequence[Drawing], captions: Captions, device: str, seed: int = 0
    ) -> None:
        seen = [one for one in drawings if not held_out(one.source + one.caption)]
        known = {one.concept for one in seen}
        names = [one.name for one in pictures() if one.name in known]
        groups = [[n for n, one in enumerate(seen) if one.concept == name] for name in names]
        pixels = [one.pixels for one in seen]
        with ProcessPoolExecutor() as pool:
            styled = [pool.map(style, pixels, chunksize=64) for style in (silhouette, outline)]
            styles = np.stack([pixels, *(list(style) for style in styled)])
        self.device = device
        self.pixels = torch.from_numpy(styles).to(device)
        self.sizes = torch.tensor([len(group) for group in groups], device=device)
        self.starts = self.sizes.cumsum(0) - self.sizes
        self.order = torch.tensor(list(itertools.chain(*groups)), device=device)
        self.weights = concept_weights(names).to(device)
        rng = np.random.default_rng(seed)
        asked = [
            [
                [captions(picture_caption(name, rng, style)) for _ in range(CAPTIONS_A_STYLE)]
                for style in STYLES
            ]
            for name in names
        ]
        self.captions = torch.tensor(asked, device=device)
        self._lay_out(names, captions, rng)

    def _lay_out(self, names: Sequence[str], captions: Captions, rng: np.random.Generator) -> None:
        """Prepares the columns of every layout, and its captions for pairs of concepts."""
        empty = CANVAS_POSITIONS  # index of a black column after those of the four squares
        columns = torch.full((len(LAYOUTS), CANVAS_POSITIONS), empty)
        for row, layout in zip(columns, LAYOUTS, strict=True):
            for square, place in enumerate(layout.places):
                wide = torch.arange(SQUARE_POSITIONS)
                row[place + wide] = square * SQUARE_POSITIONS + wide
        self.columns = columns.to(self.device)
        self.shares = torch.tensor([one.share for one in LAYOUTS], device=self.device)
        chances = (self.weights / self.weights.sum()).cpu().double().numpy()
        chances /= chances.sum()
        pairs = [rng.choice(len(names), 2, p=chances, replace=len(names) < 2) for _ in range(PAIRS)]
        spelt = [name.replace("-", " ") for name in names]
        told = [
            [captions(one.caption.format(spelt[a], spelt[b])) for one in LAYOUTS] for a, b in pairs
        ]
        self.pairs = torch.tensor(np.array(pairs), device=self.device)
        self.told = torch.tensor(told, device=self.device)
        alternating = [["{1}" in one.caption] for one in LAYOUTS]
        turns = torch.tensor(alternating) & torch.tensor([[False, True, False, True]])
        self.turns = turns.long().to(self.device)

    def __call__(self, count: int, silhouettes: bool = False) -> tuple[Tensor, Tensor]:
        """Returns canvases `(count, 256, 1024)` in [0, 1] and the numbers of their captions.

        Args:
            count: Number of canvases.
            silhouettes: Whether all are silhouettes, four in a row.
        """
        device = self.device
        layout = torch.multinomial(self.shares, count, replacement=True)
        style = torch.multinomial(torch.tensor(STYLE_SHARES, device=device), count, True)
        if silhouettes:
            layout, style = torch.zeros_like(layout), torch.ones_like(style)
        pair = torch.randint(PAIRS, (count,), device=device)
        own = layout == 0
        first = torch.multinomial(self.weights, count, replacement=True)
        concepts = torch.where(own[:, None], first[:, None], self.pairs[pair])
        each = concepts.gather(1, self.turns[layout])
        within = (torch.rand(each.shape, device=device) * self.sizes[each]).long()
        drawing = self.order[self.starts[each] + within]
        squares = self._seen(self.pixels[style[:, None], drawing])
        if not silhouettes:
            dim = torch.rand(count, 1, 1, 1, device=device) < DIMMED
            squares *= torch.where(dim, uniform(0.3, 1, count, 1, 1, 1, device=device), 1.0)
        choice = torch.randint(CAPTIONS_A_STYLE, (count,), device=device)
        caption = torch.where(own, self.captions[first, style, choice], self.told[pair, layout])
        return self._stood(squares, layout), caption

    def _seen(self, pixels: Tensor) -> Tensor:
        """Returns squares `(count, 4, 256, 256)` mirrored, rotated, scaled and shaded.

        The ranges are those of `views.drawing_view`.
        """
        count, side = pixels.shape[:2]
        n, device = count * side, pixels.device
        angle = uniform(-7, 7, n, device=device).deg2rad()
        scale = 1 / uniform(0.8, 1.02, n, device=device)
        mirror = torch.where(torch.rand(n, device=device) < 0.5, -1.0, 1.0)
        shift = uniform(-10, 10, 2, n, device=device) / 128
        cos, sin = angle.cos() * scale, angle.sin() * scale
        across = torch.stack([cos, sin, -(cos * shift[0] + sin * shift[1])], 1) * mirror[:, None]
        down = torch.stack([-sin, cos, sin * shift[0] - cos * shift[1]], 1)
        flat = pixels.view(n, 1, *pixels.shape[2:]).float() / 255
        grid = functional.affine_grid(torch.stack([across, down], 1), list(flat.shape), False)
        turned = functional.grid_sample(flat, grid, align_corners=False)
        gamma = uniform(0.7, 1.3, n, 1, 1, 1, device=device)
        gain = uniform(0.85, 1, n, 1, 1, 1, device=device)
        return (turned.pow(gamma) * gain).view(pixels.shape)

    def _stood(self, squares: Tensor, layout: Tensor) -> Tensor:
        """Returns canvases with four squares each, placed by their layouts."""
        count = len(squares)
        strips = squares.reshape(count, 4, 256, SQUARE_POSITIONS, -1)
        strips = strips.permute(0, 1, 3, 2, 4).flatten(1, 2)
        strips = functional.pad(strips, (0, 0, 0, 0, 0, 1))
        rows = torch.arange(count, device=squares.device)[:, None]
        placed = strips[rows, self.columns[layout]]  # (count, 32, 256, 32)
        return placed.transpose(1, 2).flatten(2)
