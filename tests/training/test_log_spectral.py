import pytest
import torch

from sonocanvas.training.log_spectral import log_spectral_distance_db
from sonocanvas.types import MINI_FORMAT


def noise(seed):
    return 0.3 * torch.randn(2, 32 * 160, generator=torch.Generator().manual_seed(seed))


def distance(one, other):
    return log_spectral_distance_db(one, other, MINI_FORMAT).tolist()


def test_equal_sounds_and_a_constant_gain_are_no_distance():
    assert distance(noise(0), noise(0)) == [0, 0]
    assert distance(noise(0), 0.5 * noise(0)) == pytest.approx([0, 0], abs=0.05)


def test_it_is_symmetric_and_grows_with_damage():
    assert distance(noise(0), noise(1)) == pytest.approx(distance(noise(1), noise(0)))
    little, much = (distance(noise(0), noise(0) + gain * noise(1)) for gain in (0.1, 1.0))
    assert 0 < little[0] < much[0]


def test_independent_noise_is_as_far_as_two_exponential_powers_are():
    # the level of noise has a standard deviation of 5.57 dB, so two of them differ by 7.88
    assert distance(noise(0), noise(1)) == pytest.approx([7.88, 7.88], abs=0.3)


def test_silence_is_no_distance_from_silence_and_some_from_sound():
    silence = torch.zeros(2, 32 * 160)
    assert distance(silence, silence) == [0, 0]
    assert min(distance(noise(0), silence)) > 3


def test_a_batch_is_its_items():
    one, other = noise(0), noise(1)
    single = log_spectral_distance_db(one[1:], other[1:], MINI_FORMAT)
    assert float(single) == pytest.approx(distance(one, other)[1])
