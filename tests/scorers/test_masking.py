"""Masking: known facts of hearing, tested on planted sounds."""

import pytest
import torch

from sonocanvas.scorers.masking import (
    bark,
    excitation,
    masked_threshold,
    partial_loudness,
    quiet_threshold_db,
    share_of_loudness,
)

FREQUENCIES = torch.linspace(50, 7950, 64)


def tone(band, level_db=60.0, frames=3):
    power = torch.zeros(64, frames)
    power[band] = 10 ** (level_db / 10)
    return power


def noise(level_db=40.0, frames=3, seed=0):
    drawn = torch.rand(64, frames, generator=torch.Generator().manual_seed(seed))
    return drawn * 10 ** (level_db / 10)


def decibels(power):
    return 10 * power.log10()


def test_critical_bands_are_those_of_the_table():
    known = {100: 1.0, 510: 5.0, 1270: 10.0, 2700: 15.0, 6400: 20.0}  # Zwicker 1961
    found = bark(torch.tensor([float(frequency) for frequency in known]))
    torch.testing.assert_close(found, torch.tensor(list(known.values())), atol=0.2, rtol=0)


def test_the_ear_is_keenest_near_three_kilohertz():
    thresholds = quiet_threshold_db(FREQUENCIES)
    assert 2500 < FREQUENCIES[thresholds.argmin()] < 4000
    assert thresholds.min() < -3
    assert quiet_threshold_db(torch.tensor([50.0])) > 35


def test_a_tone_spreads_farther_upwards_the_louder_it_is():
    for level_db in (40.0, 80.0):
        spread = decibels(excitation(tone(20, level_db), FREQUENCIES))[:, 0]
        assert spread[20] == pytest.approx(level_db, abs=0.1)
        assert spread[20] > spread[24] > spread[30]
    soft, loud = (
        decibels(excitation(tone(20, level_db), FREQUENCIES))[30, 0] - level_db
        for level_db in (40.0, 80.0)
    )
    assert loud > soft + 10


def test_lower_places_are_masked_less_than_higher_ones():
    masker = masked_threshold(tone(30, 80), FREQUENCIES)[:, 0]
    step = bark(FREQUENCIES)
    below = (step - (step[30] - 1)).abs().argmin()
    above = (step - (step[30] + 1)).abs().argmin()
    assert masker[above] > masker[below]


def test_a_soft_tone_beside_a_loud_one_of_its_band_is_not_heard_and_far_away_it_is():
    loud = tone(40, 80)
    alone = partial_loudness(tone(40, 40), torch.zeros(64, 3), FREQUENCIES)
    masked = partial_loudness(tone(40, 40), loud, FREQUENCIES)
    far = partial_loudness(tone(5, 40), loud, FREQUENCIES)
    assert masked < 0.01 * alone
    assert far > 0.3 * partial_loudness(tone(5, 40), torch.zeros(64, 3), FREQUENCIES)


def test_the_share_falls_with_every_decibel_of_the_rest():
    shares = [
        share_of_loudness(tone(20), noise(level_db), FREQUENCIES) for level_db in range(-20, 80, 10)
    ]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.95
    assert shares[-1] < 0.1


def test_two_alike_share_evenly_and_both_shares_make_one():
    one, other = noise(seed=0), noise(seed=1)
    assert share_of_loudness(one, one, FREQUENCIES) == pytest.approx(0.5)
    both = share_of_loudness(one, other, FREQUENCIES) + share_of_loudness(other, one, FREQUENCIES)
    assert both == pytest.approx(1)


def test_one_gain_of_both_changes_nothing():
    once = share_of_loudness(tone(20), noise(), FREQUENCIES)
    louder = share_of_loudness(1e4 * tone(20), 1e4 * noise(), FREQUENCIES)
    assert louder == pytest.approx(once, rel=1e-4)


def test_a_sound_alone_has_all_and_silence_nothing():
    silence = torch.zeros(64, 3)
    assert share_of_loudness(tone(20), silence, FREQUENCIES) == 1
    assert share_of_loudness(silence, tone(20), FREQUENCIES) == 0
    assert share_of_loudness(silence, silence, FREQUENCIES) == 0
