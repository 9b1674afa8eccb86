import dataclasses

import numpy as np
import pytest

from sonocanvas.errors import InvalidInputError
from sonocanvas.training.clips import Clip, prepare, windows


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


@pytest.mark.parametrize(("duration_s", "count"), [(1, 1), (12, 1), (20, 2), (60, 6)])
def test_a_long_recording_becomes_windows_over_its_whole_length(duration_s, count):
    rising_hz = np.linspace(200, 2000, 16000 * duration_s)  # the pitch tells where a window lies
    sweep = 0.5 * np.sin(2 * np.pi * np.cumsum(rising_hz) / 16000)
    pieces = windows(sweep, 16000)
    assert len(pieces) == count
    assert all(len(piece) <= 163840 for piece in pieces)
    crossings = [np.abs(np.diff(np.signbit(piece))).sum() / len(piece) for piece in pieces]
    assert crossings == sorted(set(crossings))
    if count > 1:
        last_hz = np.abs(np.diff(np.signbit(pieces[-1][-1600:]))).sum() / 0.2
        assert last_hz == pytest.approx(2000, rel=0.02)
