"""Batches for the diffusion models: latent canvases laid out with their captions."""

import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import CLIPTextModel, PreTrainedTokenizerFast

from sonocanvas.scorers.towers import tokenize
from sonocanvas.training.layouts import CANVAS_POSITIONS, LAYOUTS
from sonocanvas.training.views import concepts

PROMPT_DROPOUT = 0.12
OTHERS = 0.35  # how often a concept outside the shared ones comes up, beside one of them


class Embeddings:
    """The text encoder's last hidden state of captions, each computed once."""

    def __init__(self, towers: Path) -> None:
        self.tokenizer = PreTrainedTokenizerFast.from_pretrained(towers / "tokenizer")
        encoder = CLIPTextModel.from_pretrained(towers / "text_encoder", dtype=torch.float32)
        self.encoder = encoder.eval().requires_grad_(False)
        self.known: dict[str, Tensor] = {}

    def __call__(self, captions: list[str]) -> Tensor:
        """Returns embeddings `(captions, tokens, width)`."""
        new = sorted({caption for caption in captions if caption not in self.known})
        if new:
            self.known |= zip(new, self.encoder(tokenize(self.tokenizer, new))[0], strict=True)
        return torch.stack([self.known[caption] for caption in captions])


class Latents:
    """Latent canvases with their captions; shared concepts come up more often than others."""

    def __init__(self, views: Path, modality: str, black: Tensor, seed: int) -> None:
        """Reads the labels of the views.

        Args:
            views: Folder of the views and their latents.
            modality: `"image"` or `"audio"`.
            black: Latent `(channels, 8, 1)` of what is empty.
            seed: Where all choices come from.
        """
        kind = "drawings" if modality == "image" else "sounds"
        labels = json.loads((views / f"{kind}.json").read_text())
        self.latents = np.load(views / f"latents-{kind}.npy", mmap_mode="r")
        self.captions = [label["caption"] for label in labels]
        self.black = black.numpy().astype(np.float16)
        self.rng = np.random.default_rng(seed)
        groups: dict[str, list[int]] = {}
        for number, label in enumerate(labels):
            if not label["held"]:
                groups.setdefault(label["concept"], []).append(number)
        self.names = list(groups)
        self.groups: list[NDArray[np.int64]] = [np.array(group) for group in groups.values()]
        shared = {row["id"] for row in concepts()}
        weights = np.array([1.0 if name in shared else OTHERS for name in groups])
        self.weights = weights / weights.sum()
        self.layouts = LAYOUTS if modality == "image" else LAYOUTS[:1]

    def __call__(self, count: int) -> tuple[Tensor, list[str]]:
        """Returns `(count, channels, 8, 32)` latents and their captions, some of them empty."""
        drawn = [self._canvas() for _ in range(count)]
        captions = ["" if self.rng.random() < PROMPT_DROPOUT else text for _, text in drawn]
        return torch.from_numpy(np.stack([canvas for canvas, _ in drawn])).float(), captions

    def _canvas(self) -> tuple[NDArray[np.float16], str]:
        """Returns one latent canvas and its caption."""
        shares = [layout.share for layout in self.layouts]
        layout = self.layouts[self.rng.choice(len(shares), p=np.array(shares) / sum(shares))]
        groups = self.rng.choice(len(self.groups), 2, p=self.weights, replace=False)
        width = self.latents.shape[-1]
        places = layout.places if width < CANVAS_POSITIONS else (0,)
        canvas = np.repeat(self.black, CANVAS_POSITIONS, axis=-1)
        caption = layout.caption.format(*(self.names[g].replace("-", " ") for g in groups))
        for number, place in enumerate(places):
            row = self.rng.choice(self.groups[groups[number % 2 if "{1}" in layout.caption else 0]])
            canvas[..., place : place + width] = self.latents[row]
            if not layout.caption and number == 0:
                caption = self.captions[row]
        return canvas, caption
