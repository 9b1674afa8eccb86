"""Readers of models: descriptions, weights, vocoders, LoRAs."""

import json
import shutil
from pathlib import Path
from typing import Any

import fuzz_files
import torch
from fuzz_reader import Reader, mixed
from fuzz_values import to_json
from hypothesis import strategies as st
from safetensors.torch import load, save
from tiny import (
    SCHEDULER_CONFIG,
    TINY_FORMAT,
    tiny_text_encoder,
    tiny_tokenizer,
    tiny_unet,
    tiny_vae,
)
from tiny_checkpoint import OriginalGenerator, original_state, save_lora

from sonocanvas.denoise import make_scheduler
from sonocanvas.pairs.folder import read_facts
from sonocanvas.pairs.lora import Lora, merge_lora
from sonocanvas.pairs.part_files import check_weights, read_json
from sonocanvas.pairs.parts import load_part, read_vocoder
from sonocanvas.vocoders.weights import build_vocoder

VOCODER = {
    "resblock": "1",
    "num_mels": 8,
    "upsample_initial_channel": 8,
    "upsample_rates": [4, 2],
    "upsample_kernel_sizes": [8, 4],
    "resblock_kernel_sizes": [3],
    "resblock_dilation_sizes": [[1, 3]],
    "sampling_rate": 16000,
}
PARTS = {
    "unet": (("diffusers", "UNet2DConditionModel"), tiny_unet),
    "vae": (("diffusers", "AutoencoderKL"), tiny_vae),
    "text_encoder": (("transformers", "CLIPTextModel"), tiny_text_encoder),
}


def weights(home: Path) -> list[Reader]:
    made = []
    for name, (kind, make) in PARTS.items():
        make().save_pretrained(home / name)
        config = json.loads((home / name / "config.json").read_text())

        def part(folder: Path, name: str = name, kind: tuple[str, str] = kind) -> None:
            place = folder / name
            read_json(place / "config.json")
            check_weights(place)
            load_part(place, kind, "cpu", torch.float32)

        def copy(folder: Path, name: str = name) -> None:
            shutil.copytree(home / name, folder / name, dirs_exist_ok=True)

        made.append(
            Reader(
                f"{name} config",
                to_json(config),
                mixed(config, to_json),
                f"{name}/config.json",
                part,
                copy,
            )
        )
        if name == "vae":  # the smallest part
            weights = next((home / name).glob("*.safetensors"))
            made.append(
                Reader(
                    "safetensors",
                    weights.read_bytes(),
                    fuzz_files.tensors(weights.read_bytes()),
                    f"{name}/{weights.name}",
                    part,
                    copy,
                )
            )
    return [*made, *_pairs(home), *_vocoders(home), _lora(home)]


def _pairs(home: Path) -> list[Reader]:
    index = {"name": "tiny", "latent_shape": [4, 8, 16], "canvas_format": vars(TINY_FORMAT)}
    index |= {"crop_columns": 0, "closed_vocabulary": True, "licences": {"weights": "CC0"}}
    tiny_tokenizer().save_pretrained(home / "tokenizer")
    tokens = json.loads((home / "tokenizer" / "tokenizer.json").read_text("utf-8"))
    kind = ("transformers", "PreTrainedTokenizerFast")

    def copy(folder: Path) -> None:
        shutil.copytree(home / "tokenizer", folder / "tokenizer", dirs_exist_ok=True)

    def schedule(folder: Path) -> None:
        make_scheduler(read_json(folder / "scheduler_config.json"))

    return [
        Reader(
            "model index",
            to_json(index),
            mixed(index, to_json),
            "model_index.json",
            lambda folder: read_facts(folder, read_json(folder / "model_index.json")),
        ),
        Reader(
            "schedule",
            to_json(SCHEDULER_CONFIG),
            mixed(SCHEDULER_CONFIG, to_json),
            "scheduler_config.json",
            schedule,
        ),
        Reader(
            "tokenizer",
            to_json(tokens),
            mixed(tokens, to_json),
            "tokenizer/tokenizer.json",
            lambda folder: load_part(folder / "tokenizer", kind, "cpu", torch.float32),
            copy,
        ),
    ]


def _vocoders(home: Path) -> list[Reader]:
    folder = home / "vocoder"
    folder.mkdir()
    torch.manual_seed(0)
    torch.save({"generator": original_state(OriginalGenerator(VOCODER))}, folder / "vocoder.pt")
    (folder / "config.json").write_text(json.dumps(VOCODER))

    def copy(place: Path) -> None:
        shutil.copytree(folder, place / "vocoder", dirs_exist_ok=True)

    def read(place: Path) -> None:
        weights = read_vocoder(place / "vocoder", "cpu")
        build_vocoder("hifigan", {}, weights, "It")

    saved = (folder / "vocoder.pt").read_bytes()
    pickled = fuzz_files.pickles(saved)
    return [
        Reader(
            "hifigan config",
            to_json(VOCODER),
            mixed(VOCODER, to_json),
            "vocoder/config.json",
            read,
            copy,
        ),
        Reader("hifigan", saved, pickled, "vocoder/vocoder.pt", read, copy),
    ]


def _lora(home: Path) -> Reader:
    seed = save_lora(home / "lora.safetensors").read_bytes()
    layer = "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q"
    options = {"r": 2, "lora_alpha": 4, "target_modules": [layer]}
    metadata = {"format": "pt", "lora_adapter_metadata": json.dumps(options)}
    told = save(load(seed), metadata)
    unet = tiny_unet()

    def read(folder: Path) -> None:
        merge_lora(unet, Lora(folder / "lora.safetensors", "mine"), 1.0, lambda sentence: None)

    cases = st.one_of(
        fuzz_files.tensors(seed), fuzz_files.tensors(told), _options(load(seed), options)
    )
    return Reader("lora", told, cases, "lora.safetensors", read)


def _options(tensors: dict[str, torch.Tensor], options: Any) -> st.SearchStrategy[bytes]:
    def write(text: bytes) -> bytes:
        told = {"format": "pt", "lora_adapter_metadata": text.decode("utf-8", "replace")}
        return save(tensors, told)

    return mixed(options, to_json).map(write)
