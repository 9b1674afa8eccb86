"""A tone of known pitch and level."""

import numpy as np


def tone(level=0.5, seconds=1.0, rate_hz=16000, pitch_hz=440):
    """Returns a sine `(samples,)`."""
    return level * np.sin(2 * np.pi * pitch_hz * np.arange(round(seconds * rate_hz)) / rate_hz)
