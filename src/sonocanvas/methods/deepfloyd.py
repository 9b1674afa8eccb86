"""The first stage of DeepFloyd IF, loaded from a folder as the teacher of a picture."""

from pathlib import Path
from typing import Any

import diffusers
import torch
from torch import Tensor
from torch.nn import functional

from sonocanvas.errors import CheckpointError
from sonocanvas.methods.distillation import Teacher, squares
from sonocanvas.pairs.part_files import check_weights, read_json
from sonocanvas.pairs.parts import check_tokenizer, load_part
from sonocanvas.types import Prompts, Step
from sonocanvas.values import expanded

TOKENS = 77
PARTS = {
    "tokenizer": ("transformers", "T5Tokenizer"),
    "text_encoder": ("transformers", "T5EncoderModel"),
    "unet": ("diffusers", "UNet2DConditionModel"),
}


def load_teacher(
    folder: str,
    prompts: Prompts,
    guidance_scale: float,
    crops: int,
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
) -> Teacher:
    """Returns the model in a folder as the teacher of a picture; it sees small pixel squares.

    The text encoder, which is much larger than the model, is released once the prompts are read.

    Args:
        folder: Folder of an `IFPipeline` in diffusers' layout, with safetensors.
        prompts: The image prompt and its negative prompt.
        guidance_scale: Classifier-free guidance.
        crops: Number of random squares of the canvas that it sees.
        device: Device of the model.
        dtype: Dtype of its weights.

    Raises:
        CheckpointError: The folder is missing, a part of it is missing or broken, or the package
            for its tokenizer is not installed.
    """
    home = expanded(folder)
    if not home.is_dir():
        raise CheckpointError(f"There is no folder '{folder}'; method.if_model must name one.")
    for name in ("text_encoder", "unet"):
        read_json(home / name / "config.json")
        check_weights(home / name)
    read_json(home / "tokenizer" / "tokenizer_config.json")
    check_tokenizer(home / "tokenizer")
    schedule = diffusers.DDPMScheduler.from_config(
        read_json(home / "scheduler" / "scheduler_config.json")
    )
    texts = read_texts(home, [prompts.negative_image, prompts.image], device, dtype)
    unet: Any = load_part(home / "unet", PARTS["unet"], device, dtype)
    side = unet.config.sample_size

    def encode(image: Tensor, generator: torch.Generator) -> Tensor:
        seen = squares(image, crops, generator)
        small = functional.interpolate(seen, (side, side), mode="bilinear", antialias=True)
        return small * 2 - 1

    def guided(step: Step) -> tuple[Step, Tensor]:
        views = len(step.latents)
        text = texts.repeat_interleave(views, dim=0)
        pixels = torch.cat([step.latents] * 2).to(dtype)
        output = unet(pixels, int(step.timestep), encoder_hidden_states=text).sample
        noise = output[:, : pixels.shape[1]].float()  # the other half of the channels is a variance
        without, given = noise.chunk(2)
        return step, without + guidance_scale * (given - without)

    return Teacher(encode, guided, schedule.alphas_cumprod)


def read_texts(
    home: Path, prompts: list[str], device: str | torch.device, dtype: torch.dtype
) -> Tensor:
    """Returns the embeddings `(prompts, 77, width)`, as diffusers' `IFPipeline` makes them.

    Args:
        home: Folder of the pipeline.
        prompts: Texts; they are read in lower case.
        device: Device of the text encoder.
        dtype: Dtype of its weights.
    """
    tokenizer = load_part(home / "tokenizer", PARTS["tokenizer"], device, dtype)
    encoder = load_part(home / "text_encoder", PARTS["text_encoder"], device, dtype)
    tokens = tokenizer(
        [prompt.lower().strip() for prompt in prompts],
        padding="max_length",
        max_length=TOKENS,
        truncation=True,
        return_tensors="pt",
    ).to(device)
    with torch.no_grad():
        embeddings: Tensor = encoder(tokens.input_ids, attention_mask=tokens.attention_mask)[0]
    return embeddings.to(dtype)
