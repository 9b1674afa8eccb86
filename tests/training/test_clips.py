import dataclasses

import numpy as np
import pytest

from sonocanvas.errors import InvalidInputError
from sonocanvas.training.clips import Clip, prepare


def tone(frequency_hz=440.0, sample_rate_hz=44100, duration_s=0.5):
    seconds = np.arange(int(sample_rate_hz * duration_s)) / sample_rate_hz
    return (0.3 * np.sin(2 * np.pi * frequency_hz * seconds)).astype(np.float32)


def test_prepared_tone_keeps_its_pitch_and_loses_its_silence():
    silence = np.zeros(22050, np.float32)
    stereo = np.stack([np.concatenate([silence, tone(), silence])] * 2, axis=1)
    before = stereo.copy()
    samples = prepare(stereo, 44100)
    peak_hz = np.abs(np.fft.rfft(samples)).argmax() * 16000 / len(samples)
    assert peak_hz == pytest.approx(440, abs=3)
    assert len(samples) == pytest.approx(8000, abs=80)
    assert samples.dtype == np.float32
    assert np.abs(samples).max() == pytest.approx(0.9)
    assert np.array_equal(stereo, before)


def test_long_sounds_end_at_the_limit():
    assert len(prepare(tone(duration_s=12), 44100)) == 163840


@pytest.mark.parametrize("length", [0, 1000])
def test_silence_is_an_error(length):
    with pytest.raises(InvalidInputError, match="silent"):
        prepare(np.zeros(length, np.float32), 16000)


def test_a_clip_is_frozen():
    clip = Clip("id", "a dog barking", "dog", "source", "CC0-1.0", np.zeros(1, np.float32))
    with pytest.raises(dataclasses.FrozenInstanceError):
        clip.caption = "other"
