"""The distance to the nearest training view."""

import torch

from sonocanvas.training.nearest import nearest


def test_a_copy_at_another_contrast_has_distance_zero_and_is_found():
    torch.manual_seed(0)
    views = torch.rand(5, 64, 64)
    distances, numbers = nearest(views[[3, 1]] * 0.5 + 0.2, views)
    torch.testing.assert_close(distances, torch.zeros(2), atol=1e-5, rtol=0)
    assert numbers.tolist() == [3, 1]


def test_unrelated_noise_is_far():
    torch.manual_seed(0)
    distances, _ = nearest(torch.rand(4, 64, 64), torch.rand(50, 64, 64))
    assert distances.min() > 0.9
