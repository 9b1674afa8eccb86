import re

import numpy as np
import pytest
import soundfile
from tiny_sound import tone

from sonocanvas.errors import InvalidInputError
from sonocanvas.sources.sound_file import SoundFile
from sonocanvas.types import MINI_FORMAT

RATE_HZ = 16000


def saved(tmp_path, samples, **options):
    path = tmp_path / "sound.wav"
    soundfile.write(path, samples, RATE_HZ)
    return SoundFile(str(path), **options)


def test_a_quiet_tone_is_as_bright_as_a_loud_one(tmp_path):
    loud, opacity = saved(tmp_path, tone(0.9, 2, pitch_hz=1000))(MINI_FORMAT)
    quiet, _ = saved(tmp_path, tone(0.01, 2, pitch_hz=1000))(MINI_FORMAT)
    assert loud.shape == quiet.shape == (256, 200)
    assert (loud - quiet).abs().mean() < 0.02
    assert opacity.eq(1).all()


def test_a_sound_that_has_the_peak_already_is_not_taken_for_silence(tmp_path):
    samples = tone(0.5, 2).astype(np.float32)
    samples[1000] = 0.95
    soundfile.write(tmp_path / "sound.wav", samples, RATE_HZ, subtype="FLOAT")
    assert SoundFile(str(tmp_path / "sound.wav"))(MINI_FORMAT)[0].max() > 0.5


def test_it_begins_where_it_is_told(tmp_path):
    samples = np.concatenate([tone(0.1), np.zeros(RATE_HZ)])
    later, _ = saved(tmp_path, samples, start_s=1.0)(MINI_FORMAT)
    assert later.shape == (256, 100)
    assert later[:, 10:].max() < 0.1


@pytest.mark.parametrize(
    ("samples", "options", "told"),
    [
        (np.zeros(RATE_HZ), {}, "is silent; there is nothing to hear."),
        (np.zeros(0), {}, "holds no sound."),
        (tone(0.1, 0.01), {}, "a canvas needs at least"),
        (tone(0.1, 2), {"start_s": 5.0}, "lasts 2.00 s; it cannot start at 5 s."),
        (np.zeros(601 * RATE_HZ, np.int16), {}, "lasts 601 s; at most 600 s can be drawn."),
    ],
)
def test_a_sound_that_cannot_be_used_is_one_sentence(tmp_path, samples, options, told):
    with pytest.raises(InvalidInputError, match=re.escape(told)):
        saved(tmp_path, samples, **options)(MINI_FORMAT)


def test_what_is_missing_or_no_sound_is_told(tmp_path):
    with pytest.raises(InvalidInputError, match="There is no file"):
        SoundFile(str(tmp_path / "a.wav")).settled()
    (tmp_path / "a.wav").write_text("no sound")
    with pytest.raises(InvalidInputError, match="is not a sound that can be read"):
        SoundFile(str(tmp_path / "a.wav"))(MINI_FORMAT)
    with pytest.raises(InvalidInputError, match="needs a path"):
        SoundFile()
    with pytest.raises(InvalidInputError, match="start_s must be 0 or more, not -1"):
        SoundFile("a.wav", start_s=-1.0)
