"""The loop as the paper's released code runs it: one seed at a time, prompts encoded per seed.

An independent baseline that shares only the loaded models with the package.
"""

from typing import Any

import torch
from diffusers import DDIMScheduler
from torch import Tensor


def encode(tokenizer: Any, text_encoder: Any, text: str) -> Tensor:
    """Returns the embeddings `(2, tokens, width)` of the empty prompt and of `text`."""
    tokens = tokenizer(
        ["", text],
        padding="max_length",
        max_length=tokenizer.model_max_length,
        truncation=True,
        return_tensors="pt",
    )
    embeddings: Tensor = text_encoder(tokens.input_ids.to(text_encoder.device))[0]
    return embeddings


@torch.no_grad()
def sample_one(
    pair: Any,
    image_prompt: str,
    audio_prompt: str,
    noise: Tensor,
    *,
    steps: int,
    image_guidance: float,
    audio_guidance: float,
    image_start: float,
    audio_weight: float,
) -> Tensor:
    """Returns the clean latent `(1, channels, height, width)` sampled from one seed's noise."""
    scheduler = DDIMScheduler.from_config(pair.scheduler_config)
    scheduler.set_timesteps(steps)
    image_text = encode(pair.image_tokenizer, pair.image_text_encoder, image_prompt)
    audio_text = encode(pair.audio_tokenizer, pair.audio_text_encoder, audio_prompt)
    dtype = pair.image_unet.dtype
    first_image_step = round((1 - image_start) * steps)
    latents = noise * scheduler.init_noise_sigma
    for index, timestep in enumerate(scheduler.timesteps):
        scaled = scheduler.scale_model_input(torch.cat([latents] * 2), timestep)

        def guided(unet: Any, text: Tensor, scale: float) -> Tensor:
            predicted = unet(
                scaled.to(dtype),  # noqa: B023
                timestep,  # noqa: B023
                encoder_hidden_states=text.to(dtype),
            ).sample.float()
            free, asked = predicted.chunk(2)
            return free + scale * (asked - free)

        audio_noise = guided(pair.audio_unet, audio_text, audio_guidance)
        mixed = audio_noise
        if index >= first_image_step:
            image_noise = guided(pair.image_unet, image_text, image_guidance)
            mixed = (1 - audio_weight) * image_noise + audio_weight * audio_noise
        latents = scheduler.step(mixed, timestep, latents).prev_sample
    return latents
