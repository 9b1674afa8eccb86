"""musicnn: a tagger of music, trained by others on MagnaTagATune; it only reports."""

import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from transformers.audio_utils import mel_filter_bank

from sonocanvas.errors import InvalidInputError
from sonocanvas.scorers.embedder import peak_normalised
from sonocanvas.scorers.strangers import Logits, StrangerScorer
from sonocanvas.scorers.tf_checkpoint import read_checkpoint
from sonocanvas.types import Waveform

N_FFT, HOP, MELS, FRAMES = 512, 256, 96, 187
POOLS = (((4, 1), 2), ((2, 2), 2), ((2, 2), 2), ((2, 2), 2), ((4, 4), 4))
"""Kernel size and stride of the max pooling after each convolution."""
EPSILON = 1e-3
TAGS = (
    "guitar,classical,slow,techno,strings,drums,electronic,rock,fast,piano,ambient,beat,violin,"
    "vocal,synth,female,indian,opera,male,singing,vocals,no vocals,harpsichord,loud,quiet,flute,"
    "woman,male vocal,no vocal,pop,soft,sitar,solo,man,classic,choir,voice,new age,dance,"
    "male voice,female vocal,beats,harp,cello,no voice,weird,country,metal,female voice,"
    "choral"
)
"""The fifty most frequent tags of MagnaTagATune, in the model's order, separated by commas."""


class MusicnnEars:
    """The network `MTT_vgg` of the package `musicnn` (Pons and Serra 2019), in torch.

    The package needs TensorFlow, so only its weights are read and the network is built here. Its
    outputs equal the package's within 1e-6.
    """

    name: ClassVar[str] = "musicnn"
    sample_rate_hz: ClassVar[int] = 16000

    def __init__(self) -> None:
        """Loads the model.

        Raises:
            InvalidInputError: The package is not installed, or its weights are not those of 0.1.0.
        """
        spec = importlib.util.find_spec("musicnn")
        if spec is None or spec.origin is None:
            raise InvalidInputError(
                "The scorer 'musicnn' needs musicnn: pip install --no-deps musicnn==0.1.0."
            )
        tensors = read_checkpoint(Path(spec.origin).parent / "MTT_vgg")
        self.weights = {name: torch.from_numpy(value.copy()) for name, value in tensors.items()}
        self.labels = TAGS.split(",")

    def answer(self, waveform: Waveform) -> Logits:
        """Returns the logits of `hear` for a sound, scaled to a peak of 1."""
        return self.hear(peak_normalised(waveform, self.sample_rate_hz, peak=1.0))

    @torch.no_grad()
    def hear(self, sound: NDArray[np.float32]) -> Logits:
        """Returns the mean logit of each tag over windows of 3 s, `(tags,)`.

        Args:
            sound: `(samples,)` at 16 kHz; repeated if shorter than a window.
        """
        mel = self._mel(torch.from_numpy(np.ascontiguousarray(sound)))
        repeats = -(-FRAMES // len(mel))
        frames = mel.repeat(repeats, 1)
        windows = frames[: len(frames) // FRAMES * FRAMES].reshape(-1, FRAMES, MELS)
        return np.asarray(self.logits(windows).mean(0), np.float64)

    def logits(self, windows: Tensor) -> Tensor:
        """Returns the logits `(batch, tags)` of log-mels `(batch, 187, 96)`."""
        x = self._normalised(windows[:, None], "")
        for number, (size, stride) in enumerate(POOLS, 1):
            kernel = self.weights[f"{number}CNN/kernel"].permute(3, 2, 0, 1)
            x = functional.conv2d(x, kernel, self.weights[f"{number}CNN/bias"], padding=1)
            x = functional.max_pool2d(self._normalised(x.relu(), f"_{number}"), size, stride)
        flat = x.permute(0, 2, 3, 1).flatten(1)
        return flat @ self.weights["dense/kernel"] + self.weights["dense/bias"]

    def _normalised(self, x: Tensor, number: str) -> Tensor:
        names = ("moving_mean", "moving_variance", "gamma", "beta")
        mean, variance, gamma, beta = (
            self.weights[f"batch_normalization{number}/{name}"] for name in names
        )
        return functional.batch_norm(x, mean, variance, gamma, beta, eps=EPSILON)

    def _mel(self, sound: Tensor) -> Tensor:
        """Returns the log-mel powers `(frames, 96)` of sound, as the network was trained on."""
        window = torch.hann_window(N_FFT)
        padded = functional.pad(sound, (0, max(0, N_FFT - len(sound))))
        spectrum = torch.stft(padded, N_FFT, HOP, window=window, return_complex=True)
        power = _filters() @ spectrum.abs().square()
        return (1e4 * power + 1).log10().T


@lru_cache
def _filters() -> Tensor:
    filters = mel_filter_bank(N_FFT // 2 + 1, MELS, 0, 8000, 16000, "slaney", "slaney")
    return torch.from_numpy(filters.T.astype(np.float32))


@dataclass(frozen=True)
class Musicnn(StrangerScorer):
    """How sure musicnn is that it hears the prompted instrument."""

    stranger = MusicnnEars
