"""`latent`: the pair's picture model paints, and the canvas is kept to the bit."""

import dataclasses

import pytest
import torch
from diffusers.models.autoencoders.vae import DecoderOutput, EncoderOutput
from tiny import SCHEDULER_CONFIG, tiny_pair, tiny_unet
from tiny_checkpoint import VOCODER, save_checkpoint
from torch import nn

from sonocanvas.colourisers.chroma import with_gray
from sonocanvas.colourisers.latent import Latent, draws_gray
from sonocanvas.denoise import make_scheduler
from sonocanvas.errors import InvalidInputError
from sonocanvas.pairs.autoencoder import BlockAutoencoder
from sonocanvas.pairs.sd15_auffusion import load

QUICK = {"steps": 4, "start_step": 1}


class Blocks(nn.Module):
    """An autoencoder whose latents are the means of 4 x 4 pixel blocks."""

    config = type("Config", (), {"scaling_factor": 1.0, "shift_factor": None})
    dtype, device = torch.float32, torch.device("cpu")

    def encode(self, image):
        return EncoderOutput(latent=nn.functional.avg_pool2d(image, 4))

    def decode(self, latents):
        return DecoderOutput(sample=nn.functional.interpolate(latents, scale_factor=4))


def gray_levels(pictures):
    return (pictures * 255).round().sum(dim=1) / 3


def test_every_picture_has_the_canvas_as_its_gray_and_some_colour(sample, paint):
    colour = paint(Latent(samples=3, **QUICK), sample)
    assert colour.pictures.shape == (3, 3, *sample.canvas.shape)
    levels = (sample.canvas * 255).round().expand(3, -1, -1)
    assert torch.equal(gray_levels(colour.pictures), levels)
    assert colour.pictures.std(dim=1).mean() > 1 / 255
    assert not torch.equal(colour.pictures[0], colour.pictures[1])
    assert colour.colour_map == ""
    assert colour.record == {"name": "latent", **dataclasses.asdict(Latent(samples=3, **QUICK))}


def test_picture_is_that_of_its_seed(sample, paint):
    three = paint(Latent(samples=3, seed=5, **QUICK), sample)
    alone = paint(Latent(seed=7, **QUICK), sample)
    assert torch.equal(three.pictures[2], alone.pictures[0])


def test_every_option_changes_the_colour(sample, paint):
    changes = ({}, {"prompt": "a dog"}, {"guidance_scale": 1.0}, {"start_step": 3}, {"steps": 5})
    pictures = [paint(Latent(**(QUICK | change)), sample).pictures for change in changes]
    for index, one in enumerate(pictures):
        assert not any(torch.equal(one, other) for other in pictures[:index])


def test_steps_before_the_start_evaluate_no_model(sample, paint):
    steps = []
    paint(Latent(steps=4, start_step=3), sample, on_step=lambda step, clean: steps.append(step))
    assert [step.image_conditional is not None for step in steps] == [False] * 3 + [True]
    assert all(step.audio_conditional is None for step in steps)


def test_prediction_of_every_step_decodes_to_the_canvas(sample, paint):
    """With an autoencoder that is lossless on blocks, gray equals the canvas at every step."""
    unet = tiny_unet(channels=3).eval()
    pair = tiny_pair(vae=Blocks(), image_unet=unet, latent_shape=(3, 8, 16))
    blocks = (nn.functional.avg_pool2d(sample.canvas[None], 4) * 255).round() / 255
    canvas = nn.functional.interpolate(blocks[None], scale_factor=4)[0, 0]
    seen = []
    paint(
        Latent(**QUICK),
        dataclasses.replace(sample, canvas=canvas),
        pair,
        lambda step, clean: seen.append((clean / 2 + 0.5).mean(dim=1)),
    )
    assert len(seen) == 4
    for gray in seen:
        assert torch.allclose(gray, blocks, atol=2e-3)


class KnowsOnePicture(nn.Module):
    """A model of a single picture: whatever is not that picture it predicts as noise."""

    device, dtype = torch.device("cpu"), torch.float32

    def __init__(self, picture):
        super().__init__()
        self.picture, self.schedule = picture * 2 - 1, make_scheduler(SCHEDULER_CONFIG)

    def forward(self, latents, timestep, encoder_hidden_states, **options):
        kept = self.schedule.alphas_cumprod[int(timestep)]
        return ((latents - kept.sqrt() * self.picture) / (1 - kept).sqrt(),)


def test_model_of_one_picture_gives_its_chroma_to_the_canvas(sample, paint):
    picture = torch.rand(1, 3, 8, 16, generator=torch.Generator().manual_seed(1))
    pair = tiny_pair(
        vae=Blocks(),
        image_unet=KnowsOnePicture(picture),
        latent_shape=(3, 8, 16),
        scheduler_config={**SCHEDULER_CONFIG, "set_alpha_to_one": True},  # no noise is left
    )
    grays = torch.linspace(0.2, 0.8, 128).view(1, 8, 16)
    canvas = nn.functional.interpolate(grays[None], scale_factor=4)[0, 0]
    canvas = (canvas * 255).round() / 255
    colour = paint(Latent(**QUICK), dataclasses.replace(sample, canvas=canvas), pair)
    wanted = with_gray(nn.functional.interpolate(picture, scale_factor=4), canvas[None])
    assert (colour.pictures - wanted).abs().max() < 2.5 / 255


def test_pair_without_colour_is_refused_before_it_paints(sample, paint):
    steps = []
    pair = tiny_pair(vae=BlockAutoencoder(4, 4, (8,), 4).eval())
    assert draws_gray(pair)
    assert not draws_gray(tiny_pair())
    with pytest.raises(InvalidInputError, match="Pair 'tiny' draws only in gray, so 'latent'"):
        paint(Latent(**QUICK), sample, pair, lambda step, clean: steps.append(step))
    assert steps == []


def test_canvas_of_another_width_is_coloured(sample, paint):
    canvas = nn.functional.pad(sample.canvas[None], (0, 32), mode="replicate")[0]
    colour = paint(Latent(**QUICK), dataclasses.replace(sample, canvas=canvas))
    assert torch.equal(gray_levels(colour.pictures)[0], (canvas * 255).round())


def test_pair_of_the_published_layout_colours_without_its_empty_columns(sample, paint, tmp_path):
    picture = save_checkpoint(tmp_path / "image")
    audio = save_checkpoint(tmp_path / "audio", seed=2, vocoder=VOCODER)
    pair = load("cpu", torch.float32, image_model=str(picture), audio_model=str(audio))
    assert pair.crop_columns == 32
    canvas = torch.arange(256).repeat(992, 1).T / 255
    sample = dataclasses.replace(sample, canvas=canvas)
    colour = paint(Latent(steps=2, start_step=1), sample, pair)
    assert colour.pictures.shape == (1, 3, 256, 992)
    assert torch.equal(gray_levels(colour.pictures)[0], (canvas * 255).round())
    assert colour.pictures.std(dim=1).mean() > 1 / 255
