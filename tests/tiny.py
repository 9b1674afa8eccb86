"""Real components at tiny width with random weights, for tests without a trained model."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast

from sonocanvas.types import CanvasFormat, ModelPair

TINY_FORMAT = CanvasFormat(16000, 256, 256, 64, 32, 0.0, 8000.0, 1e-3, 50.0)
LATENT_SHAPE = (4, 8, 16)
TEXT_WIDTH = 16
TOKENS = 16
SCHEDULER_CONFIG = {
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
SPECIAL = ("<unk>", "<bos>", "<eos>", "<pad>")
WORDS = (
    *("a", "an", "of", "the", "and", "in", "with", ",", "painting", "drawing", "photo", "style"),
    *("grayscale", "black", "background", "lithograph", "castle", "tower", "towers", "church"),
    *("bell", "bells", "ringing", "dog", "dogs", "barking", "bird", "birds", "singing", "frog"),
    *("sea", "waves", "train", "whistle", "rain", "kitten", "horse", "tiger", "garden"),
)


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """Returns a lower-case word tokenizer for `WORDS`, with up to 16 tokens."""
    vocabulary = {word: index for index, word in enumerate((*SPECIAL, *WORDS))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A <eos>", special_tokens=[("<bos>", 1), ("<eos>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="<unk>",
        bos_token="<bos>",
        eos_token="<eos>",
        pad_token="<pad>",
        model_max_length=TOKENS,
    )


def tiny_text_encoder(width: int = TEXT_WIDTH) -> CLIPTextModel:
    """Returns a CLIP text model with two layers."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(SPECIAL) + len(WORDS),
            hidden_size=width,
            intermediate_size=2 * width,
            projection_dim=width,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=TOKENS,
            bos_token_id=1,
            eos_token_id=2,
            pad_token_id=3,
        )
    )


def tiny_unet(channels: int = LATENT_SHAPE[0], **options: Any) -> UNet2DConditionModel:
    """Returns a UNet with two levels and text attention at the lower one."""
    settings: dict[str, Any] = {
        "sample_size": LATENT_SHAPE[1:],
        "in_channels": channels,
        "out_channels": channels,
        "block_out_channels": (16, 32),
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
        "layers_per_block": 1,
        "norm_num_groups": 8,
        "attention_head_dim": 2,
        "cross_attention_dim": TEXT_WIDTH,
    }
    return UNet2DConditionModel(**(settings | options))


def tiny_vae(latent_channels: int = LATENT_SHAPE[0]) -> AutoencoderKL:
    """Returns an autoencoder with three channels that halves the size twice."""
    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        latent_channels=latent_channels,
        block_out_channels=(8, 8, 8),
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        layers_per_block=1,
        norm_num_groups=4,
        scaling_factor=0.5,
    )


def tiny_pair(seed: int = 0, same: bool = False, **changes: Any) -> ModelPair:
    """Returns a pair with random weights, in the memory layout of loaded ones.

    Args:
        seed: Seed of the weights.
        same: Whether picture and sound share one model.
        changes: Fields of `ModelPair` to replace.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        image_unet, text_encoder = tiny_unet(), tiny_text_encoder()
        fields: dict[str, Any] = {
            "name": "tiny",
            "vae": tiny_vae(),
            "image_unet": image_unet,
            "audio_unet": image_unet if same else tiny_unet(),
            "image_text_encoder": text_encoder,
            "audio_text_encoder": text_encoder,
        }
    tokenizer = tiny_tokenizer()
    fields |= {
        "image_tokenizer": tokenizer,
        "audio_tokenizer": tokenizer,
        "scheduler_config": dict(SCHEDULER_CONFIG),
        "canvas_format": TINY_FORMAT,
        "latent_shape": LATENT_SHAPE,
        "closed_vocabulary": True,
        "licences": {"weights": "CC-BY-4.0"},
    }
    pair = ModelPair(**(fields | changes))
    for model in (pair.vae, pair.image_unet, pair.audio_unet, pair.image_text_encoder):
        model.to(memory_format=torch.channels_last).eval().requires_grad_(False)
    return pair


def diffusers_pipeline(pair: ModelPair, scheduler: Any) -> StableDiffusionPipeline:
    """Returns diffusers' own pipeline with the picture model of a pair."""
    pipeline = StableDiffusionPipeline(
        vae=pair.vae,
        text_encoder=pair.image_text_encoder,
        tokenizer=pair.image_tokenizer,
        unet=pair.image_unet,
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@contextlib.contextmanager
def watching(
    pair: ModelPair, tell: Callable[[torch.Tensor], Any] = lambda latents: tuple(latents.shape)
) -> Iterator[dict[str, list[Any]]]:
    """Yields, for each model, the results of `tell` on every latent that the model receives."""
    seen: dict[str, list[Any]] = {"image": [], "audio": []}
    handles = [
        getattr(pair, f"{model}_unet").register_forward_pre_hook(
            lambda _, inputs, model=model: seen[model].append(tell(inputs[0]))
        )
        for model in seen
    ]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()
