"""Ranks the shared concepts for canvases: where the right one comes, by a set of towers."""

from pathlib import Path

import torch
from torch import Tensor

from sonocanvas.training.towers import load_towers, reduce_rows, tokenize
from sonocanvas.training.views import concepts

SQUARE = 256


class Ranking:
    """Ranks the 48 shared concepts for pictures and for canvases as sound."""

    def __init__(self, folder: Path) -> None:
        self.towers, tokenizer = load_towers(folder)
        rows = concepts()
        with torch.inference_mode():
            self.read = {
                tower: self.towers.embed_text(
                    tokenize(tokenizer, [row[column].lower() for row in rows])
                )
                for tower, column in (("picture", "image_prompt"), ("sound", "audio_prompt"))
            }

    @torch.inference_mode()
    def similarity(self, tower: str, canvases: Tensor) -> Tensor:
        """Returns cosines `(batch, 48)` of canvases `(batch, 256, width)` in [0, 1].

        A picture wider than a square is seen in squares along its width; the mean counts.
        """
        if tower == "picture" and canvases.shape[-1] > SQUARE:
            starts = range(0, canvases.shape[-1] - SQUARE + 1, SQUARE)
            parts = [canvases[..., start : start + SQUARE] for start in starts]
            return torch.stack([self.similarity(tower, part) for part in parts]).mean(0)
        return self.towers.embed(tower, reduce_rows(canvases)) @ self.read[tower].T

    def rank(self, tower: str, canvases: Tensor, concept: int | list[int]) -> Tensor:
        """Returns for each canvas how many concepts come before the right one.

        Args:
            tower: `"picture"` or `"sound"`.
            canvases: `(batch, 256, width)` in [0, 1].
            concept: Number of the right one, of all canvases or of each.
        """
        cosines = self.similarity(tower, canvases)
        right = torch.as_tensor(concept).expand(len(cosines))
        return (cosines > cosines.gather(1, right[:, None])).sum(1)
