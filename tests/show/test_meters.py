"""Scores in words: a few marks, and none from the scorer that chose the sample."""

from sonocanvas.choose.ranking import AUDIO_SCORES, IMAGE_SCORES
from sonocanvas.registry import SELECTORS
from sonocanvas.show.meters import MARKS, METERS, RAW, is_plain, marks, numbers, told

SCORES = {"judge_image": 0.6, "judge_audio": -0.2, "round_trip_correlation": 0.99}


def test_no_meter_is_by_a_score_that_chooses():
    choosing = {
        score for score in (*IMAGE_SCORES, *AUDIO_SCORES) if score.partition("_")[0] in SELECTORS
    }
    assert choosing.isdisjoint(meter.score for meter in METERS)


def test_every_meter_rises_from_one_mark_to_five():
    for meter in METERS:
        assert list(meter.from_two) == sorted(set(meter.from_two))
        shown = [marks(value, meter.from_two) for value in (-1.0, *meter.from_two)]
        assert [text.count("▮") for text in shown] == [1, 2, 3, 4, 5]
        assert {len(text) for text in shown} == {MARKS}


def test_scores_are_told_in_words_with_their_number():
    assert told(SCORES) == {
        "looks like it": "▮▮▮▮▮ 0.60",
        "sounds like it": "▮▯▯▯▯ -0.20",
        "picture in the sound": "▮▮▮▮▮ 0.99",
    }


def test_of_layers_and_counted_pictures_only_the_round_trip_is_told():
    layers = {"layers": [{"kind": "picture"}]}
    assert [is_plain(*one) for one in (("an owl", {}), ("an owl", layers), ("one owl", {}))] == [
        *(True, False, False),
    ]
    assert list(told(SCORES, plain=False)) == ["picture in the sound"]


def test_a_sample_without_scores_has_no_meters():
    assert told({}) == {}


def test_what_no_meter_tells_is_a_number_where_all_is_asked_for():
    scores = {"round_trip_error": "2.1 dB", "judge_image": "0.60"}
    assert numbers(scores, (), raw=False) == {}
    assert numbers(scores, (), raw=True) == {"round trip error": "2.1 dB"}
    told_apart = numbers(scores, (), raw=True, plain=False)
    assert list(told_apart) == ["round trip error", "judge image"]
    assert set(scores) <= RAW


def test_what_chose_a_sample_is_named_as_that():
    found = numbers({"selector_image": "0.4", "birdnet": "0.9"}, ["selector_image"], raw=False)
    assert found == {"chosen by selector image": "0.4", "birdnet": "0.9"}
