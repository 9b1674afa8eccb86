"""Picture likeness: closed form, symmetry, sounds of known shape, monotone under damage."""

import dataclasses
import math

import pytest
import torch
from scipy.signal import chirp
from tiny_scorers import sample_of

from sonocanvas.canvas import waveform_to_canvas
from sonocanvas.errors import InvalidInputError
from sonocanvas.scorers.picture_likeness import (
    COMPOSED,
    SOUNDS,
    PictureLikeness,
    picture_likeness,
    verdict,
)
from sonocanvas.types import MINI_FORMAT, Waveform

ROWS, COLUMNS = torch.meshgrid(torch.arange(256.0), torch.arange(512.0), indexing="ij")
TIME_S = torch.arange(32000) / 16000
NOISE = torch.randn(32000, generator=torch.Generator().manual_seed(0))


def disc(radius=90.0):
    return ((ROWS - 128).square() + (COLUMNS - 256).square() < radius**2).float()


def playing(samples):
    return sample_of(torch.zeros(256, samples.numel() // 160), samples[None].float())


def score_of(samples):
    return PictureLikeness()([playing(samples)])[0][0].value


@pytest.mark.parametrize("degrees", [0, 10, 30, 45, 60, 90, 135])
def test_a_straight_edge_has_the_closed_form(degrees):
    angle = math.radians(degrees)
    canvas = (ROWS * math.sin(angle) + COLUMNS * math.cos(angle)) / 1000
    assert picture_likeness(canvas) == pytest.approx(abs(math.sin(2 * angle)), abs=1e-3)


def test_what_is_flat_has_none():
    assert picture_likeness(torch.full((256, 64), 0.5)) == 0


def test_mirrored_turned_louder_or_of_more_contrast_it_stays_the_same():
    canvas = disc() * 0.5
    wanted = picture_likeness(canvas)
    for same in (canvas.flip(0), canvas.flip(1), canvas.T, canvas + 0.3, canvas * 2, 1 - canvas):
        assert picture_likeness(same) == pytest.approx(wanted, abs=0.02)


def test_a_circle_has_the_mean_over_all_directions():
    assert picture_likeness(disc()) == pytest.approx(2 / math.pi, abs=0.1)


def test_noise_and_stripes_laid_over_a_picture_lower_it_step_by_step():
    noise = torch.randn(256, 512, generator=torch.Generator().manual_seed(0))
    stripes = torch.sin(COLUMNS * 2 * math.pi / 24)
    for damage in (noise, stripes):
        found = [picture_likeness(disc() + depth * damage) for depth in (0, 0.2, 0.5, 2)]
        assert found == sorted(found, reverse=True)
        assert found[-1] < 0.3 * found[0]


def test_tones_clicks_and_noise_have_little_and_what_glides_has_much():
    clicks = torch.zeros(32000)
    clicks[4000::8000] = 1
    tones = sum(torch.sin(2 * math.pi * hz * TIME_S) for hz in (300, 600, 1500, 4000))
    glide = torch.from_numpy(chirp(TIME_S.numpy(), 200, 2, 6000, "logarithmic"))
    assert max(map(score_of, (clicks, tones, NOISE))) < 0.25
    assert score_of(glide) > 0.6


def test_the_level_of_a_sound_changes_little():
    glide = torch.from_numpy(chirp(TIME_S.numpy(), 200, 2, 6000, "logarithmic"))
    assert score_of(glide * 0.01) == pytest.approx(score_of(glide), abs=1e-6)


def test_the_score_is_that_of_the_canvas_that_is_heard_alone_or_in_a_batch():
    heard = waveform_to_canvas(NOISE[None] * 0.95 / NOISE.abs().max(), MINI_FORMAT)[0]
    assert score_of(NOISE) == pytest.approx(picture_likeness(heard), abs=1e-6)
    samples = [playing(NOISE), playing(torch.sin(3000 * TIME_S))]
    assert PictureLikeness()(samples) == [PictureLikeness()([one])[0] for one in samples]
    score = PictureLikeness()(samples)[0][0]
    assert (score.name, score.unit, score.higher_is_better) == ("picture_likeness", "", True)


def test_silence_is_no_picture():
    assert score_of(torch.zeros(3200)) == 0


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(InvalidInputError, match=r"\(256, 19\); .* at least \(20, 20\)"):
        picture_likeness(torch.zeros(256, 19))
    with pytest.raises(InvalidInputError, match="at least"):
        picture_likeness(torch.zeros(1, 256, 64))
    with pytest.raises(InvalidInputError, match="19"):
        score_of(NOISE[: 19 * 160])


def test_a_sound_of_another_rate_has_the_same_score():
    time_s = torch.arange(88200) / 44100
    glides = [
        torch.from_numpy(chirp(seconds.numpy(), 200, 2, 6000, "logarithmic"))[None].float()
        for seconds in (time_s, TIME_S)
    ]
    sample = playing(NOISE)
    fast, slow = (
        dataclasses.replace(sample, waveform=Waveform(samples, rate_hz))
        for samples, rate_hz in zip(glides, (44100, 16000), strict=True)
    )
    scores = [PictureLikeness()([one])[0][0].value for one in (fast, slow)]
    assert scores[0] == pytest.approx(scores[1], abs=0.03)


def test_the_words_follow_the_measured_sounds():
    *_, middle, high, highest, _ = SOUNDS
    assert verdict(0.0) == (
        "usual for a sound (more than 0 % of sounds without a picture that were measured, and than "
        "0 % of composed canvases)"
    )
    assert verdict(middle, composed_by_us=True).startswith("it holds a picture; more picture-like")
    assert verdict(middle).startswith("usual for a sound (more than 50 % of sounds")
    assert verdict(high + 0.01).startswith("high for a sound (more than 7")
    assert verdict(highest + 0.01).startswith("it may well hold a picture (more than 95 %")
    assert verdict(1.0).count("100 %") == 2
    assert "and than 50 % of composed" in verdict(COMPOSED[3])
    for measured in (SOUNDS, COMPOSED):
        assert list(measured) == sorted(measured)
