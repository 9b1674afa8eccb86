import dataclasses
import sys
from types import SimpleNamespace

from tiny_scorers import noise, rough, sample_of

from sonocanvas.canvas import waveform_to_canvas
from sonocanvas.choose.scoring import make_scorers, score_samples, scored
from sonocanvas.registry import SCORERS, SELECTORS, build
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


def test_all_scorers_but_those_that_only_report_may_select():
    reporting = {"birdnet", "imagenet", "judge", "musicnn"}
    assert SELECTORS | reporting == set(SCORERS)
    assert not SELECTORS & reporting


def test_scorers_that_can_be_told_run_where_the_models_do(monkeypatch):
    @dataclasses.dataclass(frozen=True)
    class Placed:
        device: str = "cpu"

    monkeypatch.setitem(SCORERS, "placed", "placed:Placed")
    monkeypatch.setitem(sys.modules, "placed", SimpleNamespace(Placed=Placed))
    scorer, other = make_scorers(["placed", "round_trip"], "cuda")
    assert scorer.device == "cuda"
    assert not hasattr(other, "device")
    assert make_scorers(["placed"])[0].device == "cpu"
