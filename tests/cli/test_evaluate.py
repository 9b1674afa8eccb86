"""`sonocanvas evaluate` and `generate --keep`: their output and what they refuse."""

import csv

import pytest
from tiny_asked import QUICKLY

from sonocanvas.scorers.judge import JUDGE

QUICK = ("--scores", "round_trip", "--seeds", "0", "--set", "sampling.steps=1")
TABLE = "image_prompt\taudio_prompt\na castle\tbells ringing\na dog\tbirds singing\n"


@pytest.fixture
def prompts(tmp_path):
    (tmp_path / "prompts.tsv").write_text(TABLE, "utf-8")
    return "prompts.tsv"


def test_evaluate_prints_the_table_and_makes_nothing_twice(sonocanvas, prompts, tmp_path):
    words = ("evaluate", prompts, *QUICK, "--vary", "sampling.steps=2", "--out", "eval")
    code, output, errors = sonocanvas(*words)
    assert (code, errors) == (0, "")
    assert "| compose | 2 | 2 |" in output
    assert "| compose, sampling.steps=2 | 2 | 2 |" in output
    assert "eval/scores.csv" in output
    scores = (tmp_path / "eval" / "scores.csv").read_text("utf-8")
    assert len(list(csv.DictReader(scores.splitlines()))) == 4
    assert sonocanvas(*words) == (code, output, errors)


def test_evaluate_on_some_of_the_hundred_pairs(sonocanvas, tmp_path):
    words = ("evaluate", "--benchmark", "--pairs", "1", *QUICK, "--methods", "audio-only")
    code, output, _ = sonocanvas(*words)
    assert code == 0
    assert "audio-only (bound of the sound)" in output
    assert len(list((tmp_path / "runs" / "evaluation" / "cells" / "audio-only").iterdir())) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "Give either a file of prompts or --benchmark"),
        (("prompts.tsv", "--benchmark"), "Give either a file of prompts or --benchmark"),
        (("bad.tsv",), "'bad.tsv', line 3: it has an empty audio_prompt"),
        (("prompts.tsv", "--pairs", "3"), "The number of pairs must be from 1 to 2, not 3"),
        (("prompts.tsv", "--methods", "composse"), "Did you mean 'compose'"),
        (("prompts.tsv", "--scores", "juge"), "Did you mean 'judge'"),
        (("prompts.tsv", "--rule", "sum"), "Unknown rule 'sum'"),
        (("prompts.tsv", "--vary", "steps=3"), "Did you mean 'sampling.steps'"),
        (("prompts.tsv", "--set", "keep=1", "--scores", "selector"), "chose the samples"),
        (("prompts.tsv", "--device", "gpu"), "Unknown device 'gpu'"),
        (("prompts.tsv", "--out", "."), "holds files but no measured.jsonl"),
    ],
)
def test_evaluate_refuses_bad_input_in_one_sentence(sonocanvas, prompts, tmp_path, words, told):
    (tmp_path / "bad.tsv").write_text(TABLE.replace("birds singing", ""), "utf-8")
    code, output, errors = sonocanvas("evaluate", *words)
    assert (code, output) == (2, "")
    assert told in errors
    assert errors.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.tsv", "prompts.tsv"]


def test_generate_shows_the_kept_first(sonocanvas, weights, monkeypatch):
    monkeypatch.setattr("sonocanvas.pairs.mini.WEIGHTS", JUDGE.with_name("mini"))
    words = ("--pair", f"local:{weights}", "--seeds", "3-5", "--keep", "1")
    by = ("--set", 'keep_by=["selector"]')
    code, output, errors = sonocanvas("generate", *QUICKLY, *words, *by)
    assert (code, errors) == (0, "")
    lines = output.splitlines()
    assert lines[0].split()[:2] == ["place", "seed"]
    assert [line.split()[0] for line in lines[1:4]] == ["kept", "2", "3"]
