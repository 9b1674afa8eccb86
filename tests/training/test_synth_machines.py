import time

import numpy as np
import pytest
from scipy.signal import find_peaks

from sonocanvas.training.partials import (
    SAMPLE_RATE_HZ,
    band_noise,
    damped_modes,
    harmonic_tone,
    plucked_string,
)
from sonocanvas.training.synth_machines import MACHINES
from sonocanvas.training.synth_percussion import BELL_RATIOS

SEEDS = range(4)


def spectrum(waveform, pad=1):
    """Return the frequencies and the magnitudes of the windowed waveform."""
    magnitude = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform)), pad * len(waveform)))
    return np.fft.rfftfreq(pad * len(waveform), 1 / SAMPLE_RATE_HZ), magnitude


def dominant_hz(waveform):
    frequency, magnitude = spectrum(waveform)
    return frequency[magnitude.argmax()]


@pytest.mark.parametrize("name", MACHINES)
def test_clip_is_mono_finite_peaks_at_nine_tenths_and_fits_the_canvas(name):
    for seed in SEEDS:
        clip = MACHINES[name](np.random.default_rng(seed))
        assert clip.dtype == np.float32
        assert clip.ndim == 1
        assert np.isfinite(clip).all()
        assert np.abs(clip).max() == pytest.approx(0.9, abs=1e-3)
        assert 0.3 <= len(clip) / SAMPLE_RATE_HZ <= 10.24


@pytest.mark.parametrize("name", MACHINES)
def test_seed_decides_the_clip(name):
    first, again, other = (MACHINES[name](np.random.default_rng(seed)) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("name", MACHINES)
def test_next_to_nothing_reaches_the_nyquist_frequency(name):
    frequency, magnitude = spectrum(MACHINES[name](np.random.default_rng(2)))
    top = magnitude[frequency > 7950].mean()
    assert 20 * np.log10(top / magnitude.max()) < -40


@pytest.mark.parametrize(
    ("name", "lowest_hz", "highest_hz"),
    [
        ("ship", 60, 1000),
        ("fire-truck", 400, 2000),
        ("flute", 500, 1900),
        ("wind-chime", 800, 4000),
        ("drum", 40, 400),
        ("truck", 8, 800),
        ("alarm", 650, 4000),
        ("bomb", 15, 300),
    ],
)
def test_dominant_frequency_is_believable(name, lowest_hz, highest_hz):
    for seed in SEEDS:
        assert lowest_hz < dominant_hz(MACHINES[name](np.random.default_rng(seed))) < highest_hz


def test_bell_has_hum_prime_tierce_and_nominal_over_one_prime():
    frequency, magnitude = spectrum(MACHINES["bell"](np.random.default_rng(3)))
    peaks, _ = find_peaks(magnitude, height=magnitude.max() / 50)
    fit = [
        max(np.abs(frequency[peaks] / (prime * ratio) - 1).min() for ratio in BELL_RATIOS[:5])
        for prime in np.geomspace(180, 700, 800)
    ]
    assert min(fit) < 0.01
    assert BELL_RATIOS[:5].tolist() == [0.5, 1.0, 1.2, 1.5, 2.0]


def test_damped_mode_equals_its_formula():
    instant = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    expected = 0.7 * np.exp(-instant / 0.2) * np.sin(2 * np.pi * 440 * instant)
    mode = damped_modes(440, 0.7, 0.2, 1.0)
    np.testing.assert_allclose(mode[100:14000], expected[100:14000], atol=1e-9)


def test_harmonics_equal_a_sum_of_sines_and_stop_below_nyquist():
    pitch = np.full(4000, 500.0)
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE_HZ
    expected = sum(0.5**n * np.sin(n * phase) for n in range(1, 15))
    np.testing.assert_allclose(harmonic_tone(pitch, np.ones(14), 0.5), expected, atol=1e-9)
    frequency, magnitude = spectrum(harmonic_tone(np.full(16000, 1000.0), np.ones(40)))
    assert magnitude[frequency > 7500].max() < 1e-3 * magnitude.max()


def test_plucked_string_sounds_its_pitch():
    string = plucked_string(np.random.default_rng(0), 220.0, 1.5, 0.999, 1.0)
    frequency, magnitude = spectrum(string)
    strong = frequency[find_peaks(magnitude, height=magnitude.max() / 10)[0]]
    assert np.all(np.abs(strong / 220 - np.round(strong / 220)) < 0.05 * np.round(strong / 220))


def test_band_noise_is_silent_an_octave_and_a_half_away():
    frequency, magnitude = spectrum(band_noise(np.random.default_rng(0), 2.0, 500, 1000))
    inside = magnitude[(frequency > 500) & (frequency < 1000)].mean()
    outside = magnitude[(frequency < 170) | (frequency > 2900)].max()
    assert 20 * np.log10(outside / inside) < -60


def test_a_call_takes_a_tenth_of_a_second_on_average():
    start = time.process_time()
    for synthesize in MACHINES.values():
        synthesize(np.random.default_rng(9))
    assert (time.process_time() - start) / len(MACHINES) < 0.1
