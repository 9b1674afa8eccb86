"""Ranks the shared concepts for canvases by a set of towers, to find the right one's place."""

from pathlib import Path

import torch
from torch import Tensor

from sonocanvas.scorers.embedder import squares
from sonocanvas.scorers.towers import load_towers, tokenize
from sonocanvas.training.views import concepts


class Ranking:
    """Ranks concepts for pictures and sounds; by default the 48 shared concepts.

    Args:
        folder: The towers.
        prompts: Prompts of the concepts to rank, for `"picture"` and `"sound"`.
    """

    def __init__(self, folder: Path, prompts: dict[str, list[str]] | None = None) -> None:
        self.towers, tokenizer = load_towers(folder)
        prompts = prompts or {
            "picture": [row["image_prompt"] for row in concepts()],
            "sound": [row["audio_prompt"] for row in concepts()],
        }
        with torch.inference_mode():
            self.read = {
                tower: self.towers.embed_text(tokenize(tokenizer, [text.lower() for text in texts]))
                for tower, texts in prompts.items()
            }

    @torch.inference_mode()
    def similarity(self, tower: str, canvases: Tensor) -> Tensor:
        """Returns cosines `(batch, concepts)` of canvases `(batch, 256, width)` in [0, 1].

        A picture wider than a square is split into squares along its width and their cosines are
        averaged.
        """
        if tower == "picture":
            parts = squares(canvases, canvases.shape[1])
            seen = self.towers.embed(tower, parts.flatten(0, 1)) @ self.read[tower].T
            return seen.reshape(*parts.shape[:2], -1).mean(1)
        return self.towers.embed(tower, canvases) @ self.read[tower].T

    def rank(self, tower: str, canvases: Tensor, concept: int | list[int]) -> Tensor:
        """Returns for each canvas how many concepts rank above the right one.

        Args:
            tower: `"picture"` or `"sound"`.
            canvases: `(batch, 256, width)` in [0, 1].
            concept: Index of the right concept, for all canvases or for each.
        """
        cosines = self.similarity(tower, canvases)
        right = torch.as_tensor(concept).expand(len(cosines))
        return (cosines > cosines.gather(1, right[:, None])).sum(1)
