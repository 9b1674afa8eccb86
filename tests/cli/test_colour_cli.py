"""Canvases in colour from the command line: they still play the same."""

import tomllib

import pytest
import torch
from tiny import TINY_FORMAT
from tiny_asked import QUICKLY
from tiny_sample import make_sample

from sonocanvas.files.artifacts import read_colour, save_sample, write_colour
from sonocanvas.types import Colour


def test_generate_in_colour_keeps_options_and_plays_the_same(sonocanvas, tmp_path):
    words = ("--colour", "latent", "--set", "colour.steps=2", "--set", "colour.start_step=1")
    code, _, errors = sonocanvas("generate", *QUICKLY, *words, "--seeds", "3", "--out", "run")
    assert (code, errors) == (0, "")
    run = tomllib.loads((tmp_path / "run" / "run.toml").read_text("utf-8"))
    assert (run["colour"]["name"], run["colour"]["steps"]) == ("latent", 2)
    assert "0003/colour.png" in (tmp_path / "run" / "index.html").read_text("utf-8")
    assert sonocanvas("play", "run/0003/colour.png", "-o", "sound.wav")[0] == 0
    saved = tmp_path / "run" / "0003" / "audio.wav"
    assert (tmp_path / "sound.wav").read_bytes() == saved.read_bytes()


def test_colour_of_a_run_is_shown_and_plays_the_same(sonocanvas, tmp_path):
    sonocanvas("generate", *QUICKLY, "--seeds", "3,4", "--out", "run")
    code, output, errors = sonocanvas("colour", "run", "--by", "viridis")
    assert (code, errors) == (0, "")
    assert output.split() == ["run/0003/colour.png", "run/0004/colour.png"]
    assert "0004/colour.png" in (tmp_path / "run" / "index.html").read_text("utf-8")
    assert sonocanvas("play", "run/0003/colour.png", "-o", "sound.wav")[0] == 0
    saved = tmp_path / "run" / "0003" / "audio.wav"
    assert (tmp_path / "sound.wav").read_bytes() == saved.read_bytes()


def test_colour_takes_every_option_on_the_command_line(sonocanvas, tmp_path):
    sonocanvas("generate", *QUICKLY, "--seeds", "3", "--out", "run")
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
        (("colour", "run", "--by", "deepfloyd", "--overwrite"), "needs a folder with DeepFloyd"),
        (("colour", "run", "--device", "gpu"), "Unknown device 'gpu'"),
        (("generate", *QUICKLY, "--colour", "magna"), "Did you mean 'magma'"),
        (("generate", *QUICKLY, "--colour", "deepfloyd"), "needs a folder with DeepFloyd IF"),
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
