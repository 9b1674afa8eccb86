"""A run is the same in memory and on disk, whole or resumed, and overwrites nothing else."""

import json
import os
import shutil

import pytest
import torch
from tiny import LATENT_SHAPE, TINY_FORMAT, tiny_pair
from tiny_run import PAIR, config, files

from sonocanvas import generate, load_sample
from sonocanvas.errors import CheckpointError, InvalidInputError
from sonocanvas.files.run_file import load_config
from sonocanvas.making import chunks_of
from sonocanvas.models import load_pair, pick_device, settled
from sonocanvas.pairs.folder import save_folder
from sonocanvas.pipeline.models import offloaded
from sonocanvas.registry import load

SAMPLE_FILES = {"sample.json", "canvas.png", "image.png", "audio.wav", "latent.safetensors"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "whole"
    return out, generate(config(), out, pair=PAIR)


def test_samples_come_in_the_order_of_the_seeds_with_the_shapes_of_the_pair(whole):
    _, samples = whole
    assert [sample.seed for sample in samples] == [0, 1, 2, 7]
    for sample in samples:
        assert sample.latent.shape == LATENT_SHAPE
        assert sample.image.shape == (3, 32, 64)
        assert sample.canvas.shape == (32, 64)
        assert sample.waveform.samples.shape == (1, 64 * TINY_FORMAT.hop_samples)
        assert sample.canvas_format == TINY_FORMAT


def test_folder_holds_what_memory_holds(whole):
    out, samples = whole
    assert {path.name for path in out.iterdir()} == {"run.toml", "0000", "0001", "0002", "0007"}
    for sample in samples:
        folder = out / f"{sample.seed:04d}"
        assert {path.name for path in folder.iterdir()} == SAMPLE_FILES
        loaded = load_sample(folder)
        assert (loaded.scores, loaded.record) == (sample.scores, sample.record)
        assert torch.equal(loaded.canvas, sample.canvas)
        assert torch.equal(loaded.image, sample.image)
        assert torch.equal(loaded.latent, sample.latent)
        assert torch.equal(loaded.waveform.samples, sample.waveform.samples)
    assert load_config(out / "run.toml") == settled(config(), "cpu")


def test_run_without_a_folder_is_the_same(whole):
    for one, other in zip(generate(config(), pair=PAIR), whole[1], strict=True):
        assert torch.equal(one.latent, other.latent)
        assert one.scores == other.scores


def test_score_of_the_saved_sample_is_the_saved_score(whole):
    out, samples = whole
    loaded = [load_sample(out / f"{sample.seed:04d}") for sample in samples]
    first, second = (load("scorer", name)()(loaded) for name in ("judge", "round_trip"))
    again = [[*one, *other] for one, other in zip(first, second, strict=True)]
    assert [list(sample.scores) for sample in samples] == again


def test_same_run_file_gives_the_same_bytes(whole, tmp_path):
    out, _ = whole
    generate(load_config(out / "run.toml"), tmp_path, pair=tiny_pair())
    assert files(tmp_path) == files(out)


def test_resumed_run_gives_the_same_bytes_and_keeps_what_is_there(whole, tmp_path):
    out, _ = whole
    shutil.copytree(out, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "0001")
    (tmp_path / "run" / "0007").rename(tmp_path / "run" / "0007.partial")
    kept = tmp_path / "run" / "0000" / "sample.json"
    before = kept.stat().st_mtime_ns
    seen, counts = [], []
    samples = generate(
        config(),
        tmp_path / "run",
        pair=PAIR,
        on_sample=lambda sample: seen.append(sample.seed),
        on_step=lambda step, clean: counts.append(clean.shape[0]),
    )
    assert files(tmp_path / "run") == files(out)
    assert kept.stat().st_mtime_ns == before
    assert [sample.seed for sample in samples] == [0, 1, 2, 7]
    assert seen == [0, 2, 1, 7]
    assert counts == [2, 2, 2, 2]  # whole chunks: a batch of two, two steps, twice


def test_finished_run_loads_no_model(whole, monkeypatch):
    out, samples = whole
    monkeypatch.setattr("sonocanvas.pairs.mini.WEIGHTS", out / "no weights here")
    assert [sample.scores for sample in generate(config(), out)] == [
        sample.scores for sample in samples
    ]


def test_other_run_in_the_folder_is_an_error_and_overwritten_only_when_asked(whole, tmp_path):
    shutil.copytree(whole[0], tmp_path / "run")
    other = config(seeds=[0, 9], image_prompt="a tower")
    with pytest.raises(InvalidInputError, match="holds another run: image_prompt is 'a castle'"):
        generate(other, tmp_path / "run", pair=PAIR)
    assert files(tmp_path / "run") == files(whole[0])
    generate(other, tmp_path / "run", pair=PAIR, overwrite=True)
    generate(other, tmp_path / "fresh", pair=PAIR)
    assert files(tmp_path / "run") == files(tmp_path / "fresh")


def test_a_kill_before_the_first_sample_does_not_close_the_folder(whole, tmp_path):
    (tmp_path / "run.toml.partial").write_text("image_prompt = ")
    generate(config(), tmp_path, pair=PAIR)
    assert files(tmp_path) == files(whole[0])


def test_folder_of_other_things_is_not_written_into(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InvalidInputError, match=r"holds files but no run\.toml"):
        generate(config(), tmp_path, pair=PAIR)
    assert list(files(tmp_path)) == ["thesis.txt"]


@pytest.mark.parametrize("name", ["file", "file/within"])
def test_output_folder_that_is_a_file_is_refused(tmp_path, name):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InvalidInputError, match="is not a folder"):
        generate(config(), tmp_path / name, pair=PAIR)


def test_output_folder_that_is_read_only_is_refused(tmp_path, monkeypatch):
    tmp_path.chmod(0o555)
    if os.access(tmp_path, os.W_OK):  # root may write everywhere
        monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(InvalidInputError, match="is read-only"):
        generate(config(), tmp_path / "run", pair=PAIR)
    tmp_path.chmod(0o755)
    assert list(tmp_path.iterdir()) == []


def test_missing_weights_leave_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("sonocanvas.pairs.mini.WEIGHTS", tmp_path / "none")
    with pytest.raises(CheckpointError, match="missing"):
        generate(config(), tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_run_that_fails_in_the_loop_leaves_nothing_behind(tmp_path):
    with pytest.raises(InvalidInputError):
        generate(config(sampling={"steps": 1000}), tmp_path / "run", pair=PAIR)
    assert list(tmp_path.iterdir()) == []


def test_unknown_scheduler_and_device_are_refused_with_the_nearest():
    with pytest.raises(InvalidInputError, match=r"Did you mean 'dpm\+\+'"):
        generate(config(sampling={"scheduler": "dpm+"}), pair=PAIR)
    with pytest.raises(InvalidInputError, match="Did you mean 'cuda'"):
        pick_device("cude")
    assert pick_device("cpu") == "cpu"
    assert pick_device("auto") in ("cuda", "mps", "cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_device_that_is_not_there_is_refused():
    with pytest.raises(InvalidInputError, match="no device 'cuda' here; available: "):
        pick_device("cuda")


def test_unknown_word_is_told_once_to_who_listens_and_else_warned_of():
    run = config(image_prompt="a casstle tower", seeds=[0, 1, 2], sampling={"steps": 1})
    sentences = []
    samples = generate(run, pair=PAIR, on_warning=sentences.append)
    assert len(sentences) == 1
    assert all(sample.record["notes"] == sentences for sample in samples)
    assert "'casstle'" in sentences[0]
    assert "castle" in sentences[0].replace("casstle", "")
    with pytest.warns(UserWarning, match="casstle"):
        generate(run, pair=PAIR)


def test_a_prompt_of_which_no_word_is_known_is_refused_with_what_is_known(tmp_path):
    told = r"'tiny' knows no word of the image prompt 'a casstle', but '.*castle.*'sonocanvas list"
    run = config(image_prompt="a casstle", seeds=[0], sampling={"steps": 1})
    with pytest.raises(InvalidInputError, match=told):
        generate(run, tmp_path / "run", pair=PAIR)
    assert not (tmp_path / "run").exists()
    anyway = run.model_copy(update={"anyway": True})
    with pytest.warns(UserWarning, match="casstle"):
        assert len(generate(anyway, pair=PAIR)) == 1
    generate(config(image_prompt="of the a", seeds=[0], sampling={"steps": 1}), pair=PAIR)


def test_chunks_are_a_function_of_the_run_alone():
    assert chunks_of(config(seeds="5-9", batch_size=2)) == [(5, 6), (7, 8), (9,)]


def test_rule_and_warm_start_of_the_run_are_used(whole):
    alone = config(seeds=[0, 1], rule={"name": "mean", "audio_weight": 1.0})
    started = config(seeds=[0, 1], warm_start={"image_start": 0.01, "audio_start": 1.0})
    by_rule, by_start = generate(alone, pair=PAIR), generate(started, pair=PAIR)
    assert torch.equal(by_rule[0].latent, by_start[0].latent)
    assert not torch.equal(by_rule[0].latent, whole[1][0].latent)


def test_models_are_loaded_in_the_type_of_the_run_and_samples_stay_float32(tmp_path):
    save_folder(PAIR, tmp_path, dtype=torch.float32)
    run = config(pair=f"local:{tmp_path}", seeds=[0], sampling={"dtype": "bfloat16"})
    pair = load_pair(run, "cpu")
    assert {pair.image_unet.dtype, pair.audio_unet.dtype} == {torch.bfloat16}
    (sample,) = generate(run)
    assert sample.record["sampling"]["dtype"] == "bfloat16"
    for one in (sample.latent, sample.image, sample.waveform.samples):
        assert one.dtype == torch.float32
    (exact,) = generate(config(seeds=[0]), pair=PAIR)
    assert 0 < (sample.latent - exact.latent).abs().max() < 0.2 * exact.latent.std()


def test_pair_of_another_type_than_the_run_is_refused_with_both():
    with pytest.raises(InvalidInputError, match=r"'bfloat16', but the image_unet .* float32"):
        generate(config(sampling={"dtype": "bfloat16"}), pair=PAIR)


def test_type_of_the_weights_is_that_of_the_device_unless_it_is_given():
    assert config().sampling.dtype == "auto"
    kinds = {place: settled(config(), place).sampling.dtype for place in ("cpu", "cuda", "mps")}
    assert kinds == {"cpu": "float32", "cuda": "float16", "mps": "float32"}
    given = config(sampling={"dtype": "bfloat16"})
    assert settled(given, "cuda") == given


def test_type_of_a_pair_that_is_loaded_is_the_type_of_the_run():
    half = tiny_pair()
    for model in (half.image_unet, half.audio_unet):
        model.to(torch.bfloat16)
    assert settled(config(), "cuda", half).sampling.dtype == "bfloat16"


def test_a_saved_run_names_the_type_that_was_chosen(whole):
    out, samples = whole
    assert load_config(out / "run.toml").sampling.dtype == "float32"
    assert samples[0].record["sampling"]["dtype"] == "float32"


def test_a_run_that_was_begun_in_another_type_is_told(whole, tmp_path):
    out = shutil.copytree(whole[0], tmp_path / "run")
    text = (out / "run.toml").read_text("utf-8")
    (out / "run.toml").write_text(text.replace('"float32"', '"float16"'), encoding="utf-8")
    with pytest.raises(InvalidInputError, match="holds another run: sampling"):
        generate(config(), out, pair=PAIR)


def test_models_that_are_offloaded_make_the_same_samples(whole):
    """The CPU stands in for the GPU; accelerate's hooks are the real ones."""
    moved = offloaded(tiny_pair(), "cpu")
    assert hasattr(moved.audio_unet, "_hf_hook")
    for made, expected in zip(generate(config(), pair=moved), whole[1], strict=True):
        assert torch.equal(made.latent, expected.latent)
        assert torch.equal(made.canvas, expected.canvas)


def test_offloading_on_a_processor_is_refused_before_a_model_is_loaded(tmp_path):
    with pytest.raises(InvalidInputError, match="so the device must be 'cuda', not 'cpu'"):
        generate(config(pair=f"local:{tmp_path / 'none'}"), device="cpu", offload=True)


def test_offloading_a_method_that_needs_gradients_of_the_models_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with pytest.raises(InvalidInputError, match="Method 'sds' cannot be offloaded"):
        generate(config(method={"name": "sds"}), device="cuda", offload=True)


def test_record_says_how_the_sample_came_about(whole):
    record = json.loads((whole[0] / "0007" / "sample.json").read_text("utf-8"))
    assert record["pair"] == {"name": "tiny", "licences": {"weights": "CC-BY-4.0"}}
    assert record["rule"] == {"name": "mean", "audio_weight": 0.6}
    assert record["sampling"]["steps"] == 2
    assert record["vocoder"]["name"] == "griffin_lim"
    assert set(record["versions"]) == {"sonocanvas", "torch", "diffusers", "transformers"}
    assert torch.__version__.startswith(record["versions"]["torch"])
