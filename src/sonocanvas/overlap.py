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
    """Returns the result of `make` on a long tensor, computed in parts along its last dimension.

    Args:
        whole: `(..., length)`; processed in one part if it is no longer than `width`.
        width: Length of a part; the last may be shorter.
        overlap: Overlap of neighbouring parts, at most half of `width`.
        make: Maps a part to a tensor whose length is in a fixed ratio to that of the part.
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
        end = joined[..., place : place + shared].clone()  # autograd may need the original values
        joined[..., place : place + shared] = fade(end, made[..., :shared])
        joined[..., place + shared : place + made.shape[-1]] = made[..., shared:]
    return joined


def faded(end: Tensor, beginning: Tensor) -> Tensor:
    """Returns a linear fade from one to the other, for pictures."""
    share = _rising(end)
    return torch.lerp(end, beginning, share.expand_as(end))


def faded_by_power(end: Tensor, beginning: Tensor) -> Tensor:
    """Returns a power-preserving fade from one to the other, for sound.

    Only the middle eighth fades, since a vocoder is least accurate near the edges of a part. The
    phases of two parts may or may not agree, so their correlation sets the weights (Fink, Holters
    and Zölzer, "Signal-matched power-complementary cross-fading", 2016).
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
