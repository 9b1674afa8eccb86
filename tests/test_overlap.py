import math

import pytest
import torch

from sonocanvas.overlap import faded, faded_by_power, in_parts


@pytest.mark.parametrize("length", [5, 16, 17, 23, 24, 25, 40, 1001])
def test_what_does_not_depend_on_its_neighbours_is_as_if_made_at_once(length):
    whole = torch.rand(2, length)
    made = in_parts(whole, 16, 8, lambda part: (3 * part).repeat_interleave(4, -1), faded)
    assert torch.allclose(made, (3 * whole).repeat_interleave(4, -1), atol=1e-6)
    less = in_parts(whole[:, : length // 4 * 4], 16, 8, lambda part: part[..., ::4], faded)
    assert torch.allclose(less, whole[:, : length // 4 * 4 : 4], atol=1e-6)


def test_gradients_flow_as_if_it_were_made_at_once():
    whole = torch.rand(2, 50, requires_grad=True)
    in_parts(whole, 16, 4, lambda part: part.square(), faded).sum().backward()
    assert torch.allclose(whole.grad, 2 * whole, atol=1e-5)


def test_no_part_is_longer_than_it_may_be():
    lengths = []

    def make(part):
        lengths.append(part.shape[-1])
        return part

    in_parts(torch.rand(1, 100), 16, 4, make, faded)
    assert max(lengths) == 16
    assert min(lengths) > 4


def test_sound_that_agrees_goes_on_as_it_is():
    tone = torch.sin(torch.arange(4000) * 0.1)[None]
    joined = faded_by_power(tone, tone)
    assert torch.allclose(joined, tone, atol=1e-3)


def test_sound_that_does_not_agree_keeps_its_power():
    generator = torch.Generator().manual_seed(0)
    one, other = torch.randn(2, 400, 160, generator=generator)
    middle = slice(70, 90)
    power = faded_by_power(one, other)[:, middle].square().mean()
    assert math.isclose(power, 1, rel_tol=0.05)
    linear = faded(one, other)[:, middle].square().mean()
    assert linear < 0.6  # the loss that power weights avoid
