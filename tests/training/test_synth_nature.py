import time

import numpy as np
import pytest

from sonocanvas.training.dsp import MAX_DURATION_S, MIN_DURATION_S, SAMPLE_RATE_HZ
from sonocanvas.training.synth_nature import NATURE

CONCEPTS = [
    "dog",
    "cat",
    "bird",
    "rooster",
    "duck",
    "owl",
    "horse",
    "cow",
    "sheep",
    "pig",
    "lion",
    "monkey",
    "frog",
    "snake",
    "bee",
    "cricket",
    "rain",
    "thunder",
    "wind",
    "sea",
    "river",
    "fire",
    "forest",
    "heart",
    "wolf",
    "elephant",
    "mosquito",
    "crow",
    "chicken",
    "seagull",
]


def _sound(concept, seed=0):
    return NATURE[concept](np.random.default_rng(seed))


def _spectrum(sound):
    power = np.abs(np.fft.rfft(sound)) ** 2
    return np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE_HZ), power / power.sum()


def test_every_concept_has_a_synthesizer():
    assert sorted(CONCEPTS) == list(NATURE)


@pytest.mark.parametrize("concept", CONCEPTS)
def test_sound_is_finite_float32_with_peak_and_length_in_bounds(concept):
    for seed in range(3):
        sound = _sound(concept, seed)
        assert sound.dtype == np.float32
        assert sound.ndim == 1
        assert np.isfinite(sound).all()
        assert np.abs(sound).max() == pytest.approx(0.9, abs=1e-4)
        assert MIN_DURATION_S <= len(sound) / SAMPLE_RATE_HZ <= MAX_DURATION_S


@pytest.mark.parametrize("concept", CONCEPTS)
def test_sound_starts_and_ends_in_silence(concept):
    sound = _sound(concept)
    assert max(abs(sound[0]), abs(sound[-1])) < 1e-3


@pytest.mark.parametrize("concept", CONCEPTS)
def test_one_seed_gives_one_sound_and_two_seeds_give_two(concept):
    first, again, other = _sound(concept, 1), _sound(concept, 1), _sound(concept, 2)
    np.testing.assert_array_equal(first, again)
    assert len(first) != len(other) or np.abs(first - other).max() > 0.05


@pytest.mark.parametrize(
    ("concept", "low_hz", "high_hz"),
    [
        ("owl", 250, 600),
        ("wolf", 180, 900),
        ("heart", 30, 120),
        ("cricket", 3800, 5800),
        ("bird", 1500, 7400),
        ("snake", 2500, 8000),
        ("thunder", 20, 900),
        ("cow", 60, 1000),
        ("forest", 1500, 8000),
    ],
)
def test_nearly_all_energy_lies_in_the_natural_band(concept, low_hz, high_hz):
    for seed in range(4):
        frequency, power = _spectrum(_sound(concept, seed))
        inside = (frequency >= low_hz) & (frequency <= high_hz)
        assert power[inside].sum() > 0.9


@pytest.mark.parametrize(
    ("concept", "low_hz", "high_hz"),
    [
        ("owl", 270, 520),
        ("bee", 150, 1100),
        ("mosquito", 350, 2600),
        ("cat", 320, 2600),
        ("cow", 70, 800),
        ("lion", 50, 900),
        ("seagull", 500, 4500),
    ],
)
def test_strongest_frequency_is_believable(concept, low_hz, high_hz):
    for seed in range(4):
        frequency, power = _spectrum(_sound(concept, seed))
        assert low_hz <= frequency[power.argmax()] <= high_hz


def test_a_sound_takes_a_tenth_of_a_second_on_average():
    start = time.process_time()
    for concept in CONCEPTS:
        _sound(concept)
    assert (time.process_time() - start) / len(CONCEPTS) < 0.1
