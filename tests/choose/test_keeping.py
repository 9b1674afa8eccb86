"""Keeping the best seeds of a run: records mark them, on disk and in memory; nothing is lost."""

import dataclasses
import json
import shutil

import pytest
import torch
from tiny_run import PAIR, config, files
from tiny_sample import make_sample

from sonocanvas import RunConfig, generate
from sonocanvas.choose.keeping import rank_samples
from sonocanvas.errors import CheckpointError, InvalidInputError
from sonocanvas.files.artifacts import load_sample, rewrite_record, save_sample
from sonocanvas.files.run_file import load_config
from sonocanvas.show.gallery import write_gallery
from sonocanvas.types import Score


@pytest.fixture(scope="module")
def ranked(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "ranked"
    return out, generate(config(keep=2), out, pair=PAIR)


def scored(seed, image, audio):
    scores = (Score("selector_image", image, "", True), Score("selector_audio", audio, "", True))
    return dataclasses.replace(make_sample(seed), scores=scores)


def test_places_go_by_the_scores_and_not_by_the_order():
    run = RunConfig(image_prompt="a castle", audio_prompt="bells", seeds=[5, 3, 9], keep=1)
    samples = [scored(5, 0.1, 0.9), scored(3, 0.5, 0.5), scored(9, 0.9, 0.1)]
    ranks = [sample.record["rank"] for sample in rank_samples(samples, run)]
    assert [rank["place"] for rank in ranks] == [2, 1, 3]
    assert [rank["kept"] for rank in ranks] == [False, True, False]
    assert ranks[0]["by"] == ["selector_image", "selector_audio"]
    product = run.model_copy(update={"keep_rule": "rank-product"})
    places = [sample.record["rank"]["place"] for sample in rank_samples(samples, product)]
    assert places == [1, 3, 2]  # rank products 3 4 3


def test_every_sample_stays_with_its_place_and_both_scores(ranked):
    out, samples = ranked
    assert [sample.seed for sample in samples] == [0, 1, 2, 7]
    assert sorted(sample.record["rank"]["place"] for sample in samples) == [1, 2, 3, 4]
    for sample in samples:
        rank = sample.record["rank"]
        assert rank["kept"] == (rank["place"] <= 2)
        names = [score.name for score in sample.scores]
        assert names[-2:] == rank["by"] == ["selector_image", "selector_audio"]
        loaded = load_sample(out / f"{sample.seed:04d}")
        assert (loaded.scores, loaded.record) == (sample.scores, sample.record)


def test_a_run_that_keeps_has_the_same_samples_and_may_keep_others_later(ranked, tmp_path):
    out, _ = ranked
    generate(config(), tmp_path / "run", pair=PAIR)
    steps = []
    generate(config(keep=2), tmp_path / "run", on_step=lambda step, clean: steps.append(step))
    assert steps == []  # nothing is denoised again, and no pair is loaded
    assert files(tmp_path / "run") == files(out)
    generate(config(keep=1, keep_rule="rank-product"), tmp_path / "run")
    assert load_config(tmp_path / "run" / "run.toml").keep == 1
    kept = [one for one in generate(config(keep=1), tmp_path / "run") if one.record["rank"]["kept"]]
    assert len(kept) == 1
    assert all("rank" not in one.record for one in generate(config(), tmp_path / "run"))


def test_a_resumed_run_has_the_same_places(ranked, tmp_path):
    out, _ = ranked
    shutil.copytree(out, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "0001")
    generate(config(keep=2), tmp_path / "run", pair=PAIR)
    assert files(tmp_path / "run") == files(out)


def test_a_scorer_that_is_missing_is_told_before_anything_is_denoised(tmp_path, monkeypatch):
    monkeypatch.setattr("sonocanvas.scorers.selector.Selector.folder", tmp_path / "none")
    steps = []
    with pytest.raises(CheckpointError, match="none/text_encoder"):
        generate(config(keep=2), tmp_path / "run", pair=PAIR, on_step=lambda *_: steps.append(1))
    assert (steps, list(tmp_path.iterdir())) == ([], [])


def test_another_run_is_still_refused(ranked):
    with pytest.raises(InvalidInputError, match="holds another run: batch_size"):
        generate(config(keep=2, batch_size=4), ranked[0], pair=PAIR)


def test_the_page_shows_the_kept_first_and_marks_them(ranked, tmp_path):
    out, samples = ranked
    shutil.copytree(out, tmp_path / "run")
    page = write_gallery(tmp_path / "run").read_text("utf-8")
    order = sorted(samples, key=lambda sample: sample.record["rank"]["place"])
    found = [page.index(f'id="seed-{sample.seed}"') for sample in order]
    assert found == sorted(found)
    assert [f"seed {sample.seed} · kept" in page for sample in order] == [True, True, False, False]
    assert "<dt>place</dt><dd>1 of 4</dd>" in page


def test_a_record_is_written_anew_and_nothing_else(tmp_path):
    folder = save_sample(make_sample(level=3.0), tmp_path)
    before = files(folder)
    sample = load_sample(folder)
    rewrite_record(sample, tmp_path)
    assert files(folder) == before
    changed = dataclasses.replace(sample, scores=(), record={"rank": {"place": 1}})
    rewrite_record(changed, tmp_path)
    loaded = load_sample(folder)
    assert (loaded.scores, loaded.record) == ((), {"rank": {"place": 1}})
    assert torch.equal(loaded.waveform.samples, sample.waveform.samples)
    assert {name for name in before if files(folder)[name] != before[name]} == {"sample.json"}


def test_a_record_that_is_not_there_or_broken_is_told(tmp_path):
    sample = make_sample()
    with pytest.raises(InvalidInputError, match="No such file"):
        rewrite_record(sample, tmp_path)
    described = save_sample(sample, tmp_path) / "sample.json"
    described.write_text(json.dumps({"schema": 1}))
    with pytest.raises(InvalidInputError, match=r"cannot be read: .* is missing"):
        rewrite_record(sample, tmp_path)
