"""musicnn equals the original package's network, and tells instruments from others."""

import math

import numpy as np
import pytest
import torch
from tiny_scorers import sample_of_sound, synthesized

from sonocanvas.errors import InvalidInputError
from sonocanvas.scorers import musicnn
from sonocanvas.scorers.musicnn import Musicnn, MusicnnEars
from sonocanvas.scorers.strangers import asked_for, groups, members
from sonocanvas.words.concepts import sounds

THEIRS = [0.09775972, 0.39533898, 0.01559251, 0.4708541, 0.47289288, 0.05882302, 0.24842288]
"""The first tags that the original package gives for the test's window in TensorFlow 2.21."""


@pytest.fixture(scope="module")
def ears():
    return MusicnnEars()


@pytest.fixture(scope="module")
def scorer():
    return Musicnn()


def heard(scorer, samples, prompt):
    return {score.name: score.value for score in scorer([sample_of_sound(samples, prompt)])[0]}


def noise(level=1.0):
    return level * np.random.default_rng(0).standard_normal(163840)


def test_the_network_answers_as_the_package_does(ears):
    window = 3 * np.random.default_rng(0).random((1, 187, 96)).astype(np.float32)
    found = ears.logits(torch.from_numpy(window)).sigmoid()[0, : len(THEIRS)]
    assert found.tolist() == pytest.approx(THEIRS, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "prompt"), [("piano", "a piano playing"), ("flute", "a flute playing")]
)
def test_an_instrument_is_known_from_noise_and_from_drums(scorer, name, prompt):
    own = heard(scorer, synthesized(name), prompt)
    assert own["musicnn"] > 0.9
    for other in (noise(), synthesized("drum")):
        found = heard(scorer, other, prompt)
        assert found["musicnn"] < own["musicnn"]
        assert found["musicnn_probability"] < own["musicnn_probability"] / 2


def test_damage_lowers_both_scores(scorer):
    piano = synthesized("piano")
    loudness = np.sqrt(np.mean(piano**2))
    clean = heard(scorer, piano, "a piano playing")
    noisy = heard(scorer, piano + noise(loudness * 3), "a piano playing")
    assert noisy["musicnn"] < clean["musicnn"]
    assert noisy["musicnn_probability"] < clean["musicnn_probability"] / 2


def test_loudness_does_not_matter(scorer):
    flute = synthesized("flute")
    assert heard(scorer, flute, "a flute playing") == pytest.approx(
        heard(scorer, 0.1 * flute, "a flute playing"), rel=1e-3
    )


def test_a_sound_shorter_than_a_window_and_silence_have_scores(scorer):
    for samples in (synthesized("piano")[:100], synthesized("piano")[:8000], np.zeros(16000)):
        found = heard(scorer, samples, "a piano playing")
        assert len(found) == 2
        assert all(math.isfinite(value) for value in found.values())


@pytest.mark.parametrize(
    ("prompt", "concept"),
    [
        ("a guitar strumming", "guitar"),
        ("drums beating", "drum"),
        ("a pan flute playing", "pan-flute"),
        ("an electric guitar playing", "electric-guitar"),
        ("electric sparks", None),
        ("a woodpecker drumming", None),
        ("a koto playing", None),
        ("a dog barking", None),
    ],
)
def test_prompts_are_read_by_their_words(prompt, concept):
    group = asked_for("musicnn", prompt)
    assert (group and group.concept) == concept


def test_every_group_is_a_sound_of_mini_and_has_a_tag(ears):
    known = {one.name: one.prompt for one in sounds()}
    for group in groups("musicnn"):
        found = asked_for("musicnn", known[group.concept])
        assert found == (group if group.is_judged else None)
        assert members(ears.labels, group.classes).any()
        assert list(group.others) == sorted(group.others)


def test_a_missing_package_is_told_with_how_to_get_it(monkeypatch):
    monkeypatch.setattr(musicnn.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InvalidInputError, match=r"needs musicnn: pip install --no-deps musicnn=="):
        Musicnn()
