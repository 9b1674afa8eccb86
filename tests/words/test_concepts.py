import itertools

import pytest

from sonocanvas.training.sound_table import sound_table
from sonocanvas.training.views import SYNTHESIZERS
from sonocanvas.training.views import concepts as shared_rows
from sonocanvas.words.concepts import pictures, prompt_with, sounds


@pytest.mark.parametrize(("known", "fewest"), [(pictures(), 150), (sounds(), 120)])
def test_there_are_many_and_each_stands_once_in_a_category(known, fewest):
    assert len(known) >= fewest
    assert len({one.name for one in known}) == len({one.prompt for one in known}) == len(known)
    categories = [one.category for one in known]
    changes = sum(one != other for one, other in itertools.pairwise(categories))
    assert changes == len(set(categories)) - 1  # no category is split
    assert all(one.category and one.prompt == one.prompt.strip() for one in known)


def test_the_shared_concepts_are_among_both_with_the_same_prompts():
    drawn, heard = ({one.name: one.prompt for one in known} for known in (pictures(), sounds()))
    for row in shared_rows():
        assert drawn[row["id"]] == row["image_prompt"]
        assert heard[row["id"]] == row["audio_prompt"]


def test_all_is_offered_but_pictures_that_are_seldom_recognised():
    shared = {row["id"] for row in shared_rows()}
    left_out = {one.name for one in pictures() if not one.offered}
    assert "eagle" in left_out
    assert not left_out & shared
    assert all(one.offered for one in sounds())


def test_every_sound_can_be_made_for_training():
    from sonocanvas.training.phrases import VOICES

    made = {voice.concept for voice in VOICES} | {concept for concept, _ in sound_table().values()}
    assert {sound.name for sound in sounds()} <= made | set(SYNTHESIZERS)


def test_a_word_is_offered_as_a_prompt_that_holds_it():
    assert prompt_with("horn", sounds()) == "a ship horn blowing"
    assert prompt_with("car", pictures()) == "a racing car"
