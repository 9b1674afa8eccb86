"""Small files that would expand to large ones, and headers that claim more than memory holds."""

import json
import struct
import wave

import numpy as np
import pytest
import soundfile
import torch
from fuzz_guard import guarded
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from sonocanvas.canvas import fit_rows, waveform_to_mel
from sonocanvas.errors import InvalidInputError
from sonocanvas.files.inspection import inspect
from sonocanvas.files.pictures import MOST_PIXELS, read_canvas_png, read_picture
from sonocanvas.files.sounds import draw_sound, read_sound
from sonocanvas.formats import HIGHEST, read_format
from sonocanvas.sources.picture_file import PictureFile
from sonocanvas.types import AUFFUSION_FORMAT, MINI_FORMAT, RIFFUSION_FORMAT
from sonocanvas.vocoders.griffin_lim import GriffinLim

pytestmark = pytest.mark.usefixtures("bounded")
SIDE = int(MOST_PIXELS**0.5)


def stripes(mode, side=SIDE):
    """Returns the largest picture that is read, half white and half black: 100 KB as a PNG."""
    picture = Image.new(mode, (side, side))
    white = Image.new(mode, (side, side // 2), "white" if mode != "I;16" else 65535)
    picture.paste(white, (0, 0))
    return picture


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "1", "I;16"])
def test_the_largest_picture_is_read_within_bounds(tmp_path, mode, capsys):
    path = tmp_path / "bomb.png"
    stripes(mode).save(path)
    reads = {
        "a canvas": lambda: read_canvas_png(path),
        "a picture": lambda: read_picture(path),
        "a layer": lambda: PictureFile(str(path))(MINI_FORMAT),
    }
    for what, read in reads.items():
        found = guarded(read)
        with capsys.disabled():
            told = f"{path.stat().st_size / 1e3:.0f} KB, {found.seconds:.1f} s, {found.mb:.0f} MB"
            print(f"\n{mode} as {what}: {told}", end="")
        assert not found.defect
        assert found.refused == (what == "a layer" and mode in ("RGBA", "LA", "P"))  # all white


def test_a_larger_picture_is_refused_before_it_is_decoded(tmp_path):
    path = tmp_path / "bomb.png"
    Image.new("1", (SIDE + 10, SIDE + 10)).save(path)
    for read in (read_canvas_png, read_picture, inspect):
        found = guarded(lambda read=read: read(path))
        assert found.refused
        assert found.mb < 60
        assert found.seconds < 1


@pytest.mark.parametrize("kind", ["zTXt", "iTXt"])
def test_a_text_that_unpacks_to_far_more_is_refused(tmp_path, kind):
    text = PngInfo()
    add = text.add_text if kind == "zTXt" else text.add_itxt
    add("sonocanvas", "9" * 30_000_000, zip=True)
    path = tmp_path / "bomb.png"
    Image.new("L", (8, 8)).save(path, pnginfo=text)
    assert path.stat().st_size < 100_000
    found = guarded(lambda: read_canvas_png(path))
    assert found.refused
    assert found.mb < 200


@pytest.mark.slow
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_a_flac_of_silence_is_read_in_blocks_or_refused(tmp_path, channels, capsys):
    path = tmp_path / "bomb.flac"
    with soundfile.SoundFile(path, "w", 192_000, channels, "PCM_24", format="FLAC") as file:
        for _ in range(599):
            file.write(np.zeros((192_000, channels), np.float32))
    found = guarded(lambda: read_sound(path, 16000))
    with capsys.disabled():
        told = f"{path.stat().st_size / 1e6:.1f} MB, {found.seconds:.1f} s, {found.mb:.0f} MB"
        print(f"\n10 minutes of silence in {channels} channels: {told}", end="")
    assert not found.defect
    assert found.refused == (channels > 1)


@pytest.mark.slow
@pytest.mark.parametrize("fmt", [AUFFUSION_FORMAT, MINI_FORMAT], ids=["auffusion", "mini"])
def test_ten_minutes_are_drawn_within_bounds(tmp_path, fmt, capsys):
    path = tmp_path / "long.wav"
    noise = np.random.default_rng(0).normal(0, 0.1, 600 * 8000).astype(np.float32)
    soundfile.write(path, noise, 8000)
    found = guarded(lambda: draw_sound(path, canvas_format=fmt))
    with capsys.disabled():
        print(f"\n10 minutes drawn: {found.seconds:.1f} s, {found.mb:.0f} MB", end="")
    assert not found.defect
    assert not found.refused


def test_a_long_sound_is_resampled_in_blocks_as_at_once(monkeypatch, tmp_path):
    path = tmp_path / "noise.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 48_000), 48_000)
    whole = read_sound(path, 16000).samples
    monkeypatch.setattr("sonocanvas.files.sounds.LONG", 1000)
    monkeypatch.setattr("sonocanvas.files.sounds.BLOCK", 1000)
    torch.testing.assert_close(read_sound(path, 16000).samples, whole, atol=1e-5, rtol=0)


def test_a_long_sound_is_analysed_in_parts_as_at_once(monkeypatch):
    sound = torch.randn(1, 40_000, generator=torch.Generator().manual_seed(0))
    whole = waveform_to_mel(sound, MINI_FORMAT)
    monkeypatch.setattr("sonocanvas.canvas.PART_SAMPLES", 20_000)
    torch.testing.assert_close(waveform_to_mel(sound, MINI_FORMAT), whole, atol=1e-5, rtol=1e-5)


def test_a_header_that_claims_gigabytes_reads_what_is_there(tmp_path):
    path = tmp_path / "claims.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(bytes(32_000))
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, 40, 2**31)
    path.write_bytes(content)
    found = guarded(lambda: read_sound(path, 16000))
    assert not found.defect
    assert found.mb < 100


@pytest.mark.parametrize("rate", [0, 192_001, 2**31 - 1, 2**32 - 1])
def test_a_rate_that_nothing_has_is_refused(tmp_path, rate):
    path = tmp_path / "rate.wav"
    soundfile.write(path, np.zeros(4000), 16000)
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, 24, rate)
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match=r"sample rate of|not a sound that can be read"):
        read_sound(path, 16000)


HOSTILE = [
    {"sample_rate_hz": 10**9},
    {"n_fft": 10**9, "window_samples": 10**9},
    {"mels": 10**9},
    {"mels": 0},
    {"hop_samples": 0},
    {"hop_samples": 1},
    {"hop_samples": 2**31, "window_samples": 2**31, "n_fft": 2**31},
    {"sample_rate_hz": 1, "f_max_hz": 0.5},
    {"f_max_hz": float("inf")},
    {"f_min_hz": float("nan")},
    {"f_min_hz": -1.0},
    {"log_floor": 0.0},
    {"log_floor": 5e-324, "log_ceiling": 1e308},
    {"log_floor": 50.0, "log_ceiling": 50.0},
    {"log_ceiling": float("inf")},
    {"power": -1.0},
    {"power": float("nan")},
    {"sample_rate_hz": "16000"},
    {"sample_rate_hz": True},
    {"mels": 256.0},
    {"htk": 1},
    {"centred": None},
    {"unknown": 1},
    {"n_fft": 16**6000},
]


@pytest.mark.parametrize("changes", HOSTILE, ids=[str(one)[:60] for one in HOSTILE[:-1]] + ["long"])
def test_a_canvas_format_that_means_nothing_is_refused(tmp_path, changes):
    with pytest.raises(InvalidInputError):
        read_format(vars(MINI_FORMAT) | changes)
    if changes == HOSTILE[-1]:
        return
    text = PngInfo()
    text.add_text("sonocanvas", json.dumps({"canvas_format": vars(MINI_FORMAT) | changes}))
    path = tmp_path / "canvas.png"
    Image.new("L", (64, 256)).save(path, pnginfo=text)
    with pytest.raises(InvalidInputError, match="is not valid"):
        read_canvas_png(path)


@pytest.mark.parametrize("given", ["mini", {}])
def test_what_is_no_table_of_a_format_is_refused(given):
    with pytest.raises(InvalidInputError):
        read_format(given)


def test_formats_of_ours_are_read_also_with_whole_numbers():
    for fmt in (MINI_FORMAT, RIFFUSION_FORMAT):
        assert read_format(vars(fmt)) == fmt
    whole = read_format(vars(MINI_FORMAT) | {"f_min_hz": 0, "f_max_hz": 8000})
    assert whole == MINI_FORMAT
    assert isinstance(whole.f_max_hz, float)


@pytest.mark.slow
def test_the_largest_format_that_is_read_is_played_within_bounds(capsys):
    changes = {"hop_samples": 256, "window_samples": 32_768, "f_max_hz": 96_000.0}
    fmt = read_format(vars(MINI_FORMAT) | HIGHEST | changes)
    canvas = torch.rand(1, 64, 4)
    found = guarded(lambda: GriffinLim(iterations=1)(fit_rows(canvas, fmt), fmt))
    with capsys.disabled():
        told = f"{found.seconds:.1f} s, {found.mb:.0f} MB"
        print(f"\nthe smallest canvas of the largest format, played: {told}", end="")
    assert not found.defect
