"""Captions by number, with their embeddings, and how often concepts occur."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from transformers import CLIPTextModel, PreTrainedTokenizerFast

from sonocanvas.scorers.towers import tokenize
from sonocanvas.words.concepts import shared

OTHERS = 0.6  # frequency of a concept that is not shared, relative to one that is
PROMPT_DROPOUT = 0.12


class Captions:
    """Numbers for captions, assigned in the order in which they appear; 0 is the empty caption."""

    def __init__(self) -> None:
        self.numbers = {"": 0}

    def __call__(self, caption: str) -> int:
        """Returns the number of a caption."""
        return self.numbers.setdefault(caption, len(self.numbers))

    @torch.inference_mode()
    def embedded(self, towers: Path, device: str) -> Tensor:
        """Returns the text encoder's last hidden state of every caption, by number.

        Args:
            towers: Folder of the text encoder and its tokenizer.
            device: Where to compute and keep the table `(captions, tokens, width)`.
        """
        tokenizer = PreTrainedTokenizerFast.from_pretrained(towers / "tokenizer")
        encoder = CLIPTextModel.from_pretrained(towers / "text_encoder", dtype=torch.float32)
        encoder = encoder.to(device).eval()
        tokens = tokenize(tokenizer, list(self.numbers)).to(device)
        return torch.cat([encoder(part)[0] for part in torch.split(tokens, 256)]).clone()


def without_some(captions: Tensor) -> Tensor:
    """Returns caption numbers, a share of them replaced by that of the empty caption."""
    kept = torch.rand(captions.shape, device=captions.device) >= PROMPT_DROPOUT
    return captions * kept


def concept_weights(names: Sequence[str]) -> Tensor:
    """Returns the sampling weights of concepts: shared ones are drawn more often than others."""
    often = {row["id"] for row in shared()}
    return torch.tensor([1.0 if name in often else OTHERS for name in names])
