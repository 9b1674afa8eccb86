"""The phase network's vocoder: true turns give the sound back, and a random network still plays."""

import math

import pytest
import torch
from tiny_pipe import phase_net_weights

from sonocanvas.canvas import waveform_to_canvas
from sonocanvas.errors import CheckpointError, InvalidInputError
from sonocanvas.training.log_spectral import log_spectral_distance_db
from sonocanvas.training.vocoder import canvas_magnitude, new_network, true_turns
from sonocanvas.types import AUFFUSION_FORMAT, MINI_FORMAT, CanvasFormat, VocoderWeights
from sonocanvas.vocoders.griffin_lim import GriffinLim, synthesise
from sonocanvas.vocoders.phase_net import PhaseNet, fit_phases
from sonocanvas.vocoders.phase_network import PhaseNetwork, load_network, magnitude_levels

FRAMES = 96
TIME_S = torch.arange(FRAMES * 160) / 16000
UNPADDED = CanvasFormat(16000, 1024, 1024, 160, 256, 0.0, 8000.0, 1e-3, 50.0)


def bells():
    """Returns two struck notes of eight partials over soft noise."""
    sound = 1e-3 * torch.randn(TIME_S.shape, generator=torch.Generator().manual_seed(0))
    for strike_s, pitch_hz in ((0.1, 330.0), (0.5, 523.0)):
        since = TIME_S - strike_s
        for partial in range(1, 9):
            tone = torch.sin(2 * math.pi * pitch_hz * partial * since) / partial
            sound += 0.2 * tone * torch.exp(-3 * since.clamp(min=0)) * (since >= 0)
    return sound[None]


def test_true_turns_give_the_sound_back_as_no_search_does():
    sound = bells()
    magnitude = canvas_magnitude(sound)[:, ::2]
    spectrum = fit_phases(magnitude, *true_turns(sound), UNPADDED)
    played = synthesise(spectrum.transpose(1, 2), UNPADDED)
    searched = GriffinLim(iterations=64)(waveform_to_canvas(sound, MINI_FORMAT), MINI_FORMAT)
    ours = float(log_spectral_distance_db(sound, played, MINI_FORMAT))
    theirs = float(log_spectral_distance_db(sound, searched.samples, MINI_FORMAT))
    assert ours < 2.5
    assert ours < 0.75 * theirs


def test_fitted_phases_turn_as_they_are_told_and_keep_the_magnitudes():
    generator = torch.Generator().manual_seed(1)
    angles = 2 * math.pi * torch.rand(2, 9, 5, generator=generator)
    loud = 0.1 + torch.rand(2, 9, 5, generator=generator)
    tiny = CanvasFormat(16000, 16, 16, 4, 8, 0.0, 8000.0, 1e-3, 50.0)
    wanted = torch.polar(loud, angles)
    centred = wanted * (1 - 2 * (torch.arange(9) % 2))[:, None]
    advance = torch.polar(torch.ones(9), 2 * math.pi * 4 / 16 * torch.arange(9))[:, None]
    in_time, in_frequency = torch.zeros_like(wanted), torch.zeros_like(wanted)
    in_time[..., 1:] = (wanted[..., 1:] / wanted[..., :-1] / advance).sgn()
    in_frequency[:, :-1] = (centred[:, 1:] / centred[:, :-1]).sgn()
    given = fit_phases(loud, in_time, in_frequency, tiny)
    turned = (given / wanted).sgn()
    torch.testing.assert_close(given.abs(), loud)
    torch.testing.assert_close(turned, turned[:, :1, :1].expand_as(turned), atol=1e-4, rtol=0)


def test_a_turn_that_the_network_is_not_sure_of_gives_way():
    told = torch.tensor([[0, math.pi / 2]])  # phase advance per frame in two bins
    sure = torch.polar(torch.tensor([[1.0, 0.01]]), told)[..., None].expand(1, 2, 3)
    level = torch.full((1, 2, 3), 0.99 + 0j)
    none = CanvasFormat(16000, 2, 2, 2, 1, 0.0, 8000.0, 1e-3, 50.0)
    spectrum = fit_phases(torch.ones(1, 2, 3), sure, level, none)
    step = (spectrum[0, :, 2] / spectrum[0, :, 1]).angle()
    assert step.abs().max() < 0.05


def test_a_440_hz_tone_comes_back_at_440_hz_within_one_bin():
    tone = 0.5 * torch.sin(2 * math.pi * 440 * TIME_S)[None]
    canvas = waveform_to_canvas(tone, MINI_FORMAT)
    weights = phase_net_weights()
    knows_nothing = {name: torch.zeros_like(one) for name, one in weights.tensors.items()}
    vocoder = PhaseNet(VocoderWeights(weights.config, knows_nothing), iterations=32)
    played = vocoder(canvas, MINI_FORMAT).samples
    peak = torch.fft.rfft(played[0]).abs().argmax() * 16000 / played.shape[1]
    assert abs(peak - 440) <= 16000 / MINI_FORMAT.n_fft


def test_loudness_comes_back_without_a_gain():
    sound = bells()
    vocoder = PhaseNet(phase_net_weights())
    played = vocoder(waveform_to_canvas(sound, MINI_FORMAT), MINI_FORMAT).samples
    gain_db = 20 * math.log10(played.square().mean().sqrt() / sound.square().mean().sqrt())
    assert abs(gain_db) < 1


def test_black_is_silence_and_lit_columns_sound():
    vocoder = PhaseNet(phase_net_weights())
    black = torch.full((1, 256, 20), 0.4 / 255)
    assert vocoder(black, MINI_FORMAT).samples.abs().max() == 0
    canvas = torch.zeros(1, 256, 60)
    canvas[:, :, 30:] = 0.6
    samples = vocoder(canvas, MINI_FORMAT).samples[0]
    assert samples[: 20 * 160].abs().max() < 1e-3 * samples[40 * 160 :].abs().max()


@pytest.mark.parametrize("frames", [6, 7, 33])
def test_a_column_is_a_hop(frames):
    waveform = PhaseNet(phase_net_weights(), 1)(torch.full((2, 256, frames), 0.5), MINI_FORMAT)
    assert waveform.samples.shape == (2, frames * 160)
    assert (waveform.samples.dtype, waveform.sample_rate_hz) == (torch.float32, 16000)


def test_a_batch_equals_its_singles_and_again_and_leaves_its_input_and_randomness_alone():
    canvases = torch.rand(2, 256, 20, generator=torch.Generator().manual_seed(2))
    vocoder = PhaseNet(phase_net_weights(), 2)
    before, state = canvases.clone(), torch.random.get_rng_state()
    batch = vocoder(canvases, MINI_FORMAT).samples
    assert torch.equal(batch, vocoder(canvases, MINI_FORMAT).samples)
    for index in range(2):
        single = vocoder(canvases[index : index + 1], MINI_FORMAT).samples[0]
        torch.testing.assert_close(batch[index], single, atol=1e-4, rtol=1e-3)
    assert torch.equal(canvases, before)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_the_network_gives_each_bin_of_a_frame_two_turns():
    network = new_network(width=4)
    in_time, in_frequency = network(magnitude_levels(canvas_magnitude(bells()), MINI_FORMAT))
    assert in_time.shape == in_frequency.shape == (1, 513, FRAMES)
    assert in_time.dtype == torch.complex64


def test_a_canvas_of_another_format_is_refused_with_both_values():
    other = CanvasFormat(16000, 2048, 1024, 200, 256, 0.0, 8000.0, 1e-3, 50.0)
    with pytest.raises(
        InvalidInputError, match="hop_samples 200, but this vocoder plays hop_size 160"
    ):
        PhaseNet(phase_net_weights())(torch.zeros(1, 256, 20), other)
    with pytest.raises(InvalidInputError, match="has 5 columns; it must have at least 6"):
        PhaseNet(phase_net_weights())(torch.zeros(1, 256, 5), MINI_FORMAT)
    played = PhaseNet(phase_net_weights(), 0)(torch.zeros(1, 256, 6), AUFFUSION_FORMAT)
    assert played.samples.shape[1] == 960


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 5}, r"first.bias is \(4,\) in the file and \(5,\) in the network"),
        ({"width": "4"}, "width '4'; it must be from 1 to"),
        ({"dilations": 3}, "dilations 3; they must be a list"),
        ({"dilations": [1, 2]}, r"middle.2.bias is \(4,\) in the file and not there"),
    ],
)
def test_a_vocoder_that_does_not_fit_is_one_sentence(changes, message):
    with pytest.raises(CheckpointError, match=message) as caught:
        PhaseNet(phase_net_weights(**changes))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("option", "value"),
    [("iterations", -1), ("mel_iterations", 0), ("momentum", 1.5), ("momentum", math.nan)],
)
def test_an_option_out_of_range_is_named_with_its_value_and_its_range(option, value):
    with pytest.raises(InvalidInputError, match=rf"{option} must be .* to .*, not {value}"):
        PhaseNet(None, **{option: value})


def test_weights_load_as_they_were():
    weights = phase_net_weights()
    network = load_network(weights)
    assert isinstance(network, PhaseNetwork)
    for name, tensor in weights.tensors.items():
        assert torch.equal(network.state_dict()[name], tensor)
