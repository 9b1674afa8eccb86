"""The study on the command line: from runs to a table."""

import sys

import pytest
from tiny_study import METHODS, rate, save_run

from sonocanvas.cli.app import main
from sonocanvas.study.records import read_key


@pytest.fixture
def study(monkeypatch, capsys, tmp_path):
    """Returns a function that runs a command in a folder with two runs: (code, output, errors)."""
    monkeypatch.chdir(tmp_path)
    for method in METHODS[:2]:
        save_run(tmp_path / method, method)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["sonocanvas", "study", *words])
        with pytest.raises(SystemExit) as stopped:
            main()
        captured = capsys.readouterr()
        return stopped.value.code or 0, captured.out, captured.err

    return run


def test_runs_become_a_page_and_results_become_a_table(study, tmp_path):
    code, output, errors = study("make", *METHODS[:2], "-o", "asked", "--repeats", "1")
    assert (code, errors) == (0, "")
    assert output.splitlines()[0] == "asked/index.html: 2 pairs, 4 videos"
    assert "asked-key.json" in output
    key = read_key(tmp_path / "asked-key.json")
    for number in range(2):
        results = rate(key, number, lambda shown, question, ours: ours, repeats=1)
        (tmp_path / f"{number}.json").write_text(results.model_dump_json())
    words = ("report", "0.json", "1.json", "--key", "asked-key.json")
    code, output, errors = study(*words, "--json", "out.json", "--csv", "out.csv")
    assert (code, errors) == (0, "")
    assert "| looks more like | `imprint` | 4 | 4 | 100.0% | 39.8% to 100.0% |" in output
    assert {path.name for path in tmp_path.glob("out.*")} == {"out.json", "out.csv"}
    code, output, errors = study(*words, "--json", "out.json")
    assert (code, output) == (2, "")
    assert "'out.json' exists" in errors
    assert study(*words, "--json", "out.json", "--overwrite")[0] == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("make", "compose", "-o", "asked"), "All runs have method 'compose'"),
        (("make", "compose", "nowhere", "-o", "asked"), "'nowhere' holds no sample"),
        (("make", *METHODS[:2], "-o", "compose"), "'compose' exists"),
        (
            ("make", *METHODS[:2], "-o", "asked", "--repeats", "-1"),
            "repeats must be 0 or more, not -1",
        ),
        (("report", "none.json", "--key", "none-key.json"), "Cannot read 'none-key.json'"),
        (("report", "x.json", "--key", "x", "--csv", "x.txt"), "'x.txt' must end in '.csv'"),
    ],
)
def test_bad_input_is_one_sentence(study, tmp_path, words, sentence):
    code, output, errors = study(*words)
    assert (code, output) == (2, "")
    assert sentence in errors
    assert errors.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == set(METHODS[:2])
