"""Offloaded models, and slicing and tiling of the autoencoder, keep the result."""

import accelerate
import pytest
import torch
from tiny import tiny_pair
from tiny_pipe import MODELS, PROMPTS, block_vae, make_pipe, seeded

from sonocanvas import SonoCanvasPipeline
from sonocanvas.errors import InvalidInputError


def test_offloading_names_components_and_leaves_the_model_of_every_other_call_out(pipe):
    """The two UNets are called alternately, so only one is in the chain that moves models."""
    chain = SonoCanvasPipeline.model_cpu_offload_seq.split("->")
    assert set(MODELS) - set(chain) == {"image_unet"}
    assert chain.index("image_text_encoder") < chain.index("audio_unet") < chain.index("vae")
    assert set(chain) < set(pipe.components)


def test_offloading_moves_each_model_when_it_is_called_and_keeps_the_result(pipe):
    """The CPU stands in for the accelerator; accelerate's hooks are the real ones."""
    moved = make_pipe()
    moved.enable_model_cpu_offload(device="cpu")
    assert all(hasattr(getattr(moved, name), "_hf_hook") for name in MODELS)
    options = {"num_inference_steps": 2, "output_type": "pt"}
    made = moved(*PROMPTS, **options, generator=seeded(0))
    expected = pipe(*PROMPTS, **options, generator=seeded(0))
    assert torch.equal(made.images, expected.images)
    assert torch.equal(made.waveforms, expected.waveforms)


def test_offloading_of_each_layer_keeps_the_result(pipe, monkeypatch):
    def offload(model, device, **options):  # diffusers numbers the device, and a CPU has no number
        accelerate.big_modeling.cpu_offload(model, torch.device("cpu"), **options)

    monkeypatch.setattr("accelerate.cpu_offload", offload)
    moved = make_pipe()
    assert moved.image_text_encoder is moved.audio_text_encoder
    moved.enable_sequential_cpu_offload(device="cpu")
    assert moved.image_text_encoder.device.type == "meta"
    options = {"num_inference_steps": 2, "output_type": "pt"}
    made = moved(*PROMPTS, **options, generator=seeded(0))
    expected = pipe(*PROMPTS, **options, generator=seeded(0))
    assert torch.equal(made.images, expected.images)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is an accelerator")
def test_offloading_without_an_accelerator_is_refused(pipe):
    with pytest.raises(RuntimeError, match="requires accelerator, but not found"):
        pipe.enable_model_cpu_offload()


def test_slicing_and_tiling_are_those_of_the_autoencoder():
    pipe = make_pipe()
    options = {"num_inference_steps": 1, "num_images_per_prompt": 2, "output_type": "pt"}
    expected = pipe(*PROMPTS, **options, generator=seeded(0, 1)).images
    bounds = (("slicing", torch.max, 1e-4), ("tiling", torch.mean, 0.1))  # each tile is normalised
    for what, size, tolerance in bounds:
        getattr(pipe, f"enable_vae_{what}")()
        assert getattr(pipe.vae, f"use_{what}")
        made = pipe(*PROMPTS, **options, generator=seeded(0, 1)).images
        assert made.shape == expected.shape
        assert size((made - expected).abs()) < tolerance
        getattr(pipe, f"disable_vae_{what}")()
        assert not getattr(pipe.vae, f"use_{what}")


@pytest.mark.parametrize("what", ["slicing", "tiling"])
def test_slicing_and_tiling_that_the_autoencoder_lacks_are_refused(what):
    pipe = make_pipe(tiny_pair(vae=block_vae()))
    with pytest.raises(InvalidInputError, match=f"BlockAutoencoder, which has no {what}; Auto"):
        getattr(pipe, f"enable_vae_{what}")()
