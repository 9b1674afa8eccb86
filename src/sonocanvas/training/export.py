"""Assembles the trained parts as the shipped pair: `python -m sonocanvas.training.export`."""

import argparse
import shutil
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from transformers import CLIPTextModel, PreTrainedTokenizerFast

from sonocanvas.pairs.autoencoder import BlockAutoencoder
from sonocanvas.pairs.folder import save_folder
from sonocanvas.pairs.mini import WEIGHTS
from sonocanvas.training.layouts import CANVAS_POSITIONS
from sonocanvas.training.unet import SCHEDULE
from sonocanvas.types import MINI_FORMAT, ModelPair

LICENCES = {"weights": "CC-BY-4.0"}
KEPT_FILES = {"README.md", "LICENSE", "ATTRIBUTION.md"}


def assemble(checkpoints: Path) -> ModelPair:
    """Returns the pair made of the parts that the trainers saved."""
    towers = checkpoints / "towers"
    tokenizer = PreTrainedTokenizerFast.from_pretrained(towers / "tokenizer")
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
        image_tokenizer=tokenizer,
        image_text_encoder=text_encoder,
        audio_tokenizer=tokenizer,
        audio_text_encoder=text_encoder,
        scheduler_config=SCHEDULE,
        canvas_format=MINI_FORMAT,
        latent_shape=(vae.config.latent_channels, 8, CANVAS_POSITIONS),
        closed_vocabulary=True,
        licences=LICENCES,
    )


def main() -> None:
    """Replaces the shipped weights; the written notes beside them stay."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints"))
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    arguments = parser.parse_args()
    pair = assemble(arguments.checkpoints)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for old in arguments.out.iterdir():
        if old.is_dir():
            shutil.rmtree(old)
        elif old.name not in KEPT_FILES:
            old.unlink()
    save_folder(pair, arguments.out)
    for tower in ("picture_tower", "sound_tower"):
        shutil.copytree(arguments.checkpoints / "towers" / tower, arguments.out / tower)
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
