"""`--json`: programs get what people read, and stdout holds nothing else."""

import json

import numpy as np
import pytest
import soundfile
from tiny_asked import PROMPTS


def read(result):
    code, out, errors = result
    assert code == 0, errors
    return json.loads(out)


def test_a_run_tells_its_page_and_its_samples(sonocanvas, tmp_path):
    found = read(
        sonocanvas("generate", *PROMPTS, "--steps", 2, "--seeds", "3-4", "--out", "run", "--json")
    )
    assert (tmp_path / found["page"]).is_file()
    assert [one["seed"] for one in found["samples"]] == [3, 4]
    first = found["samples"][0]
    assert (tmp_path / first["folder"] / "audio.wav").is_file()
    assert first["duration_s"] == pytest.approx(0.256)
    by_judge = {"judge_image", "judge_audio"}
    assert set(first["scores"]) == {*by_judge, "round_trip_correlation", "round_trip_error"}
    about = read(sonocanvas("inspect", first["folder"], "--json"))
    assert about["what"] == "a sample"


def test_menus_presets_and_prompts_are_lists(sonocanvas):
    methods = {one["name"]: one for one in read(sonocanvas("list", "methods", "--json"))}
    assert "picture_db" in methods["layer"]["options"]
    presets = {one["name"]: one for one in read(sonocanvas("list", "presets", "--json"))}
    assert presets["owl-hoot"]["audio_prompt"] == "an owl hooting"
    prompts = read(sonocanvas("list", "prompts", "--json"))
    (owl,) = (one for one in prompts["sounds"] if one["name"] == "owl")
    assert owl["well"]
    assert owl["prompt"] == "an owl hooting"


def test_a_scene_is_its_layers(sonocanvas):
    found = read(sonocanvas("scene", "check", "--layer", "sound rain 0-0.1s", "--json"))
    assert found["pair"] == "mini"
    assert 0 < found["silent"] < 1
    assert found["layers"][0]["kind"] == "sound"


def test_an_evaluation_is_its_table(sonocanvas, tmp_path):
    (tmp_path / "pairs.tsv").write_text("image_prompt\taudio_prompt\na castle\tbells ringing\n")
    given = ("--seeds", "0", "--set", "sampling.steps=2", "--scores", "round_trip")
    found = read(sonocanvas("evaluate", "pairs.tsv", *given, "--out", "e", "--json"))
    assert found == json.loads((tmp_path / "e" / "table.json").read_text())


def test_a_file_with_odd_words_is_still_json(sonocanvas, tmp_path):
    soundfile.write(tmp_path / "a.wav", np.random.default_rng(0).random(16000) - 0.5, 16000)
    found = read(sonocanvas("inspect", "a.wav", "-o", "c.png", "--json"))
    assert found["canvas"] == "c.png"
    assert (tmp_path / "c.png").is_file()
