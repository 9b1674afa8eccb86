"""Layers from the command line: files, lines and tables."""

import json
import tomllib

import numpy as np
import pytest
import soundfile
from PIL import Image
from tiny_asked import QUICKLY
from tiny_sound import tone

from sonocanvas.files.pictures import read_canvas_png

SOUND = ("--audio", "bells ringing", "--steps", "1", "--seeds", "3")


@pytest.fixture
def files(tmp_path):
    ramp = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (32, 1))
    Image.fromarray(ramp).save(tmp_path / "my_castle.png")
    soundfile.write(tmp_path / "tone.wav", tone(seconds=0.256), 16000)
    return tmp_path


def described(run):
    return json.loads((run / "0003" / "sample.json").read_text())


def test_a_picture_of_ones_own_is_kept_as_much_as_is_asked(sonocanvas, files):
    far = []
    for strength in ("0.2", "1"):
        out = f"out-{strength}"
        code, _, errors = sonocanvas(
            *("generate", "--image-file", "my_castle.png", "--strength", strength),
            *(*SOUND, "--out", out),
        )
        assert (code, errors) == (0, "")
        canvas, _ = read_canvas_png(files / out / "0003" / "canvas.png")
        ramp = np.linspace(0, 1, 64)
        far.append(1 - np.corrcoef(canvas[0].mean(0), ramp)[0, 1])
    assert far[1] < 0.1 < far[0]
    record = described(files / "out-1")
    assert record["prompts"]["image"] == "my castle"
    assert record["layers"][0]["source"]["path"] == "my_castle.png"


def test_a_run_is_named_by_what_its_layers_hold(sonocanvas, files):
    code, _, _ = sonocanvas("generate", "--image-file", "my_castle.png", *SOUND)
    assert code == 0
    assert (files / "runs" / "my-castle-bells-ringing" / "0003").is_dir()


def test_a_sound_of_ones_own_and_two_files_alone(sonocanvas, files):
    code, _, _ = sonocanvas(
        *("generate", "--image", "a castle", "--audio-file", "tone.wav", "--steps", "1"),
        *("--seeds", "3", "--out", "a"),
    )
    assert code == 0
    assert described(files / "a")["method"]["name"] == "compose"
    both = ("--image-file", "my_castle.png", "--audio-file", "tone.wav")
    code, _, _ = sonocanvas("generate", *both, "--seeds", "3", "--out", "b")
    assert code == 0
    assert described(files / "b")["method"]["name"] == "layer"


def test_layers_and_a_duration_are_given_in_lines(sonocanvas, files):
    code, _, errors = sonocanvas(
        *("generate", "--layer", 'sound "bells ringing" 0-1s', "--layer", "picture castle 0.5-2s"),
        *("--duration", "2s", "--steps", "1", "--seeds", "3", "--out", "out"),
    )
    assert (code, errors) == (0, "")
    run = tomllib.loads((files / "out" / "run.toml").read_text())
    assert [layer["span_s"] for layer in run["layers"]] == [[0, 1], [0.5, 2]]
    assert soundfile.info(files / "out" / "0003" / "audio.wav").duration == 2
    again, _, _ = sonocanvas("generate", "--preset", "out/run.toml", "--out", "out")
    assert again == 0


def test_a_scene_file_is_checked_drawn_and_made(sonocanvas, files):
    (files / "scenes").mkdir()
    scene = files / "scenes" / "scene.toml"
    scene.write_text(
        'seeds = [3]\n[[layers]]\nkind = "picture"\nfile = "../my_castle.png"\nspan_s = [0, 0.1]\n'
        '[[layers]]\nkind = "sound"\nprompt = "bells"\nband_hz = [1000, 4000]\n'
    )
    code, output, errors = sonocanvas("scene", "check", scene, "-o", "places.png")
    assert (code, errors) == (0, "")
    assert "picture_file" in output
    assert "a model draws 'bells'" in output
    assert "1000 to 4000" in output
    assert "of it is silent" in output
    with Image.open(files / "places.png") as picture:
        assert picture.size == (1280, 400)
    assert not (files / "runs").exists()
    code, _, errors = sonocanvas("generate", "--scene", scene, "--steps", "1", "--out", "out")
    assert (code, errors) == (0, "")
    assert (files / "out" / "0003" / "canvas.png").exists()


def test_a_scene_is_checked_without_the_models_of_a_pair_of_the_hub(sonocanvas):
    line = ("--layer", 'sound "rain" 0-9s', "--pair", "sd15-auffusion")
    code, output, _ = sonocanvas("scene", "check", *line)
    assert code == 0
    assert "The canvas of 'sd15-auffusion' lasts 9.92 s" in output


def test_a_run_is_felt_and_morphed(sonocanvas, files):
    assert sonocanvas("generate", *QUICKLY, "--seeds", "3", "--out", "out")[0] == 0
    code, output, _ = sonocanvas("haptics", "out")
    assert code == 0
    assert output.split() == ["out/0003/haptics.ahap", "out/0003/haptics.wav"]
    code, output, _ = sonocanvas("video", "out", "--morph", "a dog")
    assert code == 0
    assert output.split() == ["out/0003/video-morph.mp4"]
    page = (files / "out" / "index.html").read_text()
    assert "0003/video-morph.mp4" in page
    assert "0003/haptics.ahap" in page


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("generate", "--image-file", "none.png", *SOUND), "There is no file 'none.png'."),
        (
            ("generate", "--strength", "0.5", *QUICKLY),
            "--strength 0.5 needs --image-file or --audio-file; in a layer, write it as 60%.",
        ),
        (
            ("generate", "--image-file", "my_castle.png", "--strength", "2", *SOUND),
            "strength must be less than or equal to 1, not 2.0.",
        ),
        (
            ("generate", "--layer", "sound bells 0-9s", "--image", "a castle"),
            "Layer 2, 'bells', is from 0 to 9 s, but the canvas lasts 0.26 s; --duration "
            "makes it longer.",
        ),
        (("generate", "--scene", "none.toml"), "Cannot read 'none.toml': No such file or dir"),
        (("generate", "--duration", "1", *QUICKLY), "duration_s must be from 2 to 600, or 0 for"),
        (("scene", "check"), "Give a scene.toml or at least one --layer."),
        (("scene", "check", "--layer", "sound a", "-o", "a.txt"), "'a.txt' must end in '.png'."),
    ],
)
def test_what_cannot_be_made_is_one_sentence_and_nothing_is_written(sonocanvas, files, words, told):
    code, output, errors = sonocanvas(*words)
    assert (code, output) == (2, "")
    assert told in errors
    assert errors.count("\n") == 1
    assert {path.name for path in files.iterdir()} == {"my_castle.png", "tone.wav"}
