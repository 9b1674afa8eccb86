import dataclasses

import pytest
from tiny_scorers import noise, rough, sample_of

from sonocanvas.canvas import waveform_to_canvas
from sonocanvas.errors import InvalidInputError
from sonocanvas.registry import SCORERS, SELECTORS, build
from sonocanvas.scoring import make_scorers, score_samples, scored
from sonocanvas.types import MINI_FORMAT, Score

SOUND = noise(count=10240)
SAMPLE = sample_of(waveform_to_canvas(SOUND, MINI_FORMAT)[0], SOUND)


def test_samples_get_the_scores_of_the_named_scorers_in_their_order():
    other = dataclasses.replace(SAMPLE, seed=1, canvas=rough(columns=64))
    first, second = score_samples([SAMPLE, other], ["round_trip"])
    assert (first.seed, second.seed) == (0, 1)
    assert list(first.scores) == build("scorer", "round_trip", {})([SAMPLE])[0]
    assert first.scores != second.scores
    assert dataclasses.replace(first, scores=()) == SAMPLE


def test_scores_of_other_names_stay_and_those_of_the_same_are_replaced():
    old = (Score("mine", 1.0, "", True), Score("round_trip_error", 99.0, "dB", False))
    sample = dataclasses.replace(SAMPLE, scores=old)
    found = scored(sample, make_scorers(["round_trip"])).scores
    assert [score.name for score in found] == ["mine", "round_trip_correlation", "round_trip_error"]
    assert found[0] is old[0]
    assert found[2].value < 1


def test_unknown_scorer_is_refused():
    with pytest.raises(InvalidInputError, match="Did you mean 'round_trip'"):
        score_samples([SAMPLE], ["round_tripp"])


def test_all_scorers_but_the_judge_may_select():
    assert SELECTORS | {"judge"} == set(SCORERS)
    assert "judge" not in SELECTORS
