"""A canvas as vibration that a hand can feel, for phones and actuators.

A hand feels the strength and sharpness of vibrations from about 20 to 250 Hz, and little else. So
the loudness of each column becomes the intensity, and the centre of its spectrum the sharpness
(docs/scenes.md has the mapping).
"""

import itertools
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from sonocanvas.canvas import band_middles, canvas_to_mel
from sonocanvas.errors import InvalidInputError
from sonocanvas.files.artifacts import load_sample, sample_folders
from sonocanvas.files.origin import origin_of
from sonocanvas.files.sounds import write_sound
from sonocanvas.files.writing import write_text
from sonocanvas.types import Sample, Waveform

RANGE_DB = 40.0
"""Moments quieter than the loudest by more than this are not felt."""
DULL_HZ, SHARP_HZ = 150.0, 4000.0
"""Centre of the spectrum at the dullest and the sharpest, logarithmic in between."""
SLOW_HZ, FAST_HZ = 60.0, 230.0
"""Carrier in the WAV at the dullest and the sharpest."""
POINTS_A_SECOND = 20
POINTS_A_CURVE = 16
EVENT_S = 30.0
"""Core Haptics' limits on the points of a curve and the length of a continuous event."""
RATE_HZ = 8000


@dataclass(frozen=True)
class Vibration:
    """Vibration over time, `(moments,)` each, 20 per second.

    Attributes:
        intensity: From 0 to 1, which is the loudest moment.
        sharpness: From 0, dull, to 1, sharp.
    """

    intensity: npt.NDArray[np.float64]
    sharpness: npt.NDArray[np.float64]


def vibration_of(sample: Sample) -> Vibration:
    """Returns the vibration of a sample.

    With the mel magnitudes `m` of a moment, the intensity is `20 log10 |m|`, scaled from 40 dB
    below the loudest moment up to that. The sharpness is the mean of the bands' centres, weighted
    by `m^2`, on a logarithmic scale from 150 to 4,000 Hz.

    Raises:
        InvalidInputError: The canvas is silent.
    """
    fmt = sample.canvas_format
    mel = canvas_to_mel(sample.canvas[None], fmt)[0].double()
    power = (mel.square() - fmt.log_floor**2).clamp(min=0)
    frames_a_second = fmt.sample_rate_hz / fmt.hop_samples
    count = max(1, round(power.shape[1] / frames_a_second * POINTS_A_SECOND))
    edges = np.linspace(0, power.shape[1], count + 1).round().astype(int)
    moments = torch.stack(
        [power[:, a : max(b, a + 1)].mean(1) for a, b in itertools.pairwise(edges)]
    )
    loudness = moments.sum(1)
    if not loudness.any():
        raise InvalidInputError("The canvas is silent; there is nothing to feel.")
    decibels = 10 * (loudness / loudness.max()).clamp(min=1e-12).log10()
    middles = band_middles(fmt).double().clamp(min=1).log()
    middle = (moments @ middles) / loudness.clamp(min=1e-30)
    low, high = math.log(DULL_HZ), math.log(SHARP_HZ)
    return Vibration(
        (1 + decibels / RANGE_DB).clamp(0, 1).numpy(),
        ((middle - low) / (high - low)).clamp(0, 1).numpy(),
    )


def to_ahap(vibration: Vibration, title: str) -> dict[str, Any]:
    """Returns a vibration in Apple's Haptic and Audio Pattern, as values for JSON.

    It consists of continuous events of at most 30 s and of curves of 16 points that control their
    intensity and, around the middle, their sharpness.
    """
    count = len(vibration.intensity)
    duration_s = count / POINTS_A_SECOND
    pattern: list[dict[str, Any]] = []
    for number in range(math.ceil(duration_s / EVENT_S)):
        begins = number * EVENT_S
        parameters = {"HapticIntensity": 1.0, "HapticSharpness": 0.5}
        event = {
            "Time": begins,
            "EventType": "HapticContinuous",
            "EventDuration": round(min(EVENT_S, duration_s - begins), 4),
            "EventParameters": [
                {"ParameterID": name, "ParameterValue": value} for name, value in parameters.items()
            ],
        }
        pattern.append({"Event": event})
    controls = {
        "HapticIntensityControl": vibration.intensity,
        "HapticSharpnessControl": vibration.sharpness - 0.5,
    }
    for first in range(0, count, POINTS_A_CURVE - 1):  # a curve starts where the last one ended
        for name, values in controls.items():
            points = [
                {
                    "Time": (moment - first) / POINTS_A_SECOND,
                    "ParameterValue": round(float(values[moment]), 4),
                }
                for moment in range(first, min(first + POINTS_A_CURVE, count))
            ]
            curve = {
                "ParameterID": name,
                "Time": first / POINTS_A_SECOND,
                "ParameterCurveControlPoints": points,
            }
            pattern.append({"ParameterCurve": curve})
    return {"Version": 1.0, "Metadata": {"Project": "SonoCanvas", "Description": title}} | {
        "Pattern": pattern
    }


def to_waveform(vibration: Vibration) -> Waveform:
    """Returns a vibration as sound below 250 Hz, for an actuator that is driven like a speaker.

    It is a sine from 60 Hz (dull) to 230 Hz (sharp), as strong as the intensity.
    """
    count = len(vibration.intensity)
    times = np.arange(round(count / POINTS_A_SECOND * RATE_HZ)) / RATE_HZ
    moments = (np.arange(count) + 0.5) / POINTS_A_SECOND
    intensity = np.interp(times, moments, vibration.intensity)
    pitch_hz = SLOW_HZ * (FAST_HZ / SLOW_HZ) ** np.interp(times, moments, vibration.sharpness)
    samples = intensity * np.sin(2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ)
    return Waveform(torch.from_numpy(samples.astype(np.float32))[None] * 0.95, RATE_HZ)


def write_haptics(folder: Path, overwrite: bool = False) -> Iterator[Path]:
    """Yields `haptics.ahap` and `haptics.wav` of every sample of a run, or of one sample.

    Args:
        folder: Folder of a run or of a sample.
        overwrite: Whether existing files are made again; otherwise they are kept.

    Raises:
        InvalidInputError: The folder holds no sample, or one is incomplete or silent.
    """
    for one in sample_folders(folder):
        ahap, wav = one / "haptics.ahap", one / "haptics.wav"
        if overwrite or not (ahap.exists() and wav.exists()):
            sample = load_sample(one)
            vibration = vibration_of(sample)
            title = f"{sample.prompts.image} x {sample.prompts.audio}, seed {sample.seed}"
            write_text(ahap, json.dumps(to_ahap(vibration, title), indent=1) + "\n")
            write_sound(wav, to_waveform(vibration), origin_of(sample))
        yield from (ahap, wav)
