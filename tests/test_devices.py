"""Where a model computes: on its own device, or where accelerate's hooks send it."""

import accelerate
import pytest
import torch
from diffusers import ModelMixin
from tiny import tiny_pair

from sonocanvas.canvas import decode_latents, encode_image
from sonocanvas.devices import default_dtype, device_of


@pytest.fixture
def vae():
    return tiny_pair().vae


def test_a_model_computes_where_it_is(vae):
    assert device_of(vae) == torch.device("cpu")
    assert device_of(vae.to("meta")) == torch.device("meta")


def test_an_offloaded_model_computes_where_its_hook_sends_it(vae):
    accelerate.cpu_offload_with_hook(vae, "meta")  # stands in for a GPU
    assert vae.device == torch.device("cpu")
    assert device_of(vae) == torch.device("meta")


def test_a_model_offloaded_layer_by_layer_computes_where_its_layers_are_sent(vae):
    accelerate.cpu_offload(vae, torch.device("cpu"))
    assert vae.device == torch.device("meta")
    assert device_of(vae) == torch.device("cpu")


def test_latents_and_images_go_where_an_offloaded_autoencoder_is_sent(vae):
    assert isinstance(vae, ModelMixin)
    accelerate.cpu_offload_with_hook(vae, "meta")
    assert decode_latents(vae, torch.zeros(1, 4, 4, 8)).device.type == "meta"
    assert encode_image(vae, torch.zeros(1, 3, 32, 64)).device.type == "meta"


@pytest.mark.parametrize(
    ("device", "expected"),
    [("cpu", "float32"), ("mps", "float32"), ("cuda", "float16"), ("cuda:1", "float16")],
)
def test_half_precision_is_the_default_of_cuda_alone(device, expected):
    assert default_dtype(device) == expected
    assert default_dtype(torch.device(device)) == expected
