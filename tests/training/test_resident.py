"""Canvases are encoded as by the autoencoder and mixed with those of the other modality."""

import pytest
import torch

from sonocanvas.pairs.autoencoder import BlockAutoencoder
from sonocanvas.training.resident import BATCHES_KEPT, Batches, Latents, blurred, encode, shaped_by


def test_encoding_is_that_of_the_autoencoder():
    torch.manual_seed(0)
    autoencoder = BlockAutoencoder(4, 32, (16, 16, 16))
    canvases = torch.rand(2, 256, 1024)
    expected = autoencoder.encode((canvases * 2 - 1)[:, None].expand(-1, 3, -1, -1)).latent
    torch.testing.assert_close(encode(autoencoder, canvases), expected, atol=1e-5, rtol=1e-4)


def test_levels_fall_only_where_the_shape_is_black():
    canvases, shape = torch.ones(3, 8, 8), torch.zeros(3, 8, 8)
    shape[:, :4] = 1
    made = shaped_by(canvases, shape, 0.2, 0.7)
    assert (made[:, :4] == 1).all()
    assert (made[:, 4:] >= 0.2).all()
    assert (made[:, 4:] <= 0.7).all()


def test_blurring_keeps_the_mean():
    torch.manual_seed(0)
    canvases = torch.rand(2, 64, 64)
    assert blurred(canvases).std() < canvases.std() / 4
    assert blurred(canvases).mean() == pytest.approx(float(canvases.mean()), abs=0.01)


class Level:
    """Stands in for a source whose canvases have one level."""

    device = "cpu"

    def __init__(self, level, silhouette=None):
        self.level, self.silhouette = level, silhouette

    def __call__(self, count, silhouettes=False):
        level = self.silhouette if silhouettes else self.level
        return torch.full((count, 256, 1024), level), torch.zeros(count, dtype=torch.long)


def test_a_mixed_picture_is_a_mean_with_a_sound_or_shaped_by_it():
    torch.manual_seed(0)
    canvases, mixed, _ = Batches(Level(0.8), Level(0.0), "image")(200)
    assert (canvases == 0.8).all()
    share = mixed[:, 0, 0] / 0.8
    assert (share >= 0.1).all()
    assert (share <= 0.9).all()
    assert (share < 0.5).any()  # shaped
    assert (share > 0.7).any()  # averaged


def test_a_mixed_sound_keeps_half_of_its_energy_where_a_silhouette_shapes_it():
    torch.manual_seed(0)
    pictures = Batches(Level(0.8, silhouette=0.0), Level(0.5), "audio")
    canvases, mixed, _ = pictures(200)
    level = mixed[:, 0, 0]
    averaged = level > 0.5
    assert averaged.any()  # averaged with the brighter picture
    assert (level[~averaged] == 0.5).all()  # the all-black silhouette would remove too much
    assert (canvases == 0.5).all()


def test_latents_are_renewed_part_by_part_and_keep_their_captions():
    torch.manual_seed(0)
    autoencoder = BlockAutoencoder(4, 32, (16, 16, 16))
    drawn = []

    def batches(count):
        """Returns canvases of a new level, mixed ones twice as bright, and the level's number."""
        drawn.append(count)
        number = len(drawn)
        canvases = torch.full((count, 256, 1024), number / 100)
        return canvases, 2 * canvases, torch.full((count,), number)

    latents = Latents(batches, autoencoder, batch=16)
    assert drawn == [16] * BATCHES_KEPT
    plain, mixed, captions = latents()
    assert drawn[BATCHES_KEPT:] == [2]
    assert plain.shape == (16, 4, 8, 32)
    assert plain.is_contiguous()
    levels = captions[:, None, None].expand(-1, 256, 1024) / 100
    torch.testing.assert_close(plain, encode(autoencoder, levels))
    torch.testing.assert_close(mixed, encode(autoencoder, 2 * levels))
    for _ in range(16 * BATCHES_KEPT // 2):
        latents()
    assert latents.kept[2].min() > BATCHES_KEPT  # the first canvases have all been replaced
