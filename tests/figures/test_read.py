"""Reading samples of runs: which ones are taken, and what is refused in one sentence."""

import dataclasses
import json

import pytest
import torch
from tiny import TINY_FORMAT

from sonocanvas.errors import InvalidInputError
from sonocanvas.figures.read import read_runs
from sonocanvas.files.artifacts import load_sample


def seeds_of(shown):
    return [one.sample.seed for one in shown]


def test_the_first_of_the_run_file_or_the_seeds_that_are_given_or_one_sample(save):
    for seed in (1, 2, 30):
        run = save("run", seed)
    (run / "0004.partial").mkdir()
    assert seeds_of(read_runs([run])) == [1, 2, 30]
    assert seeds_of(read_runs([run], at_most=2)) == [1, 2]
    assert seeds_of(read_runs([run], [30, 1], at_most=1)) == [30, 1]
    assert seeds_of(read_runs([run / "0002", run], at_most=1)) == [2, 1]
    (run / "run.toml").write_text("seeds = [30, 2]")
    assert seeds_of(read_runs([run])) == [30, 2]


def test_a_sample_tells_its_method_prompts_and_colour(save):
    run = save("run", 1, method="imprint", red=True)
    save("run", 2)
    first, second = read_runs([run])
    assert (first.method, first.looks_like, first.sounds_like) == (
        "imprint",
        "looks like a castle",
        "sounds like bells",
    )
    assert first.colour.shape == (32, 64, 3)
    assert second.colour is None


def test_a_run_that_is_half_there_is_refused_with_what_it_has(save):
    run = save("run", 1)
    (run / "run.toml").write_text("seeds = [1, 2]")
    with pytest.raises(InvalidInputError, match="lacks the sample of seed 2; it has 1"):
        read_runs([run])
    assert seeds_of(read_runs([run], at_most=1)) == [1]
    (run / "0001" / "audio.wav").unlink()
    with pytest.raises(InvalidInputError, match="0001' is not a whole sample"):
        read_runs([run], [1])


def test_folders_without_samples_and_broken_colour_are_refused(save, tmp_path):
    with pytest.raises(InvalidInputError, match="There is no folder"):
        read_runs([tmp_path / "none"])
    with pytest.raises(InvalidInputError, match="holds no sample"):
        read_runs([tmp_path])
    (save("renamed", 1) / "0001").rename(tmp_path / "renamed" / "best")
    with pytest.raises(InvalidInputError, match="renamed' holds no sample in a folder named after"):
        read_runs([tmp_path / "renamed"])
    assert seeds_of(read_runs([tmp_path / "renamed" / "best"])) == [1]
    run = save("run", 1)
    (run / "0001" / "colour.png").write_text("text")
    with pytest.raises(InvalidInputError, match=r"colour.png' is not a picture"):
        read_runs([run])


def test_two_formats_or_sizes_in_one_figure_are_refused_with_both_values(save):
    first = save("first")
    louder = save("second", canvas_format=dataclasses.replace(TINY_FORMAT, log_ceiling=60.0))
    wider = save("third", canvas=torch.zeros(32, 80))
    with pytest.raises(InvalidInputError, match=r"log_ceiling is 50.0 in .*first.* and 60.0 in"):
        read_runs([first, louder])
    with pytest.raises(InvalidInputError, match=r"frames is 64 in .* and 80 in"):
        read_runs([first, wider])


def test_each_run_gives_those_of_the_seeds_that_it_has(save):
    for seed in (1, 2):
        runs = [save("a", seed), save("b", seed + 500)]
    assert seeds_of(read_runs(runs, [502, 1, 501])) == [1, 502, 501]
    with pytest.raises(InvalidInputError, match="b' has no sample of seed 1, 2; it has 501, 502"):
        read_runs(runs, [1, 2])
    with pytest.raises(InvalidInputError, match=r"seed 10, .*, 17 and 83 more; it has 1, 2"):
        read_runs(runs, list(range(10, 101)))
    with pytest.raises(InvalidInputError, match="None of the given runs has a sample of seed 3"):
        read_runs(runs, [1, 501, 3])


def test_a_run_of_an_evaluation_has_the_scores_that_were_measured(save, tmp_path):
    run = save("evaluation/cells/compose/a", 1)
    measured = {"name": "judge_image", "value": 0.25, "unit": "", "higher_is_better": True}
    again = {**measured, "name": "likeness"}
    line = {"cell": "compose/a", "seed": 1, "scorer": "judge", "scores": [measured, again]}
    other = {**line, "cell": "imprint/a", "scores": [{**measured, "value": 0.9}]}
    journal = tmp_path / "evaluation" / "measured.jsonl"
    journal.write_text(f"{json.dumps(line)}\n{json.dumps(other)}\n{json.dumps(line)[:9]}")
    before = journal.read_bytes()
    for folder in (run, run / "0001"):
        scores = {score.name: score.value for score in read_runs([folder])[0].sample.scores}
        assert scores == {"likeness": 0.25, "error": 5.0, "judge_image": 0.25}
    assert journal.read_bytes() == before  # a running evaluation may still finish the line


def test_no_latent_or_image_is_held(save):
    sample = read_runs([save("run", 1)])[0].sample
    assert sample.latent.numel() == sample.image.numel() == 0


@pytest.mark.parametrize("seeds", ["3", '"0-3"', '["0"]', "[true]"])
def test_seeds_of_a_run_file_that_are_no_list_of_numbers_are_refused(save, seeds):
    run = save("run", 1)
    (run / "run.toml").write_text(f"seeds = {seeds}")
    with pytest.raises(
        InvalidInputError, match=r"seeds in .*run.toml' are .* not a list of numbers"
    ):
        read_runs([run])


def test_a_record_of_before_there_were_methods_is_composed(save):
    run = save("run", 1)
    path = run / "0001" / "sample.json"
    record = json.loads(path.read_text("utf-8"))
    del record["method"]
    path.write_text(json.dumps(record))
    assert "method" not in load_sample(run / "0001").record
    assert read_runs([run])[0].method == "compose"
