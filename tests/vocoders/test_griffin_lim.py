import math

import librosa
import pytest
import torch

from sonocanvas.canvas import (
    bytes_to_canvas,
    canvas_to_bytes,
    canvas_to_mel,
    mel_filters,
    waveform_to_canvas,
)
from sonocanvas.errors import InvalidInputError
from sonocanvas.types import AUFFUSION_FORMAT, MINI_FORMAT, RIFFUSION_FORMAT
from sonocanvas.vocoders.griffin_lim import GriffinLim, magnitude_to_waveform, mel_to_magnitude

FRAMES = 256
TIME_S = torch.arange(FRAMES * 160) / 16000


def harmonic_sound():
    """Returns struck tones of ten partials over soft noise."""
    sound = 0.01 * torch.randn(TIME_S.shape, generator=torch.Generator().manual_seed(0))
    for strike, pitch_hz in enumerate([220.0, 330.0, 277.0]):
        since = TIME_S - 0.8 * strike
        for partial in range(1, 11):
            tone = torch.sin(2 * math.pi * pitch_hz * partial * since) / partial
            sound += 0.2 * tone * torch.exp(-2 * since.clamp(min=0)) * (since >= 0)
    return sound[None]


def drawing():
    """Returns a dim sky, a bright shaded disc and dark windows: no sound looks like this."""
    row, column = torch.meshgrid(torch.arange(256.0), torch.arange(float(FRAMES)), indexing="ij")
    canvas = 0.1 + 0.25 * row / 255
    distance = torch.hypot(row - 110, column - 128)
    canvas = torch.where(distance < 80, 0.9 - 0.4 * distance / 80, canvas)
    return torch.where((row > 215) & (column % 32 < 16), 0.55, canvas)[None]


def round_trip_db(canvas, fmt):
    played = waveform_to_canvas(GriffinLim()(canvas, fmt).samples, fmt)
    range_db = 20 * math.log10(fmt.log_ceiling / fmt.log_floor)
    return range_db * float((played - canvas).std(correction=0))


@pytest.mark.parametrize("fmt", [MINI_FORMAT, AUFFUSION_FORMAT], ids=["mini", "auffusion"])
def test_analysed_sound_comes_back_within_2_db(fmt):
    assert round_trip_db(waveform_to_canvas(harmonic_sound(), fmt), fmt) < 2


def test_a_drawing_comes_back_within_5_db():
    assert round_trip_db(drawing(), MINI_FORMAT) < 5


def test_a_440_hz_tone_comes_back_at_440_hz_within_one_bin():
    tone = 0.5 * torch.sin(2 * math.pi * 440 * TIME_S)[None]
    played = GriffinLim()(waveform_to_canvas(tone, MINI_FORMAT), MINI_FORMAT).samples
    peak = torch.fft.rfft(played[0]).abs().argmax() * 16000 / played.shape[1]
    assert abs(peak - 440) <= 16000 / MINI_FORMAT.n_fft


def test_a_440_hz_tone_comes_back_at_440_hz_and_as_loud_where_the_loudest_is_black():
    fmt = RIFFUSION_FORMAT
    tone = 0.1 * torch.sin(2 * math.pi * 440 * torch.arange(100 * 441) / 44100)[None]
    canvas = waveform_to_canvas(tone, fmt)
    assert 0 < canvas.min() < 0.3  # dark, but not clipped
    played = GriffinLim()(canvas, fmt).samples
    assert played.shape == tone.shape
    peak = torch.fft.rfft(played[0]).abs().argmax() * 44100 / played.shape[1]
    assert abs(peak - 440) <= 44100 / fmt.n_fft
    gain_db = 20 * math.log10(played.square().mean().sqrt() / tone.square().mean().sqrt())
    assert abs(gain_db) < 0.5


def test_white_is_silence_where_the_loudest_is_black():
    nearly_white = torch.full((1, 512, 21), 1 - 0.4 / 255)
    assert GriffinLim(iterations=2)(nearly_white, RIFFUSION_FORMAT).samples.abs().max() == 0


def test_loudness_comes_back_without_a_gain():
    sound = harmonic_sound()
    played = GriffinLim()(waveform_to_canvas(sound, MINI_FORMAT), MINI_FORMAT).samples
    gain_db = 20 * math.log10(played.square().mean().sqrt() / sound.square().mean().sqrt())
    assert abs(gain_db) < 0.5


@pytest.mark.parametrize("frames", [6, 7, 100])
def test_a_column_is_a_hop(frames):
    waveform = GriffinLim(iterations=2)(torch.full((2, 256, frames), 0.5), MINI_FORMAT)
    assert waveform.samples.shape == (2, frames * 160)
    assert waveform.samples.dtype == torch.float32
    assert waveform.sample_rate_hz == 16000


def test_black_is_silence_as_float_and_as_bytes():
    nearly_black = torch.full((1, 256, 20), 0.4 / 255)
    assert GriffinLim(iterations=2)(nearly_black, MINI_FORMAT).samples.abs().max() == 0
    stored = bytes_to_canvas(canvas_to_bytes(nearly_black[0]))[None]
    assert GriffinLim(iterations=2)(stored, MINI_FORMAT).samples.abs().max() == 0


def test_black_columns_are_silent_and_lit_ones_sound():
    canvas = torch.zeros(1, 256, 60)
    canvas[:, :, 30:] = 0.6
    samples = GriffinLim(iterations=8)(canvas, MINI_FORMAT).samples[0]
    assert samples[: 20 * 160].abs().max() < 1e-3 * samples[40 * 160 :].abs().max()


def test_same_seed_same_sound_and_another_seed_another():
    canvas = drawing()[:, :, :40]
    first = GriffinLim(iterations=4)(canvas, MINI_FORMAT).samples
    assert torch.equal(first, GriffinLim(iterations=4)(canvas, MINI_FORMAT).samples)
    other = GriffinLim(iterations=4, seed=1)(canvas, MINI_FORMAT).samples
    assert not torch.allclose(first, other, atol=1e-2)


def test_a_batch_equals_its_singles_and_leaves_the_input_and_global_randomness_alone():
    canvases = torch.cat([drawing()[:, :, :40], drawing()[:, :, 100:140]])
    before, state = canvases.clone(), torch.random.get_rng_state()
    vocoder = GriffinLim(iterations=4)
    batch = vocoder(canvases, MINI_FORMAT).samples
    for index in range(2):
        single = vocoder(canvases[index : index + 1], MINI_FORMAT).samples[0]
        torch.testing.assert_close(batch[index], single, atol=1e-4, rtol=1e-4)
    assert torch.equal(canvases, before)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_the_mel_inversion_is_non_negative_and_within_half_a_db():
    mel = canvas_to_mel(drawing(), MINI_FORMAT)
    magnitude = mel_to_magnitude(mel, MINI_FORMAT, iterations=10)
    assert magnitude.min() >= 0
    error_db = 20 * torch.log10(mel_filters(MINI_FORMAT) @ magnitude / mel)
    assert error_db.square().mean().sqrt() < 0.5


def spectral_convergence(samples, magnitude):
    """Returns the relative error of the magnitudes, without the frames that touch an edge."""
    spectrum = torch.stft(
        samples,
        n_fft=2048,
        hop_length=160,
        win_length=1024,
        window=torch.hann_window(1024),
        center=False,
        return_complex=True,
    )
    difference = (spectrum.abs() - magnitude)[..., 10:-10]
    return float(difference.norm() / magnitude[..., 10:-10].norm())


@pytest.mark.parametrize("momentum", [0.0, 0.99])
def test_converges_as_far_as_librosa_in_the_same_rounds(momentum):
    mel = canvas_to_mel(waveform_to_canvas(harmonic_sound(), MINI_FORMAT), MINI_FORMAT)
    magnitude = mel_to_magnitude(mel, MINI_FORMAT, iterations=10)
    ours = magnitude_to_waveform(magnitude, MINI_FORMAT, 32, momentum, seed=0)
    theirs = librosa.griffinlim(
        magnitude[0].numpy(),
        n_iter=32,
        hop_length=160,
        win_length=1024,
        n_fft=2048,
        center=False,
        momentum=momentum,
        random_state=0,
    )
    padded = torch.nn.functional.pad(ours, (944, 944), mode="reflect")
    our_error = spectral_convergence(padded, magnitude)
    their_error = spectral_convergence(torch.from_numpy(theirs)[None], magnitude)
    assert our_error <= their_error


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("iterations", 0),
        ("iterations", 10001),
        ("mel_iterations", 0),
        ("momentum", 1.5),
        ("momentum", -0.1),
        ("momentum", math.nan),
        ("seed", -1),
    ],
)
def test_an_option_out_of_range_is_named_with_its_value_and_its_range(option, value):
    with pytest.raises(InvalidInputError, match=rf"{option} must be .* to .*, not {value}"):
        GriffinLim(**{option: value})


def test_a_canvas_that_cannot_be_played_is_refused_in_one_sentence():
    with pytest.raises(InvalidInputError, match="has 5 columns; it must have at least 6"):
        GriffinLim()(torch.zeros(1, 256, 5), MINI_FORMAT)
    with pytest.raises(InvalidInputError, match="NaN"):
        GriffinLim()(torch.full((1, 256, 20), math.nan), MINI_FORMAT)
    with pytest.raises(InvalidInputError, match="256 rows"):
        GriffinLim()(torch.zeros(1, 80, 20), MINI_FORMAT)
