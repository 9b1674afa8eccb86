"""Sound files: scaled only if the sound would clip, and read whoever made them."""

import av
import numpy as np
import pytest
import soundfile
import torch
from tiny_sample import ORIGIN
from tiny_sound import tone

from sonocanvas.errors import InvalidInputError
from sonocanvas.files.origin import from_comment
from sonocanvas.files.sounds import draw_sound, read_sound, write_sound
from sonocanvas.files.writing import read_comment
from sonocanvas.types import Waveform


@pytest.mark.parametrize(("level", "clips"), [(0.5, False), (0.9999, False), (4.0, True)])
def test_sound_is_scaled_only_where_it_would_clip(tmp_path, level, clips):
    samples = torch.tensor(tone(level, 0.5), dtype=torch.float32).unsqueeze(0)
    gain_db = write_sound(tmp_path / "sound.wav", Waveform(samples, 16000))
    assert (gain_db < 0) == clips
    back, rate_hz = soundfile.read(tmp_path / "sound.wav")
    assert rate_hz == 16000
    np.testing.assert_allclose(back, samples[0] * 10 ** (gain_db / 20), atol=0.51 / 32768)
    with soundfile.SoundFile(tmp_path / "sound.wav") as file:
        assert f"gain_db={gain_db:.4f}" in file.comment
        assert file.subtype == "PCM_16"


def test_sound_with_nan_is_not_written(tmp_path):
    with pytest.raises(InvalidInputError, match="NaN"):
        write_sound(tmp_path / "sound.wav", Waveform(torch.full((1, 9), torch.nan), 16000))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "subtype", "rate_hz"),
    [
        ("a.wav", "PCM_16", 16000),
        ("a.wav", "FLOAT", 44100),
        ("a.flac", None, 44100),
        ("a.ogg", None, 44100),
        ("a.mp3", None, 44100),
    ],
)
def test_sound_of_any_kind_becomes_mono_at_the_rate(tmp_path, name, subtype, rate_hz):
    stereo = np.stack([tone(rate_hz=rate_hz), np.zeros(rate_hz)], axis=1)
    soundfile.write(tmp_path / name, stereo, rate_hz, subtype=subtype)
    sound = read_sound(tmp_path / name, 16000)
    assert sound.sample_rate_hz == 16000
    assert sound.samples.dtype == torch.float32
    assert sound.samples.shape[0] == 1
    assert abs(sound.samples.shape[1] - 16000) < 2500  # MP3 pads
    spectrum = torch.fft.rfft(sound.samples[0]).abs()
    peak_hz = float(spectrum.argmax()) * 16000 / sound.samples.shape[1]
    assert abs(peak_hz - 440) < 2
    assert abs(float(sound.samples.square().mean().sqrt()) - 0.25 / 2**0.5) < 0.02


def test_other_libraries_read_what_made_a_sound(tmp_path):
    write_sound(tmp_path / "sound.wav", Waveform(torch.rand(1, 99), 16000), ORIGIN)
    with av.open(tmp_path / "sound.wav") as container:  # FFmpeg uses common names for the tags
        assert container.metadata["encoder"].startswith("SonoCanvas 1.2.3")
        assert from_comment(container.metadata["comment"]) == ORIGIN


def test_a_sound_is_drawn_at_a_peak_of_095_or_at_its_level(tmp_path):
    soundfile.write(tmp_path / "sound.wav", tone(0.095, 0.5), 16000)
    canvas, gain_db = draw_sound(tmp_path / "sound.wav")
    assert canvas.shape == (256, 50)
    assert gain_db == pytest.approx(20, abs=0.01)
    kept, no_gain_db = draw_sound(tmp_path / "sound.wav", keep_level=True)
    assert no_gain_db == 0
    assert float(canvas.max() - kept.max()) == pytest.approx(20 / 93.98, abs=0.01)


@pytest.mark.parametrize("name", ["text.wav", "text.mp3", "text.raw", "text"])
def test_sound_that_is_text_is_refused(tmp_path, name):
    (tmp_path / name).write_text("RIFF or not, this is text. " * 100)
    with pytest.raises(InvalidInputError, match="not a sound that can be read"):
        read_sound(tmp_path / name, 16000)


def test_two_hours_are_refused_before_they_are_read(tmp_path):
    path = tmp_path / "long.wav"
    with soundfile.SoundFile(path, "w", 8000, 1, subtype="PCM_U8") as file:
        for _ in range(120):
            file.write(np.zeros(60 * 8000, np.int16))
    with pytest.raises(InvalidInputError, match="lasts 7200 s; at most 600 s"):
        read_sound(path, 16000)


def test_sound_of_nan_or_nothing_is_refused(tmp_path):
    soundfile.write(tmp_path / "nan.wav", np.full(99, np.nan, np.float32), 16000, subtype="FLOAT")
    with pytest.raises(InvalidInputError, match="NaN"):
        read_sound(tmp_path / "nan.wav", 16000)
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 16000)
    with pytest.raises(InvalidInputError, match="holds no sound"):
        read_sound(tmp_path / "empty.wav", 16000)
    with pytest.raises(InvalidInputError, match="no file"):
        read_sound(tmp_path / "missing.wav", 16000)


@pytest.mark.parametrize(("suffix", "decibels"), [(".flac", 80), (".ogg", 15), (".mp3", 15)])
def test_other_kinds_of_files_hold_the_sound_and_where_it_came_from(tmp_path, suffix, decibels):
    sound = torch.from_numpy(tone(seconds=2.0)).float()[None]
    path = tmp_path / f"tone{suffix}"
    assert write_sound(path, Waveform(sound, 16000), ORIGIN) == 0
    assert from_comment(read_comment(path)) == ORIGIN
    heard = read_sound(path, 16000).samples
    error = (heard - sound)[:, 2000:30000].square().mean()
    assert 10 * torch.log10(0.125 / error) > decibels
