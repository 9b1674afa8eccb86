"""The atlas: it warns of prompts that hardly go together, and suggests better ones."""

import itertools

import pytest

from sonocanvas.config import RunConfig
from sonocanvas.words import atlas
from sonocanvas.words.atlas import Entry, entries, entry_of, warning_for, warning_of
from sonocanvas.words.concepts import shared

PLANTED = (
    Entry("owl", "bell", 1, 30),
    Entry("owl", "piano", 2, 1),
    Entry("owl", "owl", 1, 1),
    Entry("owl", "rain", 4, 4),
    Entry("owl", "sea", 9, 1),
    Entry("drum", "bell", 1, 2),
    Entry("heart", "bell", 48, 1),
)


@pytest.fixture
def planted(monkeypatch):
    monkeypatch.setattr(atlas, "entries", lambda: PLANTED)


def test_what_was_lost_is_told_with_what_goes_better(planted):
    assert warning_for("An owl ", "a bell ringing") == (
        "'An owl ' and 'a bell ringing' hardly go together: the sound was lost when they were "
        "tried. Better with this picture: 'an owl hooting', 'a piano playing', 'rain falling'; "
        "with this sound: 'a drum', 'an owl', 'a heart'."
    )
    assert "the picture was lost" in warning_for("a heart", "a bell ringing")


@pytest.mark.parametrize(
    "prompts", [("an owl", "an owl hooting"), ("an owl", "waves"), ("a kangaroo", "a bell ringing")]
)
def test_what_goes_together_or_is_not_known_has_no_warning(planted, prompts):
    assert warning_for(*prompts) == ""


@pytest.mark.parametrize(
    "other",
    [
        {"method": "layer"},
        {"search": "halving"},
        {"layers": ["sound rain 0-3s"]},
        {"duration_s": 20.0},
        {"pair": "sd15-auffusion"},
    ],
)
def test_only_a_run_like_those_of_the_atlas_is_warned_of(planted, other):
    given = {"image_prompt": "an owl", "audio_prompt": "a bell ringing"}
    assert warning_of(RunConfig(**given, seeds=(4, 5)))
    assert warning_of(RunConfig(**given | other)) == ""


def test_a_run_of_files_alone_has_no_prompts_and_no_warning(planted):
    config = RunConfig(layers=["picture castle.png 100%", "sound bells.wav 100%"])
    assert warning_of(config) == ""


def test_every_picture_is_there_with_every_sound():
    names = [row["id"] for row in shared()]
    found = [(one.picture, one.sound) for one in entries()]
    assert found == list(itertools.product(names, repeat=2))
    assert all(1 <= place <= 48 for one in entries() for place in (one.picture_place, one.worse))


def test_prompts_are_read_however_they_are_written():
    assert entry_of(" An OWL", "an owl hooting").sound == "owl"
