"""A pipeline of tiny models, and its latents."""

import torch
from tiny import tiny_pair

from sonocanvas import SonoCanvasPipeline

PROMPTS = ("a castle, grayscale", "bells ringing")
MODELS = ("vae", "image_unet", "audio_unet", "image_text_encoder", "audio_text_encoder")


def make_pipe(pair=None, **options):
    pipe = SonoCanvasPipeline.from_pair(pair or tiny_pair(), **options)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def seeded(*seeds):
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def latents_of(pipe, *prompts, **options):
    settings = {"num_inference_steps": 4, "generator": seeded(0), "output_type": "latent"}
    return pipe(*(prompts or PROMPTS), **(settings | options)).images
