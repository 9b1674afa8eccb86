"""Other processes synthesize sounds, and the newest replace the oldest."""

import numpy as np
import pytest

from sonocanvas.training import resident_sounds
from sonocanvas.training.clips import Clip
from sonocanvas.training.resident_sounds import Sounds
from sonocanvas.words.concepts import Concept


@pytest.fixture
def few_sounds(monkeypatch):
    """Limits the pair to three sounds: one synthesized, one recorded and one with no source."""
    known = tuple(Concept("", name, f"{name} sounding") for name in ("bell", "choir", "silence"))
    monkeypatch.setattr(resident_sounds, "sounds", lambda: known)
    monkeypatch.setattr(resident_sounds, "SOUNDS_A_TASK", 2)
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    return [Clip("one", "a choir", "choir", "us", "CC0-1.0", tone.astype(np.float32))]


def test_sounds_are_synthesized_and_renewed(few_sounds, captions, told):
    sounds = Sounds(few_sounds, captions, "cpu", slots=5, workers=1, rounds=2)
    sounds.wait()
    for process in sounds.processes:
        process.join()
    sounds.renew()
    assert sounds.taken.tolist() == [2, 2, 2]
    assert sounds.filled.tolist() == [4, 4, 0]
    canvases, numbers = sounds(50)
    assert canvases.shape == (50, 256, 1024)
    assert canvases.amax((1, 2)).min() > 0.5
    assert set(told(numbers)) <= {"bell sounding", "choir sounding", "a choir"}


def fails(*_):
    raise ValueError("no such key")


def test_a_fault_of_a_synthesizer_is_told(few_sounds, captions, monkeypatch, capfd):
    monkeypatch.setattr(resident_sounds, "sound_views", fails)
    sounds = Sounds(few_sounds, captions, "cpu", slots=1, workers=1, rounds=1)
    with pytest.raises(RuntimeError, match="A synthesizer failed"):
        sounds.wait()
    assert "no such key" in capfd.readouterr().err
