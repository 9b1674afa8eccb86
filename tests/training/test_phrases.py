import random

import numpy as np
import pytest

from sonocanvas.errors import InvalidInputError
from sonocanvas.training.phrases import (
    HELD_KIT,
    HELD_PITCH_CLASS,
    MARCHING_VOICES,
    VOICES,
    figure,
    plan_phrases,
)


def test_the_plan_is_the_same_every_time_and_differs_between_phrases():
    for voice in VOICES:
        assert plan_phrases(voice) == plan_phrases(voice)
    phrases = plan_phrases(VOICES[0])
    assert len({phrase.notes for phrase in phrases}) == len(phrases) == VOICES[0].count


def test_held_keys_sound_in_held_phrases_alone():
    for voice in VOICES:
        if voice.preset[0] == 128 or voice.keys[0] == voice.keys[1]:
            continue
        for phrase in plan_phrases(voice):
            sounds = any(note.key % 12 == HELD_PITCH_CLASS for note in phrase.notes)
            assert sounds == phrase.held


def test_the_held_kit_plays_in_held_phrases_alone():
    kit = next(voice for voice in VOICES if voice.styles == "kit")
    phrases = plan_phrases(kit)
    assert {phrase.preset[1] == HELD_KIT for phrase in phrases if phrase.held} == {True}
    assert all(phrase.preset[1] != HELD_KIT for phrase in phrases if not phrase.held)


def test_about_a_tenth_is_held():
    phrases = [phrase for voice in VOICES for phrase in plan_phrases(voice)]
    assert 0.08 < np.mean([phrase.held for phrase in phrases]) < 0.13


def test_all_notes_can_be_played():
    for voice in VOICES:
        for phrase in plan_phrases(voice):
            assert all(0 <= note.key <= 127 and 1 <= note.velocity <= 127 for note in phrase.notes)
            assert min(note.start_s for note in phrase.notes) >= 0


def test_unknown_figure_is_an_error():
    with pytest.raises(InvalidInputError, match="waltz"):
        figure("waltz", random.Random(0))


def test_each_marching_drum_beats_on_one_key_and_is_trained_on():
    for voice in MARCHING_VOICES:
        phrases = plan_phrases(voice)
        assert len(phrases) == 5
        assert not any(phrase.held for phrase in phrases)
        assert {note.key for phrase in phrases for note in phrase.notes} == {voice.keys[0]}
    assert len({(voice.preset, voice.keys) for voice in MARCHING_VOICES}) == len(MARCHING_VOICES)
