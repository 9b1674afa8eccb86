"""Trains the text encoder with a picture tower and a sound tower: three towers, one space.

`python -m sonocanvas.training.towers --minutes 10`. The text encoder reads the prompts of both
diffusion models; the other two towers are the provisional judge of their outputs.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import Tensor
from torch.nn import functional
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    PreTrainedTokenizerFast,
    ResNetConfig,
    ResNetModel,
)

from sonocanvas.scorers.towers import (
    PARTS,
    ROWS,
    TOKENS,
    Towers,
    load_towers,
    reduce_rows,
    tokenize,
)
from sonocanvas.training.layouts import LAYOUTS
from sonocanvas.training.loop import half_precision, train, trainer_options

WIDTH = 256
SPECIAL = ("<pad>", "<unk>", "<bos>", "<eos>")


def words_of(captions: list[str]) -> list[str]:
    """Returns the words of captions in alphabetical order."""
    return sorted({word for caption in captions for word in re.findall(r"\w+|,|-", caption)})


def captions_of(views: Path, *kinds: str) -> list[str]:
    """Returns the captions of all views of some kinds and of their layouts, in lower case.

    Args:
        views: Folder of the views.
        kinds: `"drawings"`, `"sounds"` or both.
    """
    labels = [one for kind in kinds for one in json.loads((views / f"{kind}.json").read_text())]
    layouts = [layout.caption.format("", "") for layout in LAYOUTS if "drawings" in kinds]
    return [text.lower() for text in (*(label["caption"] for label in labels), *layouts)]


def new_tokenizer(words: list[str]) -> PreTrainedTokenizerFast:
    """Returns a lower-case tokenizer of whole words that reads 16 tokens."""
    vocabulary = {word: index for index, word in enumerate((*SPECIAL, *words))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A <eos>", special_tokens=[("<bos>", 2), ("<eos>", 3)]
    )
    return as_fast(tokenizer)


def as_fast(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    """Returns a word tokenizer as transformers' class, with the names of its special tokens."""
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="<unk>",
        bos_token="<bos>",
        eos_token="<eos>",
        pad_token="<pad>",
        model_max_length=TOKENS,
    )


def new_text_encoder(vocabulary_size: int, width: int, layers: int) -> CLIPTextModel:
    """Returns an untrained CLIP text model."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=vocabulary_size,
            hidden_size=width,
            intermediate_size=4 * width,
            projection_dim=width,
            num_hidden_layers=layers,
            num_attention_heads=4,
            max_position_embeddings=TOKENS,
            pad_token_id=0,
            bos_token_id=2,
            eos_token_id=3,
        )
    )


def new_tower(widths: Sequence[int], depths: Sequence[int], rows: int = ROWS) -> ResNetModel:
    """Returns an untrained ResNet that gives `(batch, widths[-1], 1, 1)` for a gray picture.

    Args:
        widths: Channels of its stages.
        depths: Blocks of its stages.
        rows: Height to which its input is reduced.
    """
    config = ResNetConfig(
        image_size=rows,
        num_channels=1,
        embedding_size=widths[0],
        hidden_sizes=list(widths),
        depths=list(depths),
        layer_type="basic",
    )
    return ResNetModel(config)


def new_towers(vocabulary_size: int) -> Towers:
    """Returns the untrained towers of the embedded pair."""
    text = new_text_encoder(vocabulary_size, WIDTH, layers=3)
    picture, sound = (new_tower((32, 64, 128, WIDTH), (1, 2, 2, 1)) for _ in range(2))
    return Towers(text, picture, sound)


def save_towers(towers: Towers, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Writes tokenizer, text encoder and both towers in float16, each to a folder."""
    tokenizer.save_pretrained(folder / "tokenizer")
    for part, name in PARTS.items():
        getattr(towers, part).to(torch.float16).save_pretrained(folder / name)


class Batches:
    """Labelled canvases at the size that the towers read, without held-out items."""

    def __init__(
        self,
        views: Path,
        tokenizer: PreTrainedTokenizerFast,
        seed: int,
        device: str,
        picture_rows: int = ROWS,
    ) -> None:
        """Reads the views.

        Args:
            views: Folder of the views.
            tokenizer: Tokenizes their captions.
            seed: Seed of all random choices.
            device: Device of the batches.
            picture_rows: Rows of the pictures; sounds have 64.
        """
        self.rng = np.random.default_rng(seed)
        self.device = device
        self.canvases: dict[str, Tensor] = {}
        self.tokens: dict[str, Tensor] = {}
        self.concepts: dict[str, Tensor] = {}
        self.known: dict[str, int] = {}
        self.usable: dict[str, NDArray[np.int64]] = {}
        for tower, name in (("picture", "drawings"), ("sound", "sounds")):
            labels: list[dict[str, Any]] = json.loads((views / f"{name}.json").read_text())
            views_of_kind = np.load(views / f"{name}.npy", mmap_mode="r")
            rows = picture_rows if tower == "picture" else ROWS
            parts = [
                reduce_rows(torch.from_numpy(views_of_kind[start : start + 64].copy()), rows).byte()
                for start in range(0, len(views_of_kind), 64)
            ]
            self.canvases[tower] = torch.cat(parts)
            self.tokens[tower] = tokenize(tokenizer, [label["caption"] for label in labels])
            ids = [self.known.setdefault(label["concept"], len(self.known)) for label in labels]
            self.concepts[tower] = torch.tensor(ids)
            self.usable[tower] = np.flatnonzero([not label["held"] for label in labels])

    def __call__(self, tower: str, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Returns canvases `(count, rows, width)` in [0, 1], token ids and concept numbers."""
        rows = self.rng.choice(self.usable[tower], count)
        width = self.canvases[tower].shape[-1]
        shift = width // 4 if tower == "picture" else width
        canvases = [
            self.canvases[tower][row].roll(int(self.rng.integers(-shift, shift)), dims=1)
            for row in rows
        ]
        ids = torch.from_numpy(rows)
        return (
            torch.stack(canvases).to(self.device).float() / 255,
            self.tokens[tower][ids].to(self.device),
            self.concepts[tower][ids].to(self.device),
        )

    def mixed(self, tower: str, canvases: Tensor, most: float) -> Tensor:
        """Returns canvases, half of them mixed with up to `most` of a canvas of the other kind."""
        other, _, _ = self("sound" if tower == "picture" else "picture", len(canvases))
        other = other[..., : other.shape[1]] if tower == "picture" else other.repeat(1, 1, 4)
        other = functional.interpolate(other[:, None], canvases.shape[1:])[:, 0]
        return canvases.lerp(other, self.uniform(-most, most, len(canvases)).clamp(min=0))

    def uniform(self, low: float, high: float, count: int) -> Tensor:
        """Returns random numbers `(count, 1, 1)` between two bounds."""
        numbers = torch.from_numpy(self.rng.uniform(low, high, (count, 1, 1)))
        return numbers.float().to(self.device)


def augmented(batches: Batches, tower: str, canvases: Tensor) -> Tensor:
    """Returns canvases augmented as in composed canvases: mixed and noisy."""
    canvases = batches.mixed(tower, canvases, 0.5)
    noise = batches.uniform(-0.1, 0.1, len(canvases)).clamp(min=0)
    return canvases + noise * torch.randn_like(canvases)


def contrastive_loss(towers: Towers, batches: Batches, count: int) -> Tensor:
    """Returns the supervised contrastive loss: all captions of a concept are positives."""
    losses = []
    for tower in ("picture", "sound"):
        canvases, tokens, ids = batches(tower, count)
        canvases = augmented(batches, tower, canvases)
        with half_precision(batches.device):
            seen, read = towers.embed(tower, canvases), towers.embed_text(tokens)
        logits = towers.log_scale.exp().clamp(max=50) * seen @ read.T
        target = (ids[:, None] == ids[None]).float()
        target = target / target.sum(1, keepdim=True)
        losses += [functional.cross_entropy(logits, target)]
        losses += [functional.cross_entropy(logits.T, target)]
    return torch.stack(losses).mean()


def learn_words(folder: Path, words: list[str]) -> tuple[Towers, PreTrainedTokenizerFast]:
    """Returns towers saved by `save_towers`, ready to learn more words.

    The embedding of a new word is random, with the standard deviation of the old ones. Captions of
    old words keep their embeddings.

    Args:
        folder: Folder of the towers.
        words: All words to know; those that the towers know already keep their embeddings.
    """
    towers, tokenizer = load_towers(folder)
    old = tokenizer.get_vocab()
    known = [word for word in sorted(old) if word not in SPECIAL]
    tokenizer = new_tokenizer([*known, *(word for word in words if word not in old)])
    kept = towers.text.get_input_embeddings().weight[[old[word] for word in (*SPECIAL, *known)]]
    towers.text.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    rows = towers.text.get_input_embeddings().weight
    rows[:] = torch.randn_like(rows) * kept.std()
    rows[: len(kept)] = kept
    return towers.requires_grad_(True), tokenizer


def main() -> None:
    """Builds the tokenizer, trains the towers and saves all four parts."""
    parser = trainer_options(__doc__, minutes=12, batch=64)
    parser.add_argument("--views", type=Path, default=Path("packs/views"))
    parser.set_defaults(out=Path("checkpoints/towers"))
    parser.add_argument("--init-from", type=Path, help="folder of towers that learn new words")
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    words = words_of(captions_of(arguments.views, "drawings", "sounds"))
    if arguments.init_from:
        towers, tokenizer = learn_words(arguments.init_from, words)
        towers.text.requires_grad_(False)  # so that the diffusion models can continue from theirs
    else:
        tokenizer = new_tokenizer(words)
        towers = new_towers(len(tokenizer))
    batches = Batches(arguments.views, tokenizer, arguments.seed, arguments.device)
    towers = towers.to(arguments.device).train()
    average = train(
        towers,
        lambda: contrastive_loss(towers, batches, arguments.batch),
        arguments.out,
        minutes=arguments.minutes,
        learning_rate=arguments.learning_rate,
    )
    save_towers(average, tokenizer, arguments.out)


if __name__ == "__main__":
    main()
