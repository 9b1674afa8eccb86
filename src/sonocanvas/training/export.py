"""Assembles the trained parts as the shipped pair: `python -m sonocanvas.training.export`."""

import argparse
import json
import shutil
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from tokenizers import Tokenizer
from transformers import CLIPTextModel, PreTrainedTokenizerFast

from sonocanvas.pairs.autoencoder import BlockAutoencoder
from sonocanvas.pairs.folder import save_folder
from sonocanvas.pairs.mini import WEIGHTS
from sonocanvas.training.attribution import write_attribution
from sonocanvas.training.layouts import CANVAS_POSITIONS
from sonocanvas.training.pack import read_pack
from sonocanvas.training.towers import SPECIAL, as_fast, captions_of, words_of
from sonocanvas.training.unet import SCHEDULE
from sonocanvas.types import MINI_FORMAT, ModelPair

LICENCES = {"weights": "CC-BY-4.0"}
KEPT_FILES = {"README.md", "LICENSE"}


def keep_words(tokenizer: PreTrainedTokenizerFast, words: list[str]) -> PreTrainedTokenizerFast:
    """Returns a tokenizer to which every word that is not in `words` is unknown."""
    state = json.loads(tokenizer.backend_tokenizer.to_str())
    kept = {*words, *SPECIAL}
    vocabulary = state["model"]["vocab"]
    state["model"]["vocab"] = {word: row for word, row in vocabulary.items() if word in kept}
    return as_fast(Tokenizer.from_str(json.dumps(state)))


def assemble(checkpoints: Path, views: Path) -> ModelPair:
    """Returns the pair built from the parts that the trainers saved.

    The models share a text encoder; each has its own tokenizer with the words that it learned.
    """
    towers = checkpoints / "towers"
    tokenizer = PreTrainedTokenizerFast.from_pretrained(towers / "tokenizer")
    image_tokenizer, audio_tokenizer = (
        keep_words(tokenizer, words_of(captions_of(views, kind))) for kind in ("drawings", "sounds")
    )
    text_encoder = CLIPTextModel.from_pretrained(towers / "text_encoder", dtype=torch.float32)
    vae = BlockAutoencoder.from_pretrained(checkpoints / "vae" / "model", torch_dtype=torch.float32)
    unets = {
        f"{modality}_unet": UNet2DConditionModel.from_pretrained(
            checkpoints / f"{modality}_unet" / "model", torch_dtype=torch.float32
        )
        for modality in ("image", "audio")
    }
    return ModelPair(
        name="mini",
        vae=vae,
        **unets,
        image_tokenizer=image_tokenizer,
        image_text_encoder=text_encoder,
        audio_tokenizer=audio_tokenizer,
        audio_text_encoder=text_encoder,
        scheduler_config=SCHEDULE,
        canvas_format=MINI_FORMAT,
        latent_shape=(vae.config.latent_channels, 8, CANVAS_POSITIONS),
        closed_vocabulary=True,
        licences=LICENCES,
    )


def main() -> None:
    """Replaces the shipped weights; the notes next to them stay."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints"))
    parser.add_argument("--views", type=Path, default=Path("packs/views"))
    parser.add_argument("--pack", type=Path, default=Path("packs/mini.zip"))
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    arguments = parser.parse_args()
    pair = assemble(arguments.checkpoints, arguments.views)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for old in arguments.out.iterdir():
        if old.is_dir():
            shutil.rmtree(old)
        elif old.name not in KEPT_FILES:
            old.unlink()
    save_folder(pair, arguments.out)
    for tower in ("picture_tower", "sound_tower", "tokenizer"):
        shutil.copytree(arguments.checkpoints / "towers" / tower, arguments.out / tower)
    write_attribution(read_pack(arguments.pack), arguments.out)
    vocoder = arguments.checkpoints / "vocoder" / "model"
    if vocoder.is_dir():
        shutil.copytree(vocoder, arguments.out / "vocoder")
    judge = arguments.out.parent / "judge"
    shutil.rmtree(judge, ignore_errors=True)
    shutil.copytree(arguments.checkpoints / "judge" / "model", judge)
    for note in ("LICENSE", "ATTRIBUTION.md"):
        shutil.copy(arguments.out / note, judge)
    size = sum(path.stat().st_size for path in arguments.out.parent.rglob("*") if path.is_file())
    print(f"{arguments.out.name} and judge: {size / 10**6:.1f} MB")


if __name__ == "__main__":
    main()
