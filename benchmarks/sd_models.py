"""A pair of random weights in the layout of Stable Diffusion v1.5, at its real width or tiny.

Speed and memory do not depend on the values of the weights, so nothing is downloaded.
"""

from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast

from sonocanvas.types import AUFFUSION_FORMAT, ModelPair

LATENT_SHAPE = (4, 32, 128)
TOKENS = 77
SCHEDULE: dict[str, Any] = {
    "_class_name": "DDIMScheduler",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
    "prediction_type": "epsilon",
    "clip_sample": False,
    "set_alpha_to_one": False,
    "timestep_spacing": "leading",
    "steps_offset": 1,
}


def new_unet(tiny: bool = False) -> UNet2DConditionModel:
    """Returns a diffusion model with 859.5 M parameters, or a tenth as wide."""
    return UNet2DConditionModel(
        sample_size=LATENT_SHAPE[1:],
        block_out_channels=(32, 64, 128, 128) if tiny else (320, 640, 1280, 1280),
        cross_attention_dim=64 if tiny else 768,
    )


def new_vae(tiny: bool = False) -> AutoencoderKL:
    """Returns an autoencoder that shrinks an image eightfold: 83.7 M parameters."""
    return AutoencoderKL(
        block_out_channels=(32, 32, 32, 32) if tiny else (128, 256, 512, 512),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=2,
        latent_channels=LATENT_SHAPE[0],
    )


def new_text_encoder(tiny: bool = False) -> CLIPTextModel:
    """Returns the text model of CLIP ViT-L/14: 123.1 M parameters."""
    width = 64 if tiny else 768
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=49408,
            hidden_size=width,
            intermediate_size=4 * width,
            num_hidden_layers=2 if tiny else 12,
            num_attention_heads=width // 64 * 2 if tiny else 12,
            max_position_embeddings=TOKENS,
        )
    )


def new_tokenizer() -> PreTrainedTokenizerFast:
    """Returns a tokenizer of 77 tokens that treats all words alike."""
    tokenizer = Tokenizer(models.WordLevel({"<word>": 0, "<end>": 1}, unk_token="<word>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="<word>",
        eos_token="<end>",
        pad_token="<end>",
        model_max_length=TOKENS,
    )


def new_pair(device: str, dtype: torch.dtype, tiny: bool = False) -> ModelPair:
    """Returns a pair with two diffusion models and one of every other part, weights of seed 0.

    Args:
        device: Device to build it on; `meta` allocates no memory.
        dtype: Dtype of the weights.
        tiny: Whether the models are a tenth as wide, for dry runs.
    """
    torch.manual_seed(0)
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            parts = {
                "vae": new_vae(tiny),
                "image_unet": new_unet(tiny),
                "audio_unet": new_unet(tiny),
                "image_text_encoder": new_text_encoder(tiny),
            }
    finally:
        torch.set_default_dtype(before)
    for part in parts.values():
        part.eval().requires_grad_(False)
    tokenizer = new_tokenizer()
    return ModelPair(
        name="random",
        **parts,
        audio_text_encoder=parts["image_text_encoder"],
        image_tokenizer=tokenizer,
        audio_tokenizer=tokenizer,
        scheduler_config=SCHEDULE,
        canvas_format=AUFFUSION_FORMAT,
        latent_shape=LATENT_SHAPE,
    )
