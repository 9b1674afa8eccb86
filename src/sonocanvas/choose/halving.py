"""`halving`: many canvases are started, and the least promising ones are dropped on the way."""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from sonocanvas.choose.chooser import Candidate, Chooser, noise_seeds
from sonocanvas.config import RunConfig
from sonocanvas.denoise import initial_noise
from sonocanvas.errors import InvalidInputError
from sonocanvas.methods.apart import counted
from sonocanvas.methods.compose import Compose, make_rule, sample_latents
from sonocanvas.protocols import OnStep, OnWarning, Reads, Rule
from sonocanvas.types import ModelPair, Sample, Step

STAGES = ((0.5, 1.0), (0.75, 3 / 8), (1.0, 1 / 8))
"""The end of each stage, as a share of the steps, and the share of the tries that it continues."""


@dataclass(frozen=True)
class Halving:
    """Successive halving over the noise that `compose` starts from.

    After half of the steps the predicted clean canvases are scored and three in eight continue;
    after three quarters, one in eight. The finished ones are played and scored again, and the best
    becomes the sample (Jamieson and Talwalkar, "Non-stochastic Best Arm Identification", 2016).

    Attributes:
        tries: Number of canvases to start per seed; the first is that of `compose`.

    Raises:
        InvalidInputError: An option is out of range.
    """

    method: ClassVar[str] = "compose"
    reads: ClassVar[Reads] = Compose.reads
    beside: ClassVar[tuple[str, ...]] = ()

    tries: int = 16

    def __post_init__(self) -> None:
        if not 1 <= self.tries <= 4096:
            raise InvalidInputError(f"tries must be from 1 to 4096, not {self.tries}.")

    def evaluations(self, steps: int) -> int:
        """Returns the largest number of evaluations per seed."""
        return sum(2 * count * (end - begin) for begin, end, count in self._stages(steps))

    def __call__(
        self,
        config: RunConfig,
        pair: ModelPair,
        chunks: Sequence[Sequence[int]],
        on_step: OnStep | None,
        on_warning: OnWarning,
    ) -> Iterator[Sample]:
        """Yields the best sample of each seed; `batch_size` of its tries share a batch.

        Raises:
            InvalidInputError: The sampling draws fresh noise, which a later stage cannot continue.
        """
        if config.sampling.eta > 0:
            raise InvalidInputError(
                f"The search 'halving' needs sampling.eta 0, not {config.sampling.eta}."
            )
        chooser = Chooser(config, pair, on_warning)
        for seed in itertools.chain.from_iterable(chunks):
            yield self._best(chooser, seed, on_step)

    def _best(self, chooser: Chooser, seed: int, on_step: OnStep | None) -> Sample:
        config, pair = chooser.config, chooser.pair
        rule, size = make_rule(config), config.batch_size
        seeds = noise_seeds(seed, self.tries)
        latents, table, standing = initial_noise(pair, seeds), list[Candidate](), list(seeds)
        stages = self._stages(config.sampling.steps)
        steps = [math.ceil(count / size) * (end - begin) for begin, end, count in stages]
        done = 0
        for begin, end, count in stages:
            if table:
                going_on = chooser.ranked(table[-len(standing) :])[:count]
                standing = [standing[one] for one in going_on]
                latents = latents[going_on]
            parts = []
            for start in range(0, count, size):
                batch = slice(start, start + size)
                told = counted(on_step, done - begin, sum(steps))
                parts.append(_advanced(chooser, rule, latents[batch], begin, end, told))
                done += end - begin
            latents = torch.cat([reached for reached, _ in parts])
            pictures = torch.cat([chooser.decoded(predicted) for _, predicted in parts])
            scores = chooser.drawn(pictures)
            table += [
                {"noise_seed": noise, "steps": end, **score}
                for noise, score in zip(standing, scores, strict=True)
            ]
        finalists = table[-len(standing) :]
        return chooser.best(seed, pictures, latents, finalists, table)

    def _stages(self, steps: int) -> list[tuple[int, int, int]]:
        """Returns the first step, the step after the last, and the tries of each stage."""
        ends = [math.ceil(share * steps) for share, _ in STAGES]
        counts = [math.ceil(share * self.tries) for _, share in STAGES]
        spans = zip([0, *ends], ends, counts, strict=False)
        return [(begin, end, count) for begin, end, count in spans if end > begin]


def _advanced(
    chooser: Chooser, rule: Rule, latents: Tensor, begin: int, end: int, on_step: OnStep | None
) -> tuple[Tensor, Tensor]:
    """Returns the latents after some steps, and the clean latents, predicted if not finished."""
    predicted = latents

    def note(step: Step, clean: Tensor) -> None:
        nonlocal predicted
        predicted = clean
        if on_step is not None:
            on_step(step, clean)

    reached = sample_latents(
        chooser.config, chooser.pair, chooser.composition, (), rule, note, latents, begin, end
    )
    done = end == chooser.config.sampling.steps
    return reached, reached if done else predicted
