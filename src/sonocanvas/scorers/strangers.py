"""The base of strangers: what they are asked, and how their answers become scores.

A stranger is a classifier that others trained on recordings or photographs. It is used only for
evaluation, and only for the things that it recognises in real data by the table `data/NAME.tsv`.
"""

import csv
import functools
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from sonocanvas.types import Sample, Score

FEWEST_RECORDINGS = 2
LOWEST_AUC = 0.75
"""Least AUC on real data, where 0.5 is chance, for a stranger to be asked about a thing."""

Logits = NDArray[np.float64]
Given = TypeVar("Given", contravariant=True)


class Stranger(Protocol[Given]):
    """A loaded classifier; its scores and its table have its name."""

    name: ClassVar[str]

    @property
    def labels(self) -> Sequence[str]:
        """Names of its classes."""

    def answer(self, given: Given) -> Logits:
        """Returns the logit of each class `(classes,)` for a sound or a picture."""


@dataclass(frozen=True)
class Group:
    """A thing that a stranger has classes for.

    Attributes:
        concept: Its name in `mini`.
        words: Words of which a prompt for it contains at least one; `a+b` stands for both.
        classes: Regular expression for the names of its classes.
        recordings: Number of real recordings or drawings of it that the stranger was tried on.
        auc: How often the stranger's logit is higher on one of these than on another thing; NaN if
            there are none.
        others: Its logits on other things: evenly spaced quantiles from 0 to 1.
    """

    concept: str
    words: frozenset[str]
    classes: str
    recordings: int
    auc: float
    others: tuple[float, ...]

    @property
    def is_judged(self) -> bool:
        """Whether the stranger recognises it in real data."""
        return self.recordings >= FEWEST_RECORDINGS and self.auc >= LOWEST_AUC


@functools.cache
def groups(name: str) -> tuple[Group, ...]:
    """Returns the groups of a stranger, in the order in which prompts are searched for them."""
    text = resources.files("sonocanvas").joinpath(f"data/{name}.tsv").read_text("utf-8")
    return tuple(
        Group(
            row["concept"],
            frozenset(row["words"].split(",")),
            row["classes"],
            int(row["recordings"]),
            float(row["auc"]),
            tuple(float(value) for value in row["others"].split(",")),
        )
        for row in csv.DictReader(text.splitlines(), delimiter="\t")
    )


def asked_for(name: str, prompt: str) -> Group | None:
    """Returns the group that a prompt asks for, or `None` if the stranger cannot judge it.

    Example:
        >>> asked_for("birdnet", "a dog barking").concept, asked_for("birdnet", "a harp playing")
        ('dog', None)
    """
    words = set(re.findall(r"[a-z]+", prompt.lower()))

    def asks(group: Group) -> bool:
        return any(words.issuperset(one.split("+")) for one in group.words)

    found = next(filter(asks, groups(name)), None)
    return found if found is not None and found.is_judged else None


def members(labels: Sequence[str], classes: str) -> NDArray[np.bool_]:
    """Returns a mask of the labels that belong to some classes."""
    return np.array([bool(re.search(classes, label)) for label in labels])


def share_below(value: float, quantiles: Sequence[float]) -> float:
    """Returns the share of a distribution, given by its quantiles, that is below a value.

    The mean over many values is the area under the ROC curve (Mann-Whitney).
    """
    return float(np.interp(value, quantiles, np.linspace(0, 1, len(quantiles))))


def scores_of(stranger: Stranger[Given], prompt: str, given: Given) -> list[Score]:
    """Returns the two scores of a sound or picture by a stranger, or none if it cannot judge it.

    `NAME` is the share of real recordings or drawings of other things with a lower logit for the
    prompted thing: 0.5 is chance, and the mean over samples is the area under the ROC curve.
    `NAME_probability` is the stranger's probability.
    """
    group = asked_for(stranger.name, prompt)
    if group is None:
        return []
    logit = float(stranger.answer(given)[members(stranger.labels, group.classes)].max())
    return [
        Score(stranger.name, share_below(logit, group.others), "", higher_is_better=True),
        Score(
            f"{stranger.name}_probability", 1 / (1 + math.exp(-logit)), "", higher_is_better=True
        ),
    ]


@dataclass(frozen=True)
class StrangerScorer:
    """Scores the prompted sound by a stranger, if the stranger can judge it.

    Attributes:
        stranger: The stranger, which is loaded once at the beginning.
    """

    higher_is_better: ClassVar[bool] = True
    stranger: ClassVar[Callable[[], Stranger[Any]]]

    def __post_init__(self) -> None:
        self._loaded  # noqa: B018  # fails now if something is missing

    @cached_property
    def _loaded(self) -> Stranger[Any]:
        return type(self).stranger()

    def __call__(self, samples: Sequence[Sample]) -> list[list[Score]]:
        """Returns the two scores of each sample, or none, as `scores_of` does."""
        return [scores_of(self._loaded, *self._asked(sample)) for sample in samples]

    def _asked(self, sample: Sample) -> tuple[str, Any]:
        return sample.prompts.audio, sample.waveform
