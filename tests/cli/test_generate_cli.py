"""`sonocanvas generate`: what it makes, and one sentence for what it cannot make."""

import json
import tomllib

import pytest
from tiny import tiny_pair
from tiny_asked import PROMPTS, QUICKLY
from tiny_checkpoint import VOCODER, save_checkpoint, save_lora

from sonocanvas.cli.generate import slug
from sonocanvas.files.pictures import read_canvas_png
from sonocanvas.pairs.folder import save_folder
from sonocanvas.types import RIFFUSION_FORMAT


def test_generate_makes_a_run_named_by_its_prompts_with_a_page_and_a_table(sonocanvas, tmp_path):
    code, output, errors = sonocanvas("generate", *QUICKLY, "--seeds", "3,5")
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
    words = ("generate", *QUICKLY, "--seeds", "3", "--out", "run")
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


def test_generate_with_a_search_tells_its_budget_first_and_keeps_the_candidates(
    sonocanvas, tmp_path
):
    words = ("generate", *QUICKLY, "--seeds", "3,4", "--search", "combinations", "--out", "run")
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
        ((*PROMPTS, "--set", "sampling.scheduler=ddin"), "Did you mean 'ddim'"),
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


def test_generate_refuses_broken_weights(sonocanvas, tmp_path, monkeypatch):
    save_folder(tiny_pair(), tmp_path / "weights")
    shard = next((tmp_path / "weights" / "audio_unet").glob("*.safetensors"))
    shard.write_bytes(shard.read_bytes()[:99])
    monkeypatch.setattr("sonocanvas.pairs.mini.WEIGHTS", tmp_path / "weights")
    code, _, errors = sonocanvas("generate", *QUICKLY)
    assert code == 2
    assert "audio_unet" in errors
    assert errors.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["weights"]


def test_generate_joins_two_checkpoints_in_folders(sonocanvas, tmp_path, capsys):
    save_checkpoint(tmp_path / "image", seed=1)
    save_checkpoint(tmp_path / "audio", seed=2, vocoder=VOCODER)
    capsys.readouterr()  # saving shows progress
    words = ("--pair", "sd15-auffusion", "--image-model", "image", "--audio-model", "audio")
    code, output, errors = sonocanvas("generate", *QUICKLY, *words, "--seeds", "3", "--out", "run")
    assert (code, errors) == (0, "")
    assert "9.92" in output  # 1024 columns minus the 32 that Auffusion leaves empty
    run = tomllib.loads((tmp_path / "run" / "run.toml").read_text("utf-8"))
    assert (run["image_model"], run["audio_model"]) == ("image", "audio")
    assert run["vocoder"] == {"name": "hifigan"}


def test_generate_makes_a_square_canvas_with_riffusion(sonocanvas, tmp_path, capsys):
    for seed, model in enumerate(("image", "audio")):
        save_checkpoint(tmp_path / model, seed=seed)
    capsys.readouterr()  # saving shows progress
    words = ("--pair", "sd15-riffusion", "--image-model", "image", "--audio-model", "audio")
    code, output, errors = sonocanvas("generate", *QUICKLY, *words, "--seeds", "3", "--out", "run")
    assert (code, errors) == (0, "")
    assert "5.12" in output
    canvas, canvas_format = read_canvas_png(tmp_path / "run" / "0003" / "canvas.png")
    assert (tuple(canvas.shape), canvas_format) == ((1, 512, 512), RIFFUSION_FORMAT)
    run = tomllib.loads((tmp_path / "run" / "run.toml").read_text("utf-8"))
    assert run["vocoder"]["name"] == "griffin_lim"


def test_generate_merges_a_lora_and_keeps_it_in_the_record(sonocanvas, tmp_path):
    save_lora(tmp_path / "style.safetensors")
    words = ("generate", *QUICKLY, "--seeds", "3", "--out")
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
    code, _, errors = sonocanvas("generate", *QUICKLY, "--pair", "local:mine", "--seeds", "3")
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
        (("--vocoder", "phase_net"), "carries no vocoder for 'phase_net'"),
    ],
)
def test_generate_refuses_models_that_are_not_there(
    sonocanvas, tmp_path, monkeypatch, words, sentence
):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    code, output, errors = sonocanvas("generate", *QUICKLY, *words)
    assert (code, output) == (2, "")
    assert sentence in errors
    assert errors.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_slug_is_a_name_for_a_folder():
    assert slug("../A castle,  with “towers”!") == "a-castle-with-towers"
    assert slug("城 鐘") == "城-鐘"
    assert slug("!?") == "run"
    assert len(slug("word " * 50)) <= 60


def test_offloading_without_a_card_is_one_sentence(sonocanvas, tmp_path):
    code, _, errors = sonocanvas("generate", *QUICKLY, "--device", "cpu", "--offload")
    assert (code, errors.count("\n")) == (2, 1)
    assert "so the device must be 'cuda', not 'cpu'" in errors
    assert not (tmp_path / "runs").exists()
