"""`sonocanvas play` and `see`: pictures to sound and back, whoever made them."""

import json
import shutil

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image
from tiny_asked import QUICKLY
from tiny_checkpoint import VOCODER, OriginalGenerator, original_state
from tiny_sound import tone

from sonocanvas.files.pictures import read_canvas_png, write_canvas_png
from sonocanvas.files.sounds import read_sound
from sonocanvas.pairs.parts import write_vocoder
from sonocanvas.training.vocoder import new_network
from sonocanvas.types import AUFFUSION_FORMAT, FORMATS, MINI_FORMAT, VocoderWeights


def test_play_makes_the_sound_that_was_saved_with_the_canvas(sonocanvas, tmp_path):
    sonocanvas("generate", *QUICKLY, "--seeds", "3", "--out", "run")
    assert sonocanvas("play", "run/0003/canvas.png", "-o", "sound.wav")[0] == 0
    saved = tmp_path / "run" / "0003" / "audio.wav"
    assert (tmp_path / "sound.wav").read_bytes() == saved.read_bytes()


def test_play_takes_the_vocoder_that_it_is_told_and_else_that_of_the_canvas(
    sonocanvas, tmp_path, monkeypatch, weights
):
    shipped = tmp_path / "shipped"
    shutil.copytree(weights, shipped)
    network = new_network(width=4)
    write_vocoder(VocoderWeights(network.config, network.state_dict()), shipped / "vocoder")
    monkeypatch.setattr("sonocanvas.pairs.mini.WEIGHTS", shipped)
    write_canvas_png(tmp_path / "canvas.png", torch.full((256, 64), 0.5), MINI_FORMAT)
    for name in ("griffin_lim", "phase_net"):
        words = ("canvas.png", "--vocoder", name, "-o", f"{name}.wav")
        assert sonocanvas("play", *words)[0] == 0
    Image.fromarray(np.full((256, 64), 128, np.uint8)).save(tmp_path / "foreign.png")
    for name in ("canvas", "foreign"):
        assert sonocanvas("play", f"{name}.png", "-o", f"{name}.wav")[0] == 0
    sounds = {path.stem: soundfile.read(path)[0].tolist() for path in tmp_path.glob("*.wav")}
    assert sounds["phase_net"] == sounds["canvas"]
    assert sounds["phase_net"] != sounds["griffin_lim"] == sounds["foreign"]


def test_play_without_the_weights_of_a_vocoder_is_one_sentence(sonocanvas, tmp_path):
    write_canvas_png(tmp_path / "canvas.png", torch.full((256, 64), 0.5), AUFFUSION_FORMAT)
    words = ("canvas.png", "--vocoder", "hifigan", "-o", "new.wav")
    code, _, errors = sonocanvas("play", *words)
    assert code == 2
    assert "Without --weights the canvas carries no vocoder for 'hifigan'" in errors
    assert errors.count("\n") == 1


def test_play_takes_weights_from_a_folder_and_says_what_they_are_not_for(sonocanvas, tmp_path):
    generator = OriginalGenerator(VOCODER).eval()
    write_vocoder(VocoderWeights(generator.config, original_state(generator)), tmp_path / "gan")
    write_canvas_png(tmp_path / "canvas.png", torch.full((256, 64), 0.5), AUFFUSION_FORMAT)
    for name in ("hifigan", "istft_phase", "griffin_lim"):
        words = ("canvas.png", "--weights", "gan", "--vocoder", name, "-o", f"{name}.wav")
        assert sonocanvas("play", *words)[0] == 0
    assert sonocanvas("play", "canvas.png", "--weights", "gan", "-o", "own.wav")[0] == 0
    sounds = {path.stem: soundfile.read(path)[0].tolist() for path in tmp_path.glob("*.wav")}
    assert sounds["own"] == sounds["hifigan"]
    assert len({tuple(sound) for sound in sounds.values()}) == 3
    for words, told in (
        (("--weights", "gan", "--vocoder", "phase_net"), "'gan' carries a vocoder for 'hifigan'"),
        (("--weights", "none"), "There is no folder 'none'"),
    ):
        code, _, errors = sonocanvas("play", "canvas.png", *words, "-o", "new.wav")
        assert (code, errors.count("\n")) == (2, 1)
        assert told in errors


def test_play_reads_a_picture_without_a_key_as_its_vocoder_was_trained(sonocanvas, tmp_path):
    generator = OriginalGenerator(VOCODER).eval()
    write_vocoder(VocoderWeights(generator.config, original_state(generator)), tmp_path / "gan")
    gray = np.full((256, 64), 128, np.uint8)
    Image.fromarray(gray).save(tmp_path / "foreign.png")
    for fmt, name in ((AUFFUSION_FORMAT, "auffusion"), (MINI_FORMAT, "mini")):
        write_canvas_png(tmp_path / f"{name}.png", torch.from_numpy(gray) / 255, fmt)
        assert sonocanvas("play", f"{name}.png", "--weights", "gan", "-o", f"{name}.wav")[0] == 0
        words = ("foreign.png", "--weights", "gan", "--format", name, "-o", f"as-{name}.wav")
        assert sonocanvas("play", *words)[0] == 0
    assert sonocanvas("play", "foreign.png", "--weights", "gan", "-o", "foreign.wav")[0] == 0
    sounds = {path.stem: soundfile.read(path)[0].tolist() for path in tmp_path.glob("*.wav")}
    assert sounds["foreign"] == sounds["as-auffusion"] == sounds["auffusion"]
    assert sounds["as-mini"] == sounds["mini"] != sounds["auffusion"]


def test_a_format_is_one_of_three_and_goes_with_the_canvas(sonocanvas, tmp_path):
    soundfile.write(tmp_path / "sound.wav", tone(), 16000)
    for name, fmt in FORMATS.items():
        assert sonocanvas("see", "sound.wav", "--format", name, "-o", f"{name}.png")[0] == 0
        canvas, found = read_canvas_png(tmp_path / f"{name}.png")
        assert found == fmt
        assert canvas.shape[1] == fmt.mels
    for words in (("see", "sound.wav", "-o", "new.png"), ("play", "mini.png", "-o", "new.wav")):
        code, _, errors = sonocanvas(*words, "--format", "aufusion")
        assert (code, errors.count("\n")) == (2, 1)
        assert "'aufusion'" in errors
        assert "auffusion, mini, riffusion" in errors
    assert not (tmp_path / "new.png").exists()


def test_play_takes_a_picture_of_another_size(sonocanvas, tmp_path):
    Image.radial_gradient("L").resize((40, 32)).convert("RGB").save(tmp_path / "photo.png")
    code, output, _ = sonocanvas("play", "photo.png", "-o", "sound.wav")
    assert code == 0
    assert "gain" in output
    sound = soundfile.info(tmp_path / "sound.wav")
    assert sound.samplerate == 16000
    assert sound.frames == 40 * 256 // 32 * MINI_FORMAT.hop_samples


def test_play_reads_what_a_canvas_means_from_the_canvas(sonocanvas, tmp_path):
    canvas = torch.full((256, 64), 0.5)
    write_canvas_png(tmp_path / "mini.png", canvas, MINI_FORMAT)
    write_canvas_png(tmp_path / "auffusion.png", canvas, AUFFUSION_FORMAT)
    levels = []
    for name in ("mini", "auffusion"):
        assert sonocanvas("play", f"{name}.png", "-o", f"{name}.wav")[0] == 0
        levels.append(np.std(soundfile.read(tmp_path / f"{name}.wav")[0]))
    assert levels[0] != levels[1]


def test_see_draws_a_sound_at_a_peak_of_095_and_writes_down_the_gain(sonocanvas, tmp_path):
    soundfile.write(tmp_path / "sound.wav", np.stack([tone(0.1, rate_hz=44100)] * 2, 1), 44100)
    assert sonocanvas("see", "sound.wav", "-o", "canvas.png")[0] == 0
    canvas, canvas_format = read_canvas_png(tmp_path / "canvas.png")
    assert canvas_format == MINI_FORMAT
    assert canvas.shape == (1, 256, 100)
    meaning = json.loads(Image.open(tmp_path / "canvas.png").text["sonocanvas"])
    assert meaning["gain_db"] == pytest.approx(20 * np.log10(0.95 / 0.1), abs=0.5)
    rows = canvas[0].mean(dim=1)
    assert rows[128:].max() == rows.max()  # 440 Hz lies in the lower half


def test_see_keeps_the_level_when_asked_and_takes_silence(sonocanvas, tmp_path):
    soundfile.write(tmp_path / "quiet.wav", tone(0.01), 16000)
    soundfile.write(tmp_path / "silent.wav", tone(0.0), 16000)
    brightness = {}
    for name, words in (("quiet", ()), ("kept", ("--keep-level",)), ("silent", ())):
        source = "silent.wav" if name == "silent" else "quiet.wav"
        assert sonocanvas("see", source, "-o", f"{name}.png", *words)[0] == 0
        brightness[name] = float(read_canvas_png(tmp_path / f"{name}.png")[0].max())
    assert brightness["silent"] < brightness["kept"] < brightness["quiet"]


def test_see_draws_what_play_played(sonocanvas, tmp_path):
    soundfile.write(tmp_path / "sound.wav", tone(seconds=2.0), 16000)
    assert sonocanvas("see", "sound.wav", "-o", "first.png", "--keep-level")[0] == 0
    assert sonocanvas("play", "first.png", "-o", "played.wav")[0] == 0
    assert sonocanvas("see", "played.wav", "-o", "second.png", "--keep-level")[0] == 0
    first, _ = read_canvas_png(tmp_path / "first.png")
    second, _ = read_canvas_png(tmp_path / "second.png")
    assert first.shape == second.shape
    assert torch.corrcoef(torch.stack([first.flatten(), second.flatten()]))[0, 1] > 0.95
    assert len(read_sound(tmp_path / "played.wav", 16000).samples[0]) == 32000


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("play", "text.png", "-o", "new.wav"), "not a picture"),
        (("play", "wide.png", "-o", "new.wav"), "at most 600 s"),
        (("play", "wide.png", "-o", "new.aac"), "must end in '.wav' or '.flac' or"),
        (("see", "text.wav", "-o", "new.png"), "not a sound"),
        (("see", "short.wav", "-o", "new.png"), "at least"),
        (("see", "text.wav", "-o", "text.png"), "use --overwrite to replace it"),
    ],
)
def test_play_and_see_refuse_bad_input_in_one_sentence(sonocanvas, tmp_path, words, sentence):
    (tmp_path / "text.png").write_text("text")
    (tmp_path / "text.wav").write_text("text")
    Image.new("L", (30000, 100)).save(tmp_path / "wide.png")
    soundfile.write(tmp_path / "short.wav", np.zeros(10), 16000)
    before = sorted(path.name for path in tmp_path.iterdir())
    code, output, errors = sonocanvas(*words)
    assert (code, output) == (2, "")
    assert sentence in errors
    assert errors.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == before
