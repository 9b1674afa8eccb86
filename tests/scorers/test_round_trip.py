import dataclasses
import math

import numpy as np
import pytest
import torch
from tiny_scorers import sample_of

from sonocanvas.canvas import bytes_to_canvas, canvas_to_bytes, waveform_to_canvas
from sonocanvas.errors import InvalidInputError
from sonocanvas.scorers.round_trip import RoundTrip
from sonocanvas.types import MINI_FORMAT, RIFFUSION_FORMAT, Waveform
from sonocanvas.vocoders.griffin_lim import GriffinLim

FRAMES = 64
RANGE_DB = 20 * math.log10(MINI_FORMAT.log_ceiling / MINI_FORMAT.log_floor)


def noise(level=0.1, seed=0):
    return level * torch.randn(1, FRAMES * 160, generator=torch.Generator().manual_seed(seed))


def scores_of(canvas, samples):
    correlation, error = RoundTrip()([sample_of(canvas, samples)])[0]
    return correlation.value, error.value


def own_canvas(samples):
    return waveform_to_canvas(samples, MINI_FORMAT)[0]


def test_a_sound_and_its_own_canvas_are_one_and_no_error():
    correlation, error = scores_of(own_canvas(noise()), noise())
    assert correlation == pytest.approx(1)
    assert error == 0


def test_a_constant_gain_is_no_error():
    correlation, error = scores_of(own_canvas(noise(0.1)), noise(0.05))
    assert correlation > 0.999
    assert error < 0.2


def test_error_in_db_has_the_closed_form_of_a_known_difference():
    canvas = own_canvas(noise())
    shifted = canvas.clone()
    shifted[:, ::2] += 20 / 255
    shifted[:, 1::2] -= 20 / 255
    _, error = scores_of(shifted, noise())
    assert error == pytest.approx(RANGE_DB * 20 / 255, rel=1e-2)


def test_error_in_db_has_its_closed_form_under_a_power_law():
    fmt = RIFFUSION_FORMAT
    samples = 0.01 * torch.randn(1, 64 * 441, generator=torch.Generator().manual_seed(0))
    canvas = waveform_to_canvas(samples, fmt)[0]
    level = 1 - canvas[:, ::2]
    louder = canvas.clone()
    louder[:, ::2] = 1 - level * 10 ** (6 / 80)  # 6 dB: 20 / 0.25 dB for a factor of 10
    sample = dataclasses.replace(
        sample_of(louder, samples), waveform=Waveform(samples, 44100), canvas_format=fmt
    )
    correlation, error = (score.value for score in RoundTrip()([sample])[0])
    assert error == pytest.approx(3, rel=0.02)  # half of the 6 dB remain after the one best gain
    assert 0.5 < correlation < 1


def test_correlation_is_pearsons():
    canvas, other = own_canvas(noise(seed=1)), own_canvas(noise(seed=2))
    wanted = np.corrcoef(canvas_to_bytes(canvas).ravel(), canvas_to_bytes(other).ravel())[0, 1]
    correlation, _ = scores_of(canvas, noise(seed=2))
    assert correlation == pytest.approx(wanted, abs=1e-6)


def test_scores_fall_as_the_sound_is_damaged():
    canvas = own_canvas(noise())
    damaged = [scores_of(canvas, noise() + noise(level, seed=1)) for level in (0.01, 0.1, 1.0)]
    assert damaged[0][0] > damaged[1][0] > damaged[2][0]
    assert damaged[0][1] < damaged[1][1] < damaged[2][1]


def test_black_pixels_in_both_do_not_dilute_the_error():
    samples = noise()
    samples[:, FRAMES * 80 :] = 0
    canvas = own_canvas(samples)
    canvas[:, :20:2] += 20 / 255
    canvas[:, 1:20:2] -= 20 / 255
    lit = canvas[:, :20].numel() / int((canvas > 0.5 / 255).sum())
    _, error = scores_of(canvas, samples)
    assert error == pytest.approx(RANGE_DB * 20 / 255 * math.sqrt(lit), rel=2e-2)


def test_black_and_silence_agree():
    assert scores_of(torch.zeros(256, FRAMES), torch.zeros(1, FRAMES * 160)) == (1, 0)


@pytest.mark.parametrize("gray", [0.0, 0.5])
def test_a_constant_canvas_gives_zero_and_a_number(gray):
    correlation, error = scores_of(torch.full((256, FRAMES), gray), noise())
    assert correlation == 0
    assert error > 0


def test_silence_under_a_picture_gives_zero_and_a_number():
    correlation, error = scores_of(own_canvas(noise()), torch.zeros(1, FRAMES * 160))
    assert correlation == 0
    assert error > 0


def test_a_played_canvas_scores_higher_than_another_canvas():
    canvas = own_canvas(noise() * torch.linspace(0, 1, FRAMES * 160))
    played = GriffinLim()(canvas[None], MINI_FORMAT).samples
    right, wrong = scores_of(canvas, played), scores_of(canvas.flip(-1), played)
    assert right[0] > 0.8 > wrong[0]
    assert right[1] < wrong[1]


def test_memory_and_the_8_bit_file_give_one_number():
    canvas = own_canvas(noise(seed=1))
    stored = bytes_to_canvas(canvas_to_bytes(canvas))
    assert scores_of(canvas, noise()) == scores_of(stored, noise())


def test_each_sample_has_two_scores_with_unit_and_direction_alone_or_in_a_batch():
    samples = [sample_of(own_canvas(noise()), noise(seed=seed)) for seed in range(3)]
    batch = RoundTrip()(samples)
    assert batch == [RoundTrip()([sample])[0] for sample in samples]
    described = [(score.name, score.unit, score.higher_is_better) for score in batch[0]]
    assert described == [
        ("round_trip_correlation", "", True),
        ("round_trip_error", "dB", False),
    ]
    assert RoundTrip.higher_is_better


def test_sound_that_does_not_belong_to_the_canvas_is_refused():
    sample = sample_of(own_canvas(noise()), noise()[:, :8000])
    with pytest.raises(InvalidInputError, match=r"\(256, 50\), but its own is \(256, 64\)"):
        RoundTrip()([sample])
    faster = dataclasses.replace(sample, waveform=Waveform(noise(), 44100))
    with pytest.raises(InvalidInputError, match="44100 Hz, but its canvas 16000 Hz"):
        RoundTrip()([faster])
