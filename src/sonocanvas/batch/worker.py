"""A worker, which makes chunks in its own process and keeps its models loaded."""

import platform
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch

from sonocanvas.config import MODELS, RunConfig
from sonocanvas.making import Maker
from sonocanvas.models import pick_device, ready_pair
from sonocanvas.registry import allow
from sonocanvas.types import ModelPair, Sample


@dataclass(frozen=True)
class Result:
    """The result of a chunk.

    Attributes:
        samples: The samples in the order of their seeds, as saved.
        cost: Their total cost, as in `making.Maker`.
        sentences: Warnings about prompts and models.
    """

    samples: list[Sample]
    cost: dict[str, float]
    sentences: list[str]


class Worker:
    """Makes chunks of runs; models are reloaded only if a run needs others.

    Args:
        device: Device of the models.
        threads: Number of torch threads.
        own: Names of the user's own code that the driver allows, as for `registry.allow`.
    """

    def __init__(self, device: str, threads: int, own: Iterable[str] = ()) -> None:
        for name in own:
            allow(name)
        torch.set_num_threads(threads)
        self._device = pick_device(device)
        self._models: tuple[dict[str, Any], ModelPair] | None = None
        self._maker: Maker | None = None

    def where(self) -> str:
        """Returns the name of its machine."""
        return platform.node()

    def make(self, config: RunConfig, seeds: tuple[int, ...]) -> Result:
        """Makes a chunk of a settled run and returns the result.

        Raises:
            InvalidInputError: The run cannot be made.
            CheckpointError: Weights are missing or broken.
        """
        sentences: list[str] = []
        if self._maker is None or self._maker.config != config:
            asked = config.model_dump(include={*MODELS, "pair", "duration_s", "sampling"})
            if self._models is None or self._models[0] != asked:
                self._maker = self._models = None  # free memory for the next
                pair = ready_pair(config, self._device, False, None, sentences.append)
                self._models = (asked, pair)
            self._maker = Maker(config, self._models[1], self._device, None, sentences.append)
        self._maker.on_warning = sentences.append
        costs: list[dict[str, float]] = []
        samples = list(self._maker([seeds], lambda _, cost: costs.append(cost)))
        return Result(samples, costs[0], sentences)
