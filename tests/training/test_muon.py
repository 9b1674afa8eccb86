"""Muon: its steps are orthogonal, and only hidden weights get them."""

import torch
from torch import nn

from sonocanvas.training.muon import Muon, hidden_weights, orthogonalised
from sonocanvas.training.unet import new_unet


def test_singular_values_come_near_one_for_wide_and_tall_matrices():
    torch.manual_seed(0)
    for shape in ((3, 12, 40), (2, 40, 12)):
        values = torch.linalg.svdvals(orthogonalised(torch.randn(shape)))
        assert values.min() > 0.6
        assert values.max() < 1.3


def test_directions_of_a_matrix_stay():
    torch.manual_seed(0)
    left, _, right = torch.linalg.svd(torch.randn(6, 6))
    made = orthogonalised((left @ torch.diag(torch.linspace(1, 2, 6)) @ right)[None])[0]
    rotated = left.T @ made @ right.T
    torch.testing.assert_close(rotated, torch.diag(rotated.diag()), atol=1e-4, rtol=0)


def test_kernels_between_the_ends_are_hidden_and_vectors_are_not():
    unet = new_unet(4, (16, 32))
    hidden = {id(one) for one in hidden_weights(unet)}
    assert id(unet.mid_block.resnets[0].conv1.weight) in hidden
    assert id(unet.mid_block.resnets[0].conv1.bias) not in hidden
    assert id(unet.conv_in.weight) not in hidden
    assert id(unet.conv_out.weight) not in hidden
    assert id(unet.time_embedding.linear_1.weight) not in hidden


def test_a_step_is_as_long_as_the_rate_says_whatever_the_gradient():
    for size in (1e-3, 1e3):
        kernel = nn.Parameter(torch.zeros(8, 4, 3, 3))
        torch.manual_seed(0)
        kernel.grad = size * torch.randn(8, 4, 3, 3)
        Muon([kernel], lr=0.1, weight_decay=0).step()
        moved = torch.linalg.svdvals(kernel.detach().reshape(8, -1))
        assert moved.min() > 0.06
        assert moved.max() < 0.13


def test_it_finds_a_rotation():
    torch.manual_seed(0)
    goal, weight = torch.linalg.qr(torch.randn(8, 8))[0], nn.Parameter(torch.zeros(8, 8))
    optimizer = Muon([weight], lr=0.03, weight_decay=0)
    for step in range(200):
        optimizer.param_groups[0]["lr"] = 0.03 * (1 - step / 200)
        optimizer.zero_grad()
        (weight - goal).square().mean().backward()
        optimizer.step()
    assert (weight - goal).norm() / goal.norm() < 0.1
