"""Passes weights of a vocoder to the entry of the menu that uses them, and into its network."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from sonocanvas.errors import CheckpointError, InvalidInputError
from sonocanvas.protocols import Vocoder
from sonocanvas.registry import MISSING, build, options
from sonocanvas.types import VocoderWeights


def build_vocoder(
    name: str, given: Mapping[str, Any], weights: VocoderWeights | None, owner: str
) -> Vocoder:
    """Returns a vocoder from the menu, with weights if it needs any.

    Args:
        name: Its name on the menu.
        given: Its options by name.
        weights: The weights that come with `owner`, if any.
        owner: Name of the owner in messages, such as `"Pair 'mini'"`.

    Raises:
        InvalidInputError: The name or an option is not allowed, or its weights are missing.
        CheckpointError: The weights are for another vocoder.
    """
    parts: dict[str, Any] = {
        part: None for part, default in options("vocoder", name).items() if default is MISSING
    }
    checked: Any = build("vocoder", name, given, **parts)
    if "weights" in parts:
        if weights is None:
            raise InvalidInputError(
                f"{owner} carries no vocoder for '{name}'; use the vocoder griffin_lim."
            )
        if weights.kind != name:
            raise CheckpointError(
                f"{owner} carries a vocoder for '{weights.kind}', not for '{name}'."
            )
        parts["weights"] = weights
    if "source" in parts:  # it uses another vocoder
        parts["source"] = build_vocoder(checked.source_name(weights), {}, weights, owner)
    vocoder: Vocoder = build("vocoder", name, given, **parts)
    return vocoder


def load_tensors(network: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Loads weights into a network, in place, and switches off its gradients.

    Args:
        network: The network, which may be on the `meta` device.
        tensors: Weights by name; the network moves to their device.

    Raises:
        CheckpointError: A weight is missing, unknown or of another shape.
    """
    expected = network.state_dict()
    for name in sorted(expected.keys() | tensors.keys()):
        needed = tuple(expected[name].shape) if name in expected else "not there"
        given = tuple(tensors[name].shape) if name in tensors else "not there"
        if needed != given:
            raise CheckpointError(
                f"The weights of the vocoder do not fit its configuration: {name} is {given} in "
                f"the file and {needed} in the network."
            )
    network.to_empty(device=next(iter(tensors.values())).device)
    network.load_state_dict(tensors)
    network.eval().requires_grad_(False)
