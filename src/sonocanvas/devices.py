"""The device that a model computes on, and the default type of its weights."""

from typing import Any

import torch


def device_of(model: Any) -> torch.device:
    """Returns the device that a model computes on.

    A model offloaded by accelerate is stored elsewhere, as a whole or layer by layer, and computes
    on the device to which its hooks move it.
    """
    parts = model.modules() if model.device.type == "meta" else (model,)
    hooks = (getattr(part, "_hf_hook", None) for part in parts)
    sent = (getattr(hook, "execution_device", None) for hook in hooks)
    return torch.device(next((place for place in sent if place is not None), model.device))


def default_dtype(device: str | torch.device) -> str:
    """Returns the default dtype of the weights: half precision on CUDA.

    It is float16 rather than bfloat16, since every GPU supports it and its rounding is eight times
    finer.

    Args:
        device: Device of the models.

    Example:
        >>> default_dtype("cuda"), default_dtype("cpu"), default_dtype("mps")
        ('float16', 'float32', 'float32')
    """
    return "float16" if torch.device(device).type == "cuda" else "float32"
