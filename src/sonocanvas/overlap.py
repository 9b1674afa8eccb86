"""Processes long tensors in overlapping parts whose results fade into each other."""

from collections.abc import Callable

import torch
from torch import Tensor

TINY = 1e-12


def in_parts(
    whole: Tensor,
    width: int,
    overlap: int,
    make: Callable[[Tensor], Tensor],
    fade: Callable[[Tensor, Tensor], Tensor],
) -> Tensor:
    """Returns the result of `make` for a long tensor, in parts along its last dimension.

    Args:
        whole: `(..., length)`; one that is not longer than a part is made at once.
        width: Length of a part; the last may be shorter.
        overlap: How much two neighbours share, at most half the width.
        make: Makes a tensor of a part that is longer or shorter by one factor.
        fade: Joins the end of one part and the beginning of the next, of equal shape.
    """
    length = whole.shape[-1]
    if length <= width:
        return make(whole)
    first = make(whole[..., :width])
    joined = first.new_empty(*first.shape[:-1], first.shape[-1] * length // width)
    joined[..., : first.shape[-1]] = first
    for start in range(width - overlap, length - overlap, width - overlap):
        made = make(whole[..., start : start + width])
        place = first.shape[-1] * start // width
        shared = first.shape[-1] * overlap // width
        end = joined[..., place : place + shared].clone()  # gradients may need it as it was
        joined[..., place : place + shared] = fade(end, made[..., :shared])
        joined[..., place + shared : place + made.shape[-1]] = made[..., shared:]
    return joined


def faded(end: Tensor, beginning: Tensor) -> Tensor:
    """Returns a linear fade from one to the other, for pictures."""
    share = _rising(end)
    return torch.lerp(end, beginning, share.expand_as(end))


def faded_by_power(end: Tensor, beginning: Tensor) -> Tensor:
    """Returns a fade from one to the other that preserves power, for sound.

    Only the middle eighth fades, since a player knows least at an edge. How much the two agree
    there sets the weights (Fink, Holters and Zölzer, "Signal-matched power-complementary
    cross-fading", 2016): phases that were found apart may agree or not.
    """
    count = end.shape[-1]
    first = count * 7 // 16
    middle = slice(first, count - first)
    one, other = end[..., middle], beginning[..., middle]
    power = (one.square().sum(-1, keepdim=True) * other.square().sum(-1, keepdim=True)).sqrt()
    agreement = (one * other).sum(-1, keepdim=True) / (power + TINY)
    angle = _rising(one) * (torch.pi / 2)
    rise, fall = angle.sin(), angle.cos()
    norm = (1 + 2 * agreement * rise * fall).clamp(min=0.1).sqrt()
    joined = (fall * one + rise * other) / norm
    return torch.cat([end[..., :first], joined, beginning[..., count - first :]], -1)


def _rising(like: Tensor) -> Tensor:
    """Returns numbers that rise from above 0 to below 1 along the last dimension."""
    count = like.shape[-1]
    return (torch.arange(count, device=like.device) + 0.5) / count
