"""Surfaces: levels in [0, 1] from their own generator, which can fit any picture."""

import pytest
import torch

from sonocanvas.methods.surfaces import SURFACES, FourierNetwork


def make(name, seed=0):
    return SURFACES[name](16, 32, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", SURFACES)
def test_first_canvas_is_drawn_from_the_generator_alone(name):
    torch.manual_seed(1)
    state = torch.get_rng_state()
    canvas = make(name)()
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    assert torch.equal(make(name)(), canvas)
    assert not torch.equal(make(name, seed=1)(), canvas)
    assert canvas.shape == (1, 16, 32)
    assert 0 < canvas.min() <= canvas.max() < 1
    assert abs(canvas.mean() - 0.5) < 0.2


@pytest.mark.parametrize(("name", "rate"), [("pixels", 0.2), ("pyramid", 0.4), ("fourier", 0.03)])
def test_surface_can_become_a_picture(name, rate):
    picture = torch.zeros(1, 16, 32)
    picture[:, 4:12, 8:20] = 1
    surface = make(name)
    optimizer = torch.optim.AdamW(surface.parameters(), lr=rate)
    errors = []
    for _ in range(40):
        error = (surface() - picture).square().mean()
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        errors.append(float(error.detach()))
    assert errors[-1] < 0.02 < 0.1 < errors[0]


@pytest.mark.parametrize(("name", "moved_most"), [("pixels", "grain"), ("pyramid", "shape")])
def test_first_step_on_a_pyramid_moves_shapes_and_on_pixels_grain(name, moved_most):
    columns = torch.arange(32)
    patterns = {"shape": 1 - 2 * (columns < 16).float(), "grain": 1 - 2 * (columns % 2).float()}
    surface = make(name)
    before = surface().detach()
    loss = -(surface() * (patterns["shape"] + 1.5 * patterns["grain"])).sum()
    loss.backward()
    torch.optim.AdamW(surface.parameters(), lr=0.1, weight_decay=0.0).step()
    moved = {
        name: float(((surface().detach() - before) * one).mean()) for name, one in patterns.items()
    }
    assert max(moved, key=moved.get) == moved_most


def test_network_is_rougher_at_a_larger_scale():
    def roughness(scale):
        surface = FourierNetwork(32, 64, torch.Generator().manual_seed(0), scale=scale)
        return float(surface().detach().diff(dim=2).abs().mean())

    assert roughness(1.0) < roughness(3.0) < roughness(9.0)
