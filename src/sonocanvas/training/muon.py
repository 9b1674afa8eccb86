"""Muon: orthogonal steps for the weights that mix channels."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

ENDS = ("conv_in", "conv_out", "time_embedding", "add_embedding")


def hidden_weights(model: nn.Module) -> list[nn.Parameter]:
    """Returns the kernels and matrices of a UNet between its first and its last layers."""
    words = {id(part.weight) for part in model.modules() if isinstance(part, nn.Embedding)}
    return [
        parameter
        for name, parameter in model.named_parameters()
        if parameter.ndim > 1 and id(parameter) not in words and not name.startswith(ENDS)
    ]


def orthogonalised(matrices: Tensor) -> Tensor:
    """Returns matrices `(batch, rows, columns)` with their singular values moved close to 1.

    Five steps of a quintic Newton-Schulz iteration, which gives values of 0.7 to 1.2. Source:
    Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024).
    """
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x.bfloat16() if x.is_cuda else x
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(5):
        square = x @ x.mT
        factor = torch.baddbmm(square, square, square, beta=-4.775, alpha=2.0315)
        x = torch.baddbmm(x, factor, x, beta=3.4445)
    return (x.mT if tall else x).to(matrices.dtype)


class Muon(torch.optim.Optimizer):
    """Momentum with orthogonalised updates; a kernel is treated as a matrix of `out` rows.

    Args:
        parameters: Kernels `(out, in, height, width)` and matrices `(out, in)`.
        lr: Spectral norm of an update.
        momentum: Nesterov momentum.
        weight_decay: Decoupled, as in AdamW.
    """

    def __init__(
        self,
        parameters: Sequence[nn.Parameter],
        lr: float = 0.02,
        momentum: float = 0.95,
        weight_decay: float = 0.01,
    ) -> None:
        options = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
        super().__init__(parameters, options)

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Takes one step along the gradients of the last backward pass."""
        for group in self.param_groups:
            learning = [one for one in group["params"] if one.grad is not None]
            gradients = [one.grad for one in learning]
            for one in learning:
                if "momentum" not in self.state[one]:
                    self.state[one]["momentum"] = torch.zeros_like(one)
            momenta = [self.state[one]["momentum"] for one in learning]
            torch._foreach_lerp_(momenta, gradients, 1 - group["momentum"])
            torch._foreach_lerp_(gradients, momenta, group["momentum"])
            torch._foreach_mul_(learning, 1 - group["lr"] * group["weight_decay"])
            same_shape: dict[torch.Size, list[int]] = defaultdict(list)
            for number, one in enumerate(learning):
                same_shape[one.shape].append(number)
            for shape, numbers in same_shape.items():
                stack = torch.stack([gradients[number].reshape(shape[0], -1) for number in numbers])
                size = group["lr"] * max(1.0, stack.shape[1] / stack.shape[2]) ** 0.5
                for number, move in zip(numbers, orthogonalised(stack), strict=True):
                    learning[number].add_(move.reshape(shape), alpha=-size)
