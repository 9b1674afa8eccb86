"""The command line: what it makes, and one sentence for what it cannot."""

import errno
import importlib.metadata
import json
import shlex
import shutil
import subprocess
import sys
import tomllib
import warnings

import fsspec
import numpy as np
import pytest
import soundfile
import torch
from PIL import Image
from tiny import TINY_FORMAT, tiny_pair
from tiny_checkpoint import (
    VOCODER,
    OriginalGenerator,
    original_state,
    save_checkpoint,
    save_lora,
)
from tiny_sample import make_sample

from sonocanvas.cli.app import COMMANDS, main
from sonocanvas.cli.generate import slug
from sonocanvas.files.artifacts import read_colour, save_sample, write_colour
from sonocanvas.files.pictures import read_canvas_png, write_canvas_png
from sonocanvas.files.sounds import read_sound
from sonocanvas.pairs.folder import save_folder
from sonocanvas.pairs.parts import write_vocoder
from sonocanvas.training.vocoder import new_network
from sonocanvas.types import (
    AUFFUSION_FORMAT,
    FORMATS,
    MINI_FORMAT,
    RIFFUSION_FORMAT,
    Colour,
    VocoderWeights,
)

PROMPTS = ("--image", "a castle", "--audio", "bells ringing")
QUICK = (*PROMPTS, "--steps", "1", "--set", "sampling.scheduler=ddim")


def tone(level=0.5, seconds=1.0, rate_hz=16000):
    return level * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate_hz)) / rate_hz)


def test_generate_makes_a_run_named_by_its_prompts_with_a_page_and_a_table(sonocanvas, tmp_path):
    code, output, errors = sonocanvas("generate", *QUICK, "--seeds", "3,5")
    assert (code, errors) == (0, "")
    run = tmp_path / "runs" / "a-castle-bells-ringing"
    assert {path.name for path in run.iterdir()} == {"run.toml", "0003", "0005", "index.html"}
    assert "runs/a-castle-bells-ringing/index.html" in output
    headings = output.splitlines()[0]
    assert all(words in headings for words in ("looks like it", "sounds like it", "in the sound"))
    assert "round trip" not in output
    assert "#" in output or "▮" in output
    assert [line.split()[0] for line in output.splitlines()[1:3]] == ["3", "5"]


def test_generate_again_keeps_what_is_there_and_overwrites_only_when_asked(sonocanvas, tmp_path):
    words = ("generate", *QUICK, "--seeds", "3", "--out", "run")
    assert sonocanvas(*words)[0] == 0
    written = (tmp_path / "run" / "0003" / "sample.json").stat().st_mtime_ns
    assert sonocanvas(*words)[0] == 0
    assert (tmp_path / "run" / "0003" / "sample.json").stat().st_mtime_ns == written
    code, _, errors = sonocanvas(*words, "--set", "rule.audio_weight=0.25")
    assert code == 2
    assert "holds another run: rule is" in errors
    assert sonocanvas(*words, "--set", "rule.audio_weight=0.25", "--overwrite")[0] == 0
    record = json.loads((tmp_path / "run" / "0003" / "sample.json").read_text("utf-8"))
    assert record["rule"]["audio_weight"] == 0.25


def test_version_and_help_in_every_way(sonocanvas):
    version = f"sonocanvas {importlib.metadata.version('sonocanvas')}\n"
    assert sonocanvas("--version") == (0, version, "")
    for words in (["-h"], ["--help"], ["generate", "-h"]):
        code, output, errors = sonocanvas(*words)
        assert (code, errors) == (0, "")
        assert "Usage: " in output
    done = subprocess.run(
        [sys.executable, "-m", "sonocanvas", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == version


def test_a_warning_is_its_sentence_alone(capsys, monkeypatch):
    monkeypatch.setattr("sonocanvas.cli.app.app", lambda: warnings.warn("Mind this.", stacklevel=1))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        main()
    assert capsys.readouterr().err == "Mind this.\n"


def test_generate_with_a_search_tells_its_budget_first_and_keeps_the_candidates(
    sonocanvas, tmp_path
):
    words = ("generate", *QUICK, "--seeds", "3,4", "--search", "combinations", "--out", "run")
    small = ("--set", "search.pictures=2", "--set", "search.sounds=1", "--set", "search.shifts=1")
    code, _, errors = sonocanvas(*words, *small)
    assert code == 0
    assert "takes at most 3 evaluations per seed, 6 in all" in errors.replace("\n", " ")
    table = (tmp_path / "run" / "0003" / "candidates.csv").read_text("utf-8").splitlines()
    assert table[0].split(",")[:4] == ["picture", "sound", "shift", "picture_db"]
    assert len(table) == 1 + 2 * 1 * 1 * 3
    code, _, errors = sonocanvas(*words, "--method", "imprint")
    assert code == 2
    assert "'combinations' works with the method 'layer', not with 'imprint'" in errors


def test_generate_from_a_preset_and_from_a_run_file(sonocanvas, tmp_path):
    words = ("generate", "--preset", "castle-bells", "--seeds", "1", "--steps", "1")
    code, _, errors = sonocanvas(*words)
    assert code == 0
    assert "a word that the pair does not know: 'tubular'" in errors.replace("\n", " ")
    run_file = tmp_path / "runs" / "castle-bells" / "run.toml"
    assert sonocanvas("generate", "--preset", run_file, "--out", "again")[0] == 0
    assert (tmp_path / "again" / "run.toml").read_bytes() == run_file.read_bytes()
    name = "0001/latent.safetensors"
    assert (tmp_path / "again" / name).read_bytes() == (run_file.parent / name).read_bytes()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--image", "", "--audio", "bells"), "A prompt must not be empty"),
        (("--image", "a castle"), "audio_prompt is missing"),
        ((*PROMPTS, "--pair", "minni"), "Did you mean 'mini'"),
        ((*PROMPTS, "--rule", "meen"), "Did you mean 'mean'"),
        ((*PROMPTS, "--preset", "castle-bels"), "Did you mean 'castle-bells'"),
        ((*PROMPTS, "--set", "rule.audio_wait=1"), "Did you mean 'audio_weight'"),
        ((*PROMPTS, "--set", "sampling.stpes=1"), "Did you mean 'sampling.steps'"),
        ((*PROMPTS, "--set", "sampling.scheduler=ddin"), "Did you mean 'ddim'"),
        ((*PROMPTS, "--set", "rule.audio_weight=2.0"), "must be in [0, 1], not 2.0"),
        ((*PROMPTS, "--set", "steps"), "not have the form 'key=value'"),
        ((*PROMPTS, "--seeds", "7-3"), "must go upwards"),
        ((*PROMPTS, "--steps", "0"), "greater than or equal to 1, not 0"),
        ((*PROMPTS, "--device", "gpu"), "Unknown device 'gpu'"),
        ((*PROMPTS, "--out", "file"), "is not a folder"),
    ],
)
def test_generate_refuses_bad_input_in_one_sentence(sonocanvas, tmp_path, words, sentence):
    (tmp_path / "file").touch()
    code, output, errors = sonocanvas("generate", *words)
    assert (code, output) == (2, "")
    assert sentence in errors
    assert errors.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("damage", ["missing", "broken"])
def test_generate_refuses_broken_weights(sonocanvas, tmp_path, monkeypatch, damage):
    save_folder(tiny_pair(), tmp_path / "weights")
    shard = next((tmp_path / "weights" / "audio_unet").glob("*.safetensors"))
    content = shard.read_bytes()
    shard.unlink()
    if damage == "broken":
        shard.write_bytes(content[: len(content) // 2])
    monkeypatch.setattr("sonocanvas.pairs.mini.WEIGHTS", tmp_path / "weights")
    code, _, errors = sonocanvas("generate", *QUICK)
    assert code == 2
    assert "audio_unet" in errors
    assert errors.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["weights"]


def test_generate_joins_two_checkpoints_in_folders(sonocanvas, tmp_path, capsys):
    save_checkpoint(tmp_path / "image", seed=1)
    save_checkpoint(tmp_path / "audio", seed=2, vocoder=VOCODER)
    capsys.readouterr()  # saving shows progress
    words = ("--pair", "sd15-auffusion", "--image-model", "image", "--audio-model", "audio")
    code, output, errors = sonocanvas("generate", *QUICK, *words, "--seeds", "3", "--out", "run")
    assert (code, errors) == (0, "")
    assert "9.92" in output  # 1024 columns less the 32 that Auffusion leaves empty
    run = tomllib.loads((tmp_path / "run" / "run.toml").read_text("utf-8"))
    assert (run["image_model"], run["audio_model"]) == ("image", "audio")
    assert run["vocoder"] == {"name": "hifigan"}


def test_generate_makes_a_square_canvas_with_riffusion(sonocanvas, tmp_path, capsys):
    for seed, model in enumerate(("image", "audio")):
        save_checkpoint(tmp_path / model, seed=seed)
    capsys.readouterr()  # saving shows progress
    words = ("--pair", "sd15-riffusion", "--image-model", "image", "--audio-model", "audio")
    code, output, errors = sonocanvas("generate", *QUICK, *words, "--seeds", "3", "--out", "run")
    assert (code, errors) == (0, "")
    assert "5.12" in output
    canvas, canvas_format = read_canvas_png(tmp_path / "run" / "0003" / "canvas.png")
    assert (tuple(canvas.shape), canvas_format) == ((1, 512, 512), RIFFUSION_FORMAT)
    run = tomllib.loads((tmp_path / "run" / "run.toml").read_text("utf-8"))
    assert run["vocoder"]["name"] == "griffin_lim"


def test_generate_merges_a_lora_and_keeps_it_in_the_record(sonocanvas, tmp_path):
    save_lora(tmp_path / "style.safetensors")
    words = ("generate", *QUICK, "--seeds", "3", "--out")
    lora = ("--image-lora", "style.safetensors", "--set", "image_lora_scale=2")
    assert sonocanvas(*words, "plain")[0] == 0
    code, _, errors = sonocanvas(*words, "styled", *lora, "--audio-lora", "style.safetensors")
    assert (code, errors) == (0, "")
    name = "0003/latent.safetensors"
    assert (tmp_path / "plain" / name).read_bytes() != (tmp_path / "styled" / name).read_bytes()
    record = json.loads((tmp_path / "styled" / "0003" / "sample.json").read_text("utf-8"))
    assert set(record["pair"]["licences"]) == {"weights", "image lora", "audio lora"}
    run = tomllib.loads((tmp_path / "styled" / "run.toml").read_text("utf-8"))
    assert (run["image_lora"], run["image_lora_scale"]) == ("style.safetensors", 2.0)


def test_generate_takes_a_pair_in_a_folder(sonocanvas, tmp_path):
    save_folder(tiny_pair(), tmp_path / "mine")
    code, _, errors = sonocanvas("generate", *QUICK, "--pair", "local:mine", "--seeds", "3")
    assert (code, errors) == (0, "")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--pair", "sd15-auffusion"), "as --image-model FOLDER and --audio-model FOLDER, or run"),
        (
            ("--pair", "sd15-riffusion"),
            "at 451f4fe and riffusion/riffusion-model-v1 at 7999343; give",
        ),
        (("--pair", "sd15-auffusion", "--image-model", "none"), "There is no folder 'none'"),
        (("--pair", "local:none"), "There is no folder 'none'"),
        (("--pair", "local:"), "Did you mean 'local:FOLDER'"),
        (("--pair", "mini", "--image-model", "none"), "Pair 'mini' takes no image_model"),
        (("--image-lora", "none.safetensors"), "There is no file 'none.safetensors'"),
        (("--set", "vocoder.name=hifigan"), "carries no vocoder for 'hifigan'"),
        (("--vocoder", "phase_net"), "carries no vocoder for 'phase_net'"),
        (("--vocoder", "phasenet"), "Did you mean 'phase_net'"),
    ],
)
def test_generate_refuses_models_that_are_not_there(
    sonocanvas, tmp_path, monkeypatch, words, sentence
):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    code, output, errors = sonocanvas("generate", *QUICK, *words)
    assert (code, output) == (2, "")
    assert sentence in errors
    assert errors.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_generate_in_colour_keeps_options_and_plays_the_same(sonocanvas, tmp_path):
    words = ("--colour", "latent", "--set", "colour.steps=2", "--set", "colour.start_step=1")
    code, _, errors = sonocanvas("generate", *QUICK, *words, "--seeds", "3", "--out", "run")
    assert (code, errors) == (0, "")
    run = tomllib.loads((tmp_path / "run" / "run.toml").read_text("utf-8"))
    assert (run["colour"]["name"], run["colour"]["steps"]) == ("latent", 2)
    assert "0003/colour.png" in (tmp_path / "run" / "index.html").read_text("utf-8")
    assert sonocanvas("play", "run/0003/colour.png", "-o", "sound.wav")[0] == 0
    saved = tmp_path / "run" / "0003" / "audio.wav"
    assert (tmp_path / "sound.wav").read_bytes() == saved.read_bytes()


def test_colour_of_a_run_is_shown_and_plays_the_same(sonocanvas, tmp_path):
    sonocanvas("generate", *QUICK, "--seeds", "3,4", "--out", "run")
    code, output, errors = sonocanvas("colour", "run", "--by", "viridis")
    assert (code, errors) == (0, "")
    assert output.split() == ["run/0003/colour.png", "run/0004/colour.png"]
    assert "0004/colour.png" in (tmp_path / "run" / "index.html").read_text("utf-8")
    assert sonocanvas("play", "run/0003/colour.png", "-o", "sound.wav")[0] == 0
    saved = tmp_path / "run" / "0003" / "audio.wav"
    assert (tmp_path / "sound.wav").read_bytes() == saved.read_bytes()


def test_colour_takes_every_option_on_the_command_line(sonocanvas, tmp_path):
    sonocanvas("generate", *QUICK, "--seeds", "3", "--out", "run")
    numbers = ("--samples", "2", "--seed", "5", "--steps", "3", "--start-step", "2")
    words = ("--by", "latent", "--prompt", "a red dog", "--guidance", "3", *numbers)
    assert sonocanvas("colour", "run/0003", *words)[0] == 0
    colour = read_colour(tmp_path / "run" / "0003")
    assert len(colour.pictures) == 2
    asked = {"prompt": "a red dog", "samples": 2, "seed": 5, "steps": 3, "start_step": 2}
    assert colour.record == {"name": "latent", "guidance_scale": 3.0, **asked}
    assert "0003/colour-01.png" in (tmp_path / "run" / "index.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("colour", "none"), "'none' holds no sample"),
        (("colour", "run", "--by", "magna"), "Did you mean 'magma'"),
        (("colour", "run", "--by", "turbo"), "use --overwrite to replace it"),
        (("colour", "run", "--steps", "3"), "Unknown option of colouriser 'magma': 'steps'"),
        (("colour", "run", "--by", "latent", "--steps", "0"), "steps must be from 1 to 999"),
        (("colour", "run", "--by", "deepfloyd", "--overwrite"), "needs a folder with DeepFloyd"),
        (("colour", "run", "--device", "gpu"), "Unknown device 'gpu'"),
        (("generate", *QUICK, "--colour", "magna"), "Did you mean 'magma'"),
        (("generate", *QUICK, "--set", "colour.steps=3"), "without colour.name; known: magma"),
        (("generate", *QUICK, "--colour", "deepfloyd"), "needs a folder with DeepFloyd IF"),
    ],
)
def test_colour_refuses_bad_input_in_one_sentence(sonocanvas, tmp_path, words, sentence):
    sample = save_sample(make_sample(), tmp_path / "run")
    write_colour(sample, Colour(torch.zeros(1, 3, 32, 64), {"name": "magma"}), TINY_FORMAT)
    before = sorted(path.name for path in tmp_path.rglob("*"))
    code, output, errors = sonocanvas(*words)
    assert (code, output) == (2, "")
    assert sentence in errors
    assert errors.count("\n") == 1
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_play_makes_the_sound_that_was_saved_with_the_canvas(sonocanvas, tmp_path):
    sonocanvas("generate", *QUICK, "--seeds", "3", "--out", "run")
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


@pytest.mark.parametrize("size", [(64, 256), (40, 32), (128, 512)])
def test_play_takes_a_picture_of_any_size(sonocanvas, tmp_path, size):
    Image.radial_gradient("L").resize(size).convert("RGB").save(tmp_path / "photo.png")
    code, output, _ = sonocanvas("play", "photo.png", "-o", "sound.wav")
    assert code == 0
    assert "gain" in output
    sound = soundfile.info(tmp_path / "sound.wav")
    assert sound.samplerate == 16000
    assert sound.frames == round(size[0] * 256 / size[1]) * MINI_FORMAT.hop_samples


def test_play_reads_what_a_canvas_means_from_the_canvas(sonocanvas, tmp_path):
    canvas = torch.full((256, 64), 0.5)
    write_canvas_png(tmp_path / "mini.png", canvas, MINI_FORMAT)
    write_canvas_png(tmp_path / "auffusion.png", canvas, AUFFUSION_FORMAT)
    levels = []
    for name in ("mini", "auffusion"):
        assert sonocanvas("play", f"{name}.png", "-o", f"{name}.wav")[0] == 0
        levels.append(np.std(soundfile.read(tmp_path / f"{name}.wav")[0]))
    assert levels[0] != levels[1]


@pytest.mark.parametrize("name", ["sound.wav", "sound.flac", "sound.ogg", "sound.mp3"])
def test_see_draws_any_sound_at_a_peak_of_095_and_writes_down_the_gain(sonocanvas, tmp_path, name):
    soundfile.write(tmp_path / name, np.stack([tone(0.1, rate_hz=44100)] * 2, 1), 44100)
    assert sonocanvas("see", name, "-o", "canvas.png")[0] == 0
    canvas, canvas_format = read_canvas_png(tmp_path / "canvas.png")
    assert canvas_format == MINI_FORMAT
    assert canvas.shape[1] == 256
    assert abs(canvas.shape[2] - 100) < 16
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
        (("play", "none.png", "-o", "new.wav"), "no file"),
        (("play", "wide.png", "-o", "new.wav"), "at most 600 s"),
        (("play", "wide.png", "-o", "new.aac"), "must end in '.wav' or '.flac' or"),
        (("see", "text.wav", "-o", "new.png"), "not a sound"),
        (("see", "none.wav", "-o", "new.png"), "no file"),
        (("see", "nan.wav", "-o", "new.png"), "NaN"),
        (("see", "long.wav", "-o", "new.png"), "lasts 7200 s; at most 600 s"),
        (("see", "short.wav", "-o", "new.png"), "at least"),
        (("see", "long.wav", "-o", "text.png"), "use --overwrite to replace it"),
        (("see", "long.wav", "-o", "none/new.png"), "no folder"),
    ],
)
def test_play_and_see_refuse_bad_input_in_one_sentence(sonocanvas, tmp_path, words, sentence):
    (tmp_path / "text.png").write_text("text")
    (tmp_path / "text.wav").write_text("text")
    Image.new("L", (30000, 100)).save(tmp_path / "wide.png")
    soundfile.write(tmp_path / "nan.wav", np.full(9000, np.nan), 16000, subtype="FLOAT")
    soundfile.write(tmp_path / "long.wav", np.zeros(7200 * 100), 100, subtype="PCM_U8")
    soundfile.write(tmp_path / "short.wav", np.zeros(10), 16000)
    before = sorted(path.name for path in tmp_path.iterdir())
    code, output, errors = sonocanvas(*words)
    assert (code, output) == (2, "")
    assert sentence in errors
    assert errors.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("menu", "words"),
    [
        (
            "pairs",
            "mini            Returns the embedded pair: shipped with the package, CC-BY-4.0.",
        ),
        ("pairs", "Auffusion (CC BY-NC-SA 4.0), from the Hub."),
        ("pairs", "Riffusion (both OpenRAIL-M), from the Hub."),
        ("pairs", "local:FOLDER"),
        ("rules", "audio_weight=0.6"),
        ("searches", "tries=16"),
        ("searches", "pictures=4, sounds=4, shifts=4, levels=3"),
        ("rules", "image_start=0.9, audio_start=1.0"),
        ("methods", "compose"),
        ("methods", "strength=0.5, image_steps=0"),
        ("methods", "The picture model alone"),
        ("vocoders", "griffin_lim"),
        ("vocoders", "hifigan"),
        ("vocoders", "phase_net"),
        ("vocoders", "phase_from=pair"),
        ("figures", "teaser"),
        ("scorers", "round_trip"),
        ("scorers", "by the judge, which only reports."),
        ("scorers", "extractor=judge, model=openai/clip-vit-base-patch16"),
        ("colourisers", "steps=30, guidance_scale=10.0, start_step=7"),
        ("colourisers", "viridis"),
        ("presets", "a castle with towers"),
        ("prompts", "tubular bells tolling"),
    ],
)
def test_list_tells_what_there_is(sonocanvas, menu, words):
    code, output, errors = sonocanvas("list", menu)
    assert (code, errors) == (0, "")
    assert words in output


def test_figure_draws_what_generate_made_and_replaces_it_only_when_asked(sonocanvas, tmp_path):
    assert sonocanvas("generate", *QUICK, "--seeds", "3", "--out", "run")[0] == 0
    words = ("figure", "teaser", "run", "-o", "teaser.png")
    assert sonocanvas(*words) == (0, "teaser.png\n", "")
    with Image.open(tmp_path / "teaser.png") as picture:
        assert picture.width == 1650
    code, _, errors = sonocanvas(*words)
    assert code == 2
    assert "use --overwrite to replace it" in errors
    assert sonocanvas(*words, "--overwrite")[0] == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("teeser", "run", "-o", "new.png"), "Did you mean 'teaser'"),
        (("teaser", "run", "-o", "new.jpg"), "must end in '.png' or '.pdf'"),
        (("teaser", "none", "-o", "new.png"), "no folder 'none'"),
        (("teaser", "run", "-o", "new.png"), "holds no sample"),
        (("teaser", "run", "-o", "new.png", "--seeds", "x"), "not have the form"),
        (("teaser", "run", "-o", "new.png", "--score", "x"), "'score'. There is none."),
        (("teaser", "run", "-o", "new.png", "--dpi", "30"), "from 50 to 1200, not 30"),
    ],
)
def test_figure_refuses_bad_input_in_one_sentence(sonocanvas, tmp_path, words, sentence):
    (tmp_path / "run").mkdir()
    code, output, errors = sonocanvas("figure", *words)
    assert (code, output) == (2, "")
    assert sentence in errors
    assert errors.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("words", [("list", "rulez"), ("generate", "--sedes", "3"), ("plai",)])
def test_unknown_word_on_the_command_line_is_a_usage_error(sonocanvas, words):
    code, output, errors = sonocanvas(*words)
    assert (code, output) == (2, "")
    assert "Traceback" not in errors


def test_slug_is_a_name_for_a_folder():
    assert slug("../A castle,  with “towers”!") == "a-castle-with-towers"
    assert slug("城 鐘") == "城-鐘"
    assert slug("!?") == "run"
    assert len(slug("word " * 50)) <= 60


def test_too_little_memory_on_a_card_is_one_sentence_with_what_to_do(sonocanvas, monkeypatch):
    def full(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    module = importlib.import_module("sonocanvas.models")
    monkeypatch.setattr(module, "load_pair", full)
    code, _, errors = sonocanvas("generate", *QUICK)
    assert (code, errors.count("\n")) == (2, 1)
    assert "--set batch_size=1" in errors
    assert "--set sampling.dtype=float16" in errors
    assert "--offload" in errors


def test_offloading_without_a_card_is_one_sentence(sonocanvas, tmp_path):
    code, _, errors = sonocanvas("generate", *QUICK, "--device", "cpu", "--offload")
    assert (code, errors.count("\n")) == (2, 1)
    assert "so the device must be 'cuda', not 'cpu'" in errors
    assert not (tmp_path / "runs").exists()


def test_another_fault_of_torch_is_not_taken_for_it(sonocanvas, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    module = importlib.import_module("sonocanvas.models")
    monkeypatch.setattr(module, "load_pair", broken)
    with pytest.raises(RuntimeError, match="mat1"):
        sonocanvas("generate", *QUICK)


@pytest.mark.parametrize("example", COMMANDS.values())
def test_the_help_of_a_command_ends_with_an_example_whose_options_it_has(sonocanvas, example):
    name, *words = shlex.split(example)
    _, told, _ = sonocanvas(name, "--help")
    assert f"Example: sonocanvas {name}" in told
    for word in words:
        if word.startswith("-"):
            assert word in told.partition("Example:")[0]


def test_what_names_no_cluster_is_refused_before_anything_is_made(sonocanvas, tmp_path):
    code, _, errors = sonocanvas("generate", *QUICK, "--on", "slurm")
    assert code == 2
    assert errors.startswith("'slurm' is not a cluster; write ray or ray://HOST:PORT")
    assert not list(tmp_path.rglob("sample.json"))


def test_a_cluster_without_ray_says_what_to_install(sonocanvas, monkeypatch):
    monkeypatch.setitem(sys.modules, "sonocanvas.batch.pool", None)
    code, _, errors = sonocanvas("generate", *QUICK, "--on", "ray")
    assert (code, errors) == (
        2,
        "A cluster needs Ray: `pip install -c constraints.txt -e '.[cluster]'`.\n",
    )


def test_a_run_is_kept_in_a_store(sonocanvas, tmp_path):
    code, output, errors = sonocanvas("generate", *QUICK, "--out", "memory://store/run", "--json")
    assert (code, errors) == (0, "")
    described = json.loads(output)
    assert described["page"] == "memory://store/run/index.html"
    assert described["samples"][0]["folder"] == "memory://store/run/0000"
    with fsspec.open("memory://store/run/0000/sample.json") as file:
        assert json.load(file)["seed"] == 0
    assert not (tmp_path / "memory:").exists()


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (MemoryError(), "There is not enough memory; try --set batch_size=1"),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 99 bytes"),
            "There is not enough memory; try --set batch_size=1",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device", "runs/owl"),
            "Cannot use 'runs/owl': No space left on device. Finished samples are kept.",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "runs/owl"),
            "Cannot use 'runs/owl': Permission denied. Finished samples are kept.",
        ),
        (
            OSError(errno.EMFILE, "Too many open files"),
            "Too many open files. Finished",
        ),
    ],
)
def test_an_error_of_the_machine_is_one_sentence(sonocanvas, monkeypatch, error, sentence):
    def broken(*_, **__):
        raise error

    monkeypatch.setattr(importlib.import_module("sonocanvas.models"), "load_pair", broken)
    code, _, errors = sonocanvas("generate", *QUICK)
    assert code == 2
    assert errors.startswith(sentence)
    assert errors.count("\n") == 1


def test_an_error_of_the_program_is_not_hidden(monkeypatch):
    for error in (RuntimeError("a bug"), FileNotFoundError(errno.ENOENT, "No such file")):

        def broken(error=error):
            raise error

        monkeypatch.setattr("sonocanvas.cli.app.app", broken)
        with pytest.raises(type(error)):
            main()
