"""The first stage of DeepFloyd IF at tiny width: real classes, saved by the libraries."""

from pathlib import Path

import torch
from diffusers import DDPMScheduler, IFPipeline, UNet2DConditionModel
from transformers import T5Config, T5EncoderModel, T5Tokenizer

SIDE = 16
WORDS = ("a", "castle", "dog", "with", "towers")


def save_if(folder: Path, seed: int = 0) -> Path:
    """Returns a folder with a pipeline in the layout of DeepFloyd IF, for squares of 16 pixels."""
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((f"▁{one}", -1.0) for one in WORDS)]
    tokenizer = T5Tokenizer(vocab=pieces, extra_ids=0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        text_encoder = T5EncoderModel(
            T5Config(vocab_size=len(tokenizer), d_model=16, d_kv=8, d_ff=16, num_layers=1)
        )
        unet = tiny_if_unet()
    scheduler = DDPMScheduler(
        beta_schedule="squaredcos_cap_v2",
        variance_type="learned_range",
        thresholding=True,
        dynamic_thresholding_ratio=0.95,
        sample_max_value=1.5,
    )
    IFPipeline(
        tokenizer, text_encoder, unet, scheduler, None, None, None, requires_safety_checker=False
    ).save_pretrained(folder)
    return folder


def as_published(home: Path) -> Path:
    """Returns a folder of IF with the tokenizer files of the published one: sentencepiece only."""
    (home / "tokenizer" / "tokenizer.json").unlink()
    (home / "tokenizer" / "spiece.model").touch()
    return home


def as_halves(home: Path) -> Path:
    """Returns a folder of IF with its weights only in the fp16 variant."""
    kinds = {"unet": UNet2DConditionModel, "text_encoder": T5EncoderModel}
    for name, kind in kinds.items():
        part = kind.from_pretrained(home / name)
        for file in (home / name).glob("*.safetensors"):
            file.unlink()
        part.half().save_pretrained(home / name, variant="fp16")
    return home


def tiny_if_unet() -> UNet2DConditionModel:
    """Returns a UNet of IF's blocks that predicts noise and variance for squares of 16 pixels."""
    return UNet2DConditionModel(
        sample_size=SIDE,
        in_channels=3,
        out_channels=6,
        block_out_channels=(32, 64),
        layers_per_block=1,
        down_block_types=("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
        mid_block_type="UNetMidBlock2DSimpleCrossAttn",
        up_block_types=("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
        cross_attention_dim=32,
        encoder_hid_dim=16,
        attention_head_dim=8,
        addition_embed_type="text",
        addition_embed_type_num_heads=2,
        cross_attention_norm="group_norm",
        resnet_time_scale_shift="scale_shift",
        act_fn="gelu",
    )
