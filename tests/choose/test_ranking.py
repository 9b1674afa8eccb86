"""Keeping the best: two scores, two rules, and only scorers that may select."""

import itertools
import random

import pytest

from sonocanvas.choose.ranking import KEEP_RULES, places, selecting_scores
from sonocanvas.config import RunConfig
from sonocanvas.errors import InvalidInputError

PROMPTS = {"image_prompt": "a castle", "audio_prompt": "bells"}
IMAGE = [0.9, 0.8, 0.7, 0.6, 0.5]
AUDIO = [0.1, 0.3, 0.4, 0.2, 0.5]


def test_places_by_hand():
    # places in the picture: 1 2 3 4 5; in the sound: 5 3 2 4 1
    assert places(IMAGE, AUDIO, rule="intersection") == [4, 1, 2, 3, 5]  # worse 5 3 3 4 5
    assert places(IMAGE, AUDIO, rule="rank-product") == [1, 3, 4, 5, 2]  # products 5 6 6 16 5


def test_rank_product_prefers_an_excellent_half_and_intersection_does_not():
    image, audio = [0.9, 0.8, 0.7, 0.6], [0.1, 0.3, 0.4, 0.2]  # places 1 2 3 4 and 4 2 1 3
    assert places(image, audio, rule="rank-product") == [3, 2, 1, 4]  # products 4 4 3 12
    assert places(image, audio, rule="intersection") == [3, 1, 2, 4]  # worse 4 2 3 4


def test_of_two_that_are_equal_by_the_worse_place_the_better_product_comes_first():
    image, audio = [0.1, 0.9, 0.8, 0.7], [0.2, 0.1, 0.4, 0.3]  # places 4 1 2 3 and 3 4 1 2
    assert places(image, audio) == [4, 3, 1, 2]  # worse 4 4 2 3, products 12 4 2 6


@pytest.mark.parametrize("share", [0.2, 0.35, 0.6])
def test_intersection_keeps_what_lies_in_the_top_share_of_both(share):
    draw = random.Random(1)
    image, audio = ([draw.random() for _ in range(40)] for _ in range(2))
    top = int(share * 40)
    in_both = {
        sample
        for sample in range(40)
        if image[sample] in sorted(image)[-top:] and audio[sample] in sorted(audio)[-top:]
    }
    found = places(image, audio)
    assert {sample for sample in range(40) if found[sample] <= len(in_both)} == in_both


@pytest.mark.parametrize("rule", KEEP_RULES)
def test_a_sample_that_is_better_in_both_comes_before_and_each_place_is_given_once(rule):
    draw = random.Random(2)
    image, audio = ([draw.randrange(9) for _ in range(30)] for _ in range(2))
    found = places(image, audio, rule=rule)
    assert sorted(found) == list(range(1, 31))
    for one, other in itertools.permutations(range(30), 2):
        if image[one] > image[other] and audio[one] > audio[other]:
            assert found[one] < found[other]


@pytest.mark.parametrize("rule", KEEP_RULES)
def test_places_do_not_depend_on_the_order_of_samples_that_are_not_tied(rule):
    image, audio = [0.9, 0.8, 0.7, 0.6], [0.3, 0.4, 0.1, 0.2]  # places 1 2 3 4 and 2 1 4 3
    image, audio = [*image, 0.95], [*audio, 0.05]
    first = dict(zip(image, places(image, audio, rule=rule), strict=True))
    tied = 2  # by both rules the first two are equal, and so are the next two
    for order in itertools.permutations(range(5)):
        found = places([image[one] for one in order], [audio[one] for one in order], rule=rule)
        for one, place in zip(order, found, strict=True):
            assert abs(first[image[one]] - place) < tied


def test_what_cannot_be_ranked_is_refused():
    with pytest.raises(InvalidInputError, match="Did you mean 'rank-product'"):
        places(IMAGE, AUDIO, rule="rank-produkt")
    with pytest.raises(InvalidInputError, match="cover 5, 1 samples"):
        places(IMAGE, [0.5])
    with pytest.raises(InvalidInputError, match="is nan; it must be finite"):
        places([0.5, float("nan")], [0.1, 0.2])


def test_the_judge_cannot_select():
    for scorers in (["judge"], ["selector", "judge"]):
        with pytest.raises(
            InvalidInputError, match="'judge' only reports and cannot be used to select"
        ):
            selecting_scores(scorers)
    with pytest.raises(InvalidInputError, match="'judge' only reports"):
        RunConfig(**PROMPTS, keep=1, keep_by=["judge"])


@pytest.mark.parametrize(
    ("scorers", "told"),
    [
        (["clip"], "one sound score, not none"),
        (["round_trip"], "one picture score, not none"),
        (["clip", "selector"], "one picture score, not clip, selector_image"),
        ([], "by no scorer"),
    ],
)
def test_it_takes_one_score_of_each_sort(scorers, told):
    with pytest.raises(InvalidInputError, match=told):
        selecting_scores(scorers)


def test_scorers_that_select_fit_the_pair():
    assert RunConfig(**PROMPTS).keep_by == ("selector",)
    assert RunConfig(**PROMPTS, pair="sd15-auffusion").keep_by == ("clip", "clap")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"keep": 3, "seeds": "0-1"}, "keep is 3, but there are only 2 seeds"),
        ({"keep": -1}, "greater than or equal to 0, not -1"),
        ({"keep_rule": "intersektion"}, "Did you mean 'intersection'"),
    ],
)
def test_a_run_that_cannot_keep_is_refused(values, told):
    with pytest.raises(InvalidInputError, match=told):
        RunConfig(**(PROMPTS | values))
