"""Audibility: the louder the picture, the less is left to the sound, as the sound model judges."""

import dataclasses

import pytest
import torch
from tiny_scorers import sample_of

from sonocanvas.canvas import canvas_to_mel
from sonocanvas.compose.mean import Mean
from sonocanvas.config import RunConfig
from sonocanvas.errors import InvalidInputError
from sonocanvas.methods.layer import layered
from sonocanvas.pairs import mini
from sonocanvas.scorers.audibility import Audibility, band_frequencies, band_powers
from sonocanvas.training.report import sample as made
from sonocanvas.types import MINI_FORMAT, Prompts

PROMPTS = Prompts("a castle with towers", "a dog barking")
SILENCE = torch.zeros(1, 16000)


@pytest.fixture(scope="module")
def layers():
    """Returns a spectrogram and a picture, each by one model alone, `(1, 256, 1024)`."""
    config = RunConfig(image_prompt="a castle", audio_prompt="a bell")
    pair = mini.load()
    return [made(pair, PROMPTS, [1], Mean(weight), config) for weight in (1.0, 0.0)]


@pytest.fixture(scope="module")
def scorer():
    return Audibility()


def audibility(scorer, canvas):
    (score,) = scorer([sample_of(canvas[0], SILENCE, PROMPTS.image, PROMPTS.audio)])[0]
    assert score.name == "audibility"
    return score.value


def test_a_louder_picture_leaves_less_to_the_sound(scorer, layers):
    mixtures = [layered(*layers, level_db, "power", MINI_FORMAT) for level_db in (-50, -15, 10)]
    shares = [audibility(scorer, mixture) for mixture in mixtures]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.8
    assert shares[-1] < shares[0] - 0.3


def test_a_picture_alone_is_less_the_sounds_than_its_own_canvas(scorer, layers):
    spectrogram, picture = layers
    assert audibility(scorer, picture) < audibility(scorer, spectrogram) - 0.2


def test_the_same_canvas_has_the_same_score(scorer, layers):
    assert audibility(scorer, layers[0]) == audibility(scorer, layers[0])


def test_another_pair_is_refused(scorer, layers):
    other = dataclasses.replace(MINI_FORMAT, log_ceiling=10.0)
    sample = dataclasses.replace(sample_of(layers[0][0], SILENCE), canvas_format=other)
    with pytest.raises(InvalidInputError, match="sound model of 'mini'"):
        scorer([sample])


def test_bands_hold_all_power_and_black_is_silence():
    canvas = torch.rand(1, 256, 16, generator=torch.Generator().manual_seed(0))
    power = band_powers(canvas, MINI_FORMAT)
    assert power.shape == (64, 4)
    whole = canvas_to_mel(canvas, MINI_FORMAT).square() - MINI_FORMAT.log_floor**2
    torch.testing.assert_close(4 * power.sum(), whole.sum())  # each of its frames is a mean of four
    assert (band_powers(torch.zeros(1, 256, 16), MINI_FORMAT) == 0).all()
    frequencies = band_frequencies(MINI_FORMAT)
    assert (frequencies.diff() > 0).all()
    assert frequencies[-1] < 8000
