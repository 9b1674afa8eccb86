"""The device that a model computes on, and the default type of its weights."""

from typing import Any

import torch


def device_of(model: Any) -> torch.device:
    """Returns the device that a model computes on.

    A model that accelerate offloads waits elsewhere, whole or layer by layer, and computes where
    its hooks send it.
    """
    parts = model.modules() if model.device.type == "meta" else (model,)
    hooks = (getattr(part, "_hf_hook", None) for part in parts)
    sent = (getattr(hook, "execution_device", None) for hook in hooks)
    return torch.device(next((place for place in sent if place is not None), model.device))


def default_dtype(device: str | torch.device) -> str:
    """Returns the default type of the weights: half precision on a CUDA card.

    It is float16, not bfloat16, since every card has it and it rounds eight times as finely.

    Args:
        device: Where the models go.

    Example:
        >>> default_dtype("cuda"), default_dtype("cpu"), default_dtype("mps")
        ('float16', 'float32', 'float32')
    """
    return "float16" if torch.device(device).type == "cuda" else "float32"
