"""Loads and checks the models of a run, on a device and in a type."""

import warnings
from typing import Any

import torch
from diffusers.utils import is_accelerate_available

from sonocanvas.config import MODELS, RunConfig
from sonocanvas.devices import default_dtype
from sonocanvas.errors import InvalidInputError, unknown
from sonocanvas.pairs.named import load_named
from sonocanvas.pipeline.models import offloaded
from sonocanvas.protocols import OnWarning
from sonocanvas.scene.placing import resized
from sonocanvas.stages import stage
from sonocanvas.types import ModelPair

THROUGH_MODELS = frozenset({"sds"})
"""Methods that backpropagate through a model, which must stay on the device until then."""


def pick_device(name: str) -> str:
    """Returns the device of a name; `auto` is the fastest available one.

    Raises:
        InvalidInputError: The name is unknown, or this machine has no such device.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    there["cpu"] = True
    if name == "auto":
        return next(device for device, present in there.items() if present)
    if name not in there:
        raise unknown("device", name, ["auto", *there])
    if not there[name]:
        present = ", ".join(device for device in there if there[device])
        raise InvalidInputError(f"There is no device '{name}' here; available: {present}.")
    return name


def settled(
    config: RunConfig, device: str | torch.device, pair: ModelPair | None = None
) -> RunConfig:
    """Returns a run with the dtype of its weights and the digests of its files filled in.

    Args:
        config: The run; a `sampling.dtype` of `auto` is resolved here.
        device: Device of the models.
        pair: Models that are already loaded, whose dtype is used.

    Raises:
        InvalidInputError: A file is missing, or has changed since the run started.
    """
    layers = tuple(layer.settled() for layer in config.layers)
    config = config.model_copy(update={"layers": layers}) if layers else config
    if config.sampling.dtype != "auto":
        return config
    kind = default_dtype(device) if pair is None else _type_of(pair.image_unet)
    sampling = config.sampling.model_copy(update={"dtype": kind})
    return config.model_copy(update={"sampling": sampling})


def load_pair(
    config: RunConfig, device: str | torch.device, on_warning: OnWarning = warnings.warn
) -> ModelPair:
    """Returns the models of a run.

    Args:
        config: The run.
        device: Device of the models.
        on_warning: Called with warnings about licences and mismatches.

    Raises:
        InvalidInputError: The pair does not allow another image or audio model.
        CheckpointError: The weights are missing, broken or incompatible.
    """
    given = config.model_dump(include=set(MODELS))
    dtype = getattr(torch, settled(config, device).sampling.dtype)
    with stage(f"pair '{config.pair}' loaded as {dtype} for {device}"):
        return load_named(config.pair, device, dtype, **given, on_warning=on_warning)


def ready_pair(
    config: RunConfig, device: str, offload: bool, pair: ModelPair | None, on_warning: OnWarning
) -> ModelPair:
    """Returns the models of a run for a canvas of its length.

    Args:
        config: The run, settled.
        device: Device of the models.
        offload: Whether each model stays on the CPU until it is called.
        pair: Models that are already loaded; `None` loads them.
        on_warning: As in `load_pair`.

    Raises:
        InvalidInputError: The dtype of the models differs from the run's, or they cannot draw a
            canvas of its length.
        CheckpointError: The weights are missing, broken or incompatible.
    """
    if pair is None:
        pair = load_pair(config, "cpu" if offload else device, on_warning)
        pair = offloaded(pair, device) if offload else pair
    for name in ("image_unet", "audio_unet"):
        given = _type_of(getattr(pair, name))
        if given != config.sampling.dtype:
            raise InvalidInputError(
                f"sampling.dtype is '{config.sampling.dtype}', but the {name} of the pair has "
                f"the type {given}."
            )
    return resized(pair, config.duration_s)


def check_offload(config: RunConfig, device: str) -> None:
    """Checks that the models of a run can stay on the CPU until they are called.

    Raises:
        InvalidInputError: The device is not `cuda`, accelerate is not installed, or the method
            backpropagates through a model.
    """
    if device != "cuda":
        raise InvalidInputError(
            f"Offloading saves the memory of a graphics card, so the device must be 'cuda', not "
            f"'{device}'."
        )
    if config.method.name in THROUGH_MODELS:
        raise InvalidInputError(
            f"Method '{config.method.name}' cannot be offloaded, since gradients flow through its "
            "models; run it without --offload."
        )
    if not is_accelerate_available():
        raise InvalidInputError(
            "Offloading needs accelerate: `pip install -c constraints.txt accelerate`."
        )


def _type_of(model: Any) -> str:
    return str(model.dtype).removeprefix("torch.")
