"""An evaluation resumed after a kill comes out the same, and its measurements are kept."""

import csv
import dataclasses
import json
import shutil
import sys
from types import SimpleNamespace

import pytest
from tiny import tiny_pair
from tiny_run import files

from sonocanvas import generate
from sonocanvas.errors import InvalidInputError
from sonocanvas.evaluation.plan import plan_evaluation
from sonocanvas.evaluation.prompts import PromptPair
from sonocanvas.evaluation.run import evaluate
from sonocanvas.files.artifacts import load_sample
from sonocanvas.files.run_file import load_config
from sonocanvas.registry import MENUS
from sonocanvas.scorers.fid import Fid
from sonocanvas.types import Score

MODELS = tiny_pair()
PAIRS = [
    PromptPair(0, "castle_bell", "a castle", "bells ringing", "scene", "discrete"),
    PromptPair(4, "dog_rain", "a dog", "rain", "object", "continuous"),
]
QUICK = ["sampling.steps=2", "vocoder=griffin_lim"]


def plan(methods=("compose",), seeds="0-1", **options):
    values = {"scores": ["round_trip"], **options}
    settings = [*QUICK, *values.pop("settings", [])]
    return plan_evaluation(PAIRS, methods, {"seeds": seeds}, settings=settings, **values)


STEPS = plan(vary=["sampling.steps=1"])


def entries(out):
    lines = map(json.loads, (out / "measured.jsonl").read_text("utf-8").splitlines())
    return {(one["cell"], one["seed"]): one for one in lines if "seconds" in one}


def raw_scores(out):
    return list(csv.DictReader((out / "scores.csv").read_text("utf-8").splitlines()))


class KilledError(Exception):
    pass


def kill_after(count):
    seen = []

    def on_step(step, clean):
        seen.append(step.index)
        if len(seen) == count:
            raise KilledError

    return on_step


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "whole"
    return out, evaluate(STEPS, out, models=MODELS)


def test_cells_are_runs_like_any_other(whole, tmp_path):
    out, _ = whole
    cells = {path.parent.relative_to(out / "cells") for path in out.rglob("run.toml")}
    folders = ("compose", "compose-sampling.steps=1")
    assert {str(cell) for cell in cells} == {
        f"{one}/{pair.id}" for one in folders for pair in PAIRS
    }
    cell = out / "cells" / "compose" / "dog_rain"
    run = load_config(cell / "run.toml")
    assert (run.image_prompt, run.audio_prompt, run.seeds) == ("a dog", "rain", (4000, 4001))
    generate(run, tmp_path / "again", pair=tiny_pair())
    assert files(tmp_path / "again") == files(cell)


def test_the_table_and_the_raw_scores_are_left_in_the_folder(whole):
    out, table = whole
    assert (out / "table.md").read_text("utf-8") == table
    rows = raw_scores(out)
    assert len(rows) == 8
    assert [row["row"] for row in rows] == ["compose"] * 4 + ["compose, sampling.steps=1"] * 4
    by_json = json.loads((out / "table.json").read_text("utf-8"))
    mean = sum(float(row["round_trip_correlation"]) for row in rows[:4]) / 4
    assert by_json["rows"][0]["scores"]["round_trip_correlation"]["mean"] == pytest.approx(mean)


def test_evaluations_are_counted_and_time_is_noted_for_every_sample(whole):
    rows = raw_scores(whole[0])
    # with two steps the picture takes part in the second; with one step, in none
    assert [float(row["evaluations"]) for row in rows] == [3.0] * 4 + [1.0] * 4
    assert all(float(row["seconds"]) > 0 for row in rows)
    assert all(float(row["cpu_seconds"]) > 0 for row in rows)


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_a_killed_evaluation_goes_on_to_the_same_and_keeps_the_times(whole, tmp_path, steps):
    with pytest.raises(KilledError):
        evaluate(STEPS, tmp_path / "run", models=MODELS, on_step=kill_after(steps))
    before = entries(tmp_path / "run") if (tmp_path / "run" / "measured.jsonl").exists() else {}
    seen = []
    evaluate(STEPS, tmp_path / "run", models=MODELS, on_step=lambda step, _: seen.append(step))
    assert files(tmp_path / "run" / "cells") == files(whole[0] / "cells")
    after = entries(tmp_path / "run")
    assert len(after) == 8
    assert {key: after[key] for key in before} == before
    assert len(seen) == 6 - 3 * (len(before) // 4) - 2 * (len(before) % 4 // 2)
    assert ids(tmp_path / "run") == ids(whole[0])


def ids(out):
    costs = ("seconds", "cpu_seconds")
    rows = raw_scores(out)
    return [{key: value for key, value in row.items() if key not in costs} for row in rows]


def test_a_kill_within_a_batch_costs_no_sample_its_time(whole, tmp_path):
    def kill(sample):
        raise KilledError

    run = load_config(whole[0] / "cells" / "compose" / "castle_bell" / "run.toml")
    folder = tmp_path / "run" / "cells" / "compose" / "castle_bell"
    with pytest.raises(KilledError):
        generate(run, folder, pair=MODELS, on_sample=kill)
    assert [path.name for path in folder.glob("0*")] == ["0000"]
    evaluate(STEPS, tmp_path / "run", models=MODELS)
    assert len(entries(tmp_path / "run")) == 8
    assert files(folder) == files(whole[0] / "cells" / "compose" / "castle_bell")


def test_done_it_needs_no_model_and_no_scorer(whole, monkeypatch):
    monkeypatch.setattr("sonocanvas.pairs.mini.WEIGHTS", whole[0] / "no weights here")
    monkeypatch.delitem(MENUS["scorer"], "round_trip")
    assert evaluate(STEPS, whole[0]) == whole[1]


def test_a_sample_that_was_removed_is_made_and_measured_anew(whole, tmp_path):
    shutil.copytree(whole[0], tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "cells" / "compose" / "dog_rain" / "4001")
    before = entries(whole[0])
    evaluate(STEPS, tmp_path / "run", models=MODELS)
    after = entries(tmp_path / "run")
    changed = {key for key in before if after[key]["seconds"] != before[key]["seconds"]}
    assert changed == {("compose/dog_rain", 4001)}
    assert ids(tmp_path / "run") == ids(whole[0])


def test_a_further_scorer_scores_what_is_there(whole, tmp_path):
    shutil.copytree(whole[0], tmp_path / "run")
    steps = []
    more = plan(vary=["sampling.steps=1"], scores=["round_trip", "judge"])
    table = evaluate(more, tmp_path / "run", on_step=lambda step, _: steps.append(step))
    assert steps == []
    assert "judge image (x 100) ↑" in table


def test_style_changes_what_is_drawn_and_not_what_it_is_scored_against(tmp_path):
    styled = plan(style="a painting of {}, grayscale", seeds="0", scores=["judge"])
    evaluate(styled, tmp_path, models=MODELS)
    cell = tmp_path / "cells" / "compose" / "castle_bell"
    record = json.loads((cell / "0000" / "sample.json").read_text("utf-8"))
    assert record["prompts"]["image"] == "a painting of a castle, grayscale"
    rows = raw_scores(tmp_path)
    assert rows[0]["image_prompt"] == "a castle"
    run = load_config(cell / "run.toml").model_copy(update={"scores": ("judge",)})
    plain = generate(run, pair=MODELS)[0]
    assert float(rows[0]["judge_image"]) != pytest.approx(plain.scores[0].value)


def test_where_some_are_kept_they_count_alone_and_pay_for_all(tmp_path):
    kept = plan(seeds="0-2", settings=["keep=1"])
    table = evaluate(kept, tmp_path, models=MODELS)
    assert "| compose | 2 | 2 |" in table
    rows = raw_scores(tmp_path)
    assert [float(row["evaluations"]) for row in rows] == [9.0, 9.0]
    for row, pair in zip(rows, PAIRS, strict=True):
        folder = tmp_path / "cells" / "compose" / pair.id / f"{int(row['seed']):04d}"
        assert json.loads((folder / "sample.json").read_text("utf-8"))["rank"]["place"] == 1


def test_sets_are_compared_with_the_outputs_of_one_model_once(tmp_path, monkeypatch):
    given = plan(("compose", "image-only"), scores=["fid"], settings=["sampling.steps=1"])
    table = evaluate(given, tmp_path, models=MODELS)
    rows = json.loads((tmp_path / "table.json").read_text("utf-8"))["rows"]
    assert [set(row["scores"]) for row in rows] == [{"fid"}, set()]
    ours, reference = (
        [load_sample(path.parent) for path in sorted(tmp_path.glob(f"cells/{row}/*/*/sample.json"))]
        for row in ("compose", "image-only")
    )
    assert rows[0]["scores"]["fid"]["mean"] == pytest.approx(Fid()(ours, reference).value)
    monkeypatch.delitem(MENUS["set_scorer"], "fid")
    assert evaluate(given, tmp_path) == table


def test_scores_of_sets_run_where_the_models_do(tmp_path, monkeypatch):
    places = []

    @dataclasses.dataclass(frozen=True)
    class Placed:
        extractor: str = "judge"
        device: str = "auto"

        def __call__(self, samples, reference):
            places.append(self.device)
            return Score("fid", 0.0, "", higher_is_better=False)

    monkeypatch.setitem(MENUS["set_scorer"], "fid", "placed:Placed")
    monkeypatch.setitem(sys.modules, "placed", SimpleNamespace(Placed=Placed))
    given = plan(methods=("compose", "image-only"), scores=["round_trip", "fid"])
    evaluate(given, tmp_path, device="cpu", models=MODELS)
    assert places == ["cpu"]


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("dog_rain/4001/canvas.png", "4001' has no canvas.png; remove that folder"),
        ("dog_rain/run.toml", "dog_rain' holds files but no run.toml"),
    ],
)
def test_a_half_there_run_is_told_before_a_model_is_loaded(whole, tmp_path, damage, told):
    shutil.copytree(whole[0], tmp_path / "run")
    (tmp_path / "run" / "cells" / "compose" / damage).unlink()
    with pytest.raises(InvalidInputError) as error:
        evaluate(STEPS, tmp_path / "run")
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_other_settings_in_the_same_folder_are_refused(whole, tmp_path):
    other = plan(settings=["sampling.image_guidance_scale=3.0"])
    before = files(whole[0])
    with pytest.raises(InvalidInputError, match="holds another run: sampling is"):
        evaluate(other, whole[0])
    assert files(whole[0]) == before
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InvalidInputError, match="holds files but no measured"):
        evaluate(STEPS, tmp_path)


def test_a_sentence_about_the_prompts_is_told_once(tmp_path):
    pairs = [PromptPair(n, f"{n}", "a casstle", f"bells {n}") for n in range(2)]
    settings = ["sampling.steps=1", "vocoder=griffin_lim"]
    unknown = plan_evaluation(
        pairs, ["compose"], {"seeds": "0"}, settings=settings, scores=["round_trip"]
    )
    sentences = []
    evaluate(unknown, tmp_path, models=MODELS, on_warning=sentences.append)
    found = [word for one in sentences for word in ("'casstle'", "'0'", "'1'") if word in one]
    assert found == ["'casstle'", "'0'", "'1'"]
