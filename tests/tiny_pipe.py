"""A pipeline of tiny models, and its latents."""

import torch
from tiny import tiny_pair

from sonocanvas import SonoCanvasPipeline
from sonocanvas.compose.mean import Mean
from sonocanvas.denoise import denoise, initial_noise, make_scheduler
from sonocanvas.pairs.autoencoder import BlockAutoencoder
from sonocanvas.text import encode_prompts
from sonocanvas.types import Prompts, VocoderWeights

PROMPTS = ("a castle, grayscale", "bells ringing")
RUN = {
    "image_prompt": PROMPTS[0],
    "audio_prompt": PROMPTS[1],
    "vocoder": {"name": "griffin_lim"},  # the tiny pair has no vocoder
}
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


def block_vae():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return BlockAutoencoder(4, 4, (8, 8), norm_num_groups=4).eval()


def hifigan_weights():
    from sonocanvas.vocoders.hifigan import Generator

    config = {
        "num_mels": 32,
        "upsample_initial_channel": 8,
        "upsample_rates": [8, 8],
        "upsample_kernel_sizes": [16, 16],
        "resblock": "1",
        "resblock_kernel_sizes": [3],
        "resblock_dilation_sizes": [[1]],
    }
    return VocoderWeights(config, Generator(config).state_dict())


def load_pipe(folder, **options):
    pipe = SonoCanvasPipeline.from_pretrained(folder, **options)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def phase_net_weights(**changes):
    """Returns the weights of a phase network, with changes to its configuration."""
    from sonocanvas.training.vocoder import new_network

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = new_network(width=4)
    return VocoderWeights(network.config | changes, network.state_dict())


def after_two_steps(pair):
    """Returns the latent after two steps with the mean rule, without a pipeline."""
    embeddings, _ = encode_prompts(pair, Prompts("a castle", "bells"))
    scales = {"image_guidance_scale": 3.0, "audio_guidance_scale": 3.0}
    scheduler, noise = make_scheduler(pair.scheduler_config), initial_noise(pair, [0])
    return denoise(pair, embeddings, noise, scheduler, Mean(), steps=2, **scales)
