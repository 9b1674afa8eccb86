"""Measurements: kept through kills, dropped with their sample, and never guessed."""

import pytest

from sonocanvas.errors import InvalidInputError
from sonocanvas.evaluation.journal import Journal, scores_in
from sonocanvas.types import Score

COSTS = {"seconds": 1.5, "cpu_seconds": 1.0, "evaluations": 30.0}
SCORE = {"name": "judge_image", "value": 0.5, "unit": "", "higher_is_better": True}


def there(cell, seed):
    return True


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "measured.jsonl"
    journal = Journal(path, there)
    for seed in (3, 4):
        journal.add(cell="compose/a", seed=seed, **COSTS)
        journal.add(cell="compose/a", seed=seed, scorer="judge", scores=[SCORE])
    journal.add(set="fid of compose", score=SCORE)
    return path


def test_what_was_added_is_there_again(path):
    journal = Journal(path, there)
    assert journal.of("compose/a", 3) == {**COSTS, "scores": {"judge": [SCORE]}}
    assert journal.of("compose/a", 5) == {}
    assert journal.sets == {"fid of compose": SCORE}


def test_scores_are_read_without_touching_a_file_that_is_being_written(path):
    torn = path.read_text("utf-8") + '{"cell": "comp'
    path.write_text(torn, "utf-8")
    score = Score(**SCORE)
    assert scores_in(path) == {("compose/a", 3): (score,), ("compose/a", 4): (score,)}
    assert path.read_text("utf-8") == torn


def test_a_line_that_a_kill_has_torn_is_left_out_and_the_file_goes_on(path):
    whole = path.read_text("utf-8")
    for length in range(1, 60, 7):
        path.write_text(whole + whole[:length], "utf-8")
        assert Journal(path, there).of("compose/a", 4)["seconds"] == 1.5
        assert path.read_text("utf-8") == whole
    journal = Journal(path, there)
    journal.add(cell="compose/a", seed=9, **COSTS)
    assert Journal(path, there).of("compose/a", 9)["seconds"] == 1.5


def test_a_sample_that_is_gone_is_forgotten_for_good_with_the_scores_of_its_set(path):
    journal = Journal(path, lambda cell, seed: seed != 4)
    assert journal.of("compose/a", 4) == {}
    assert journal.sets == {}
    again = Journal(path, there)
    assert again.of("compose/a", 4) == {}
    assert again.of("compose/a", 3)["scores"] == {"judge": [SCORE]}
    assert again.sets == {}


def test_a_new_sample_makes_the_scores_of_sets_void(path):
    journal = Journal(path, there)
    journal.add(cell="compose/b", seed=1, **COSTS)
    assert journal.sets == {}
    assert Journal(path, there).sets == {}


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[]",
        '{"cell": "a", "seed": 1}',
        '{"cell": "a", "seed": 1, "scorer": "judge", "scores": [{}]}',
        '{"scorer": "judge", "scores": []}',
        '{"set": "fid", "score": 3}',
    ],
)
def test_a_line_that_is_not_ours_is_told_by_its_number(path, line):
    path.write_text(path.read_text("utf-8") + line + "\n", "utf-8")
    with pytest.raises(InvalidInputError, match="', line 6: it is not a measurement"):
        Journal(path, there)
