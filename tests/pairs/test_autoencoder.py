"""The block autoencoder: a linear code, and a decoder that only adds to it."""

import accelerate
import pytest
import torch

from sonocanvas.pairs.autoencoder import BlockAutoencoder


@pytest.fixture
def autoencoder():
    """Returns an autoencoder of 8 x 8 blocks with random orthonormal components."""
    torch.manual_seed(0)
    model = BlockAutoencoder(6, block=8, block_out_channels=(8, 8), norm_num_groups=4).eval()
    rows, _ = torch.linalg.qr(torch.randn(64, 64))
    model.set_components(-0.5, rows[:6], torch.linspace(0.5, 2, 6))
    return model.requires_grad_(False)


@pytest.fixture
def images():
    return (torch.rand(2, 1, 16, 24) * 2 - 1).expand(-1, 3, -1, -1)


def test_a_latent_is_one_position_per_block_and_decodes_to_the_size(autoencoder, images):
    latent = autoencoder.encode(images).latent
    assert latent.shape == (2, 6, 2, 3)
    assert autoencoder.decode(latent).sample.shape == images.shape


def test_the_mean_of_latents_is_the_latent_of_the_mean(autoencoder, images):
    one, two = autoencoder.encode(images).latent
    mean = autoencoder.encode(images.mean(0, keepdim=True)).latent[0]
    torch.testing.assert_close((one + two) / 2, mean, atol=1e-5, rtol=1e-5)


def test_an_untrained_decoder_gives_the_projection_on_the_components(autoencoder, images):
    latent = autoencoder.encode(images).latent
    decoded = autoencoder.decode(latent).sample
    torch.testing.assert_close(autoencoder.encode(decoded).latent, latent, atol=1e-5, rtol=1e-5)
    rest = (images - decoded)[:, :1].unfold(2, 8, 8).unfold(3, 8, 8).flatten(4)
    components = autoencoder.analysis.weight.flatten(1)
    torch.testing.assert_close(rest @ components.T, torch.zeros(2, 1, 2, 3, 6), atol=1e-4, rtol=0)


def test_a_constant_image_of_the_mean_level_has_latent_zero(autoencoder):
    latent = autoencoder.encode(torch.full((1, 3, 8, 8), -0.5)).latent
    torch.testing.assert_close(latent, torch.zeros(1, 6, 1, 1), atol=1e-5, rtol=0)


def test_it_comes_back_from_its_folder(autoencoder, images, tmp_path):
    autoencoder.save_pretrained(tmp_path)
    loaded = BlockAutoencoder.from_pretrained(tmp_path).eval()
    wanted = autoencoder.decode(autoencoder.encode(images).latent).sample
    torch.testing.assert_close(loaded.decode(loaded.encode(images).latent).sample, wanted)


def test_it_goes_where_it_is_sent_when_it_encodes_or_decodes(autoencoder, images):
    accelerate.cpu_offload_with_hook(autoencoder, "meta")  # stands in for a GPU
    latent = autoencoder.encode(images.to("meta")).latent
    assert autoencoder.device.type == latent.device.type == "meta"
    assert autoencoder.decode(latent).sample.device.type == "meta"
