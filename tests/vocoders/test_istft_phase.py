"""The phases of a known sound give that sound back; the magnitudes are the canvas's own."""

import math
from dataclasses import dataclass

import pytest
import torch
from tiny_checkpoint import original_generator, weights_of

from sonocanvas.canvas import waveform_to_canvas
from sonocanvas.errors import CheckpointError, InvalidInputError
from sonocanvas.types import (
    AUFFUSION_FORMAT,
    MINI_FORMAT,
    RIFFUSION_FORMAT,
    Waveform,
)
from sonocanvas.vocoders.griffin_lim import GriffinLim, analyse
from sonocanvas.vocoders.hifigan import HifiGan
from sonocanvas.vocoders.istft_phase import IstftPhase, with_phases_of
from sonocanvas.vocoders.weights import build_vocoder

FRAMES = 64


@dataclass(frozen=True)
class Known:
    """A vocoder that plays one sound for every canvas."""

    samples: torch.Tensor

    def __call__(self, canvas, canvas_format):
        return Waveform(self.samples, canvas_format.sample_rate_hz)


def chord(fmt=MINI_FORMAT, pitches_hz=(440.0, 1000.0, 2500.0)):
    time_s = torch.arange(FRAMES * fmt.hop_samples) / fmt.sample_rate_hz
    tones = [torch.sin(2 * math.pi * pitch_hz * time_s) for pitch_hz in pitches_hz]
    noise = 0.01 * torch.randn(time_s.shape, generator=torch.Generator().manual_seed(0))
    return (0.1 * sum(tones) + noise)[None]


def noise(seed=0):
    return 0.1 * torch.randn(2, FRAMES * 160, generator=torch.Generator().manual_seed(seed))


def magnitude_of(samples, fmt=MINI_FORMAT):
    return analyse(samples, fmt).abs().transpose(1, 2)


@pytest.mark.parametrize("fmt", [MINI_FORMAT, RIFFUSION_FORMAT], ids=["mini", "riffusion"])
def test_magnitudes_and_phases_of_a_sound_give_it_back(fmt):
    sound = chord(fmt)
    played = with_phases_of(sound, magnitude_of(sound, fmt), fmt)
    torch.testing.assert_close(played, sound, atol=1e-5, rtol=0)
    torch.testing.assert_close(
        magnitude_of(played, fmt), magnitude_of(sound, fmt), atol=1e-2, rtol=0
    )


def test_the_sound_gives_its_phases_alone_and_neither_its_level_nor_its_sign_of_gain():
    sound = noise()
    magnitude = magnitude_of(sound)
    torch.testing.assert_close(
        with_phases_of(3 * sound, magnitude, MINI_FORMAT), sound, atol=1e-5, rtol=0
    )
    torch.testing.assert_close(
        with_phases_of(-sound, magnitude, MINI_FORMAT), -sound, atol=1e-5, rtol=0
    )
    torch.testing.assert_close(
        with_phases_of(sound, 2 * magnitude, MINI_FORMAT), 2 * sound, atol=1e-5, rtol=0
    )


def test_a_canvas_with_the_phases_of_its_own_sound_is_nearer_to_it_than_griffin_lim():
    sound = chord()
    canvas = waveform_to_canvas(sound, MINI_FORMAT)
    played = IstftPhase(Known(sound))(canvas, MINI_FORMAT).samples
    searched = GriffinLim()(canvas, MINI_FORMAT).samples
    assert (played - sound).norm() < 0.5 * sound.norm() < 0.5 * (searched - sound).norm()


def test_a_440_hz_tone_comes_back_at_440_hz_and_as_loud_from_a_source_of_another_level():
    tone = chord(pitches_hz=(440.0,))
    played = IstftPhase(Known(0.1 * tone))(waveform_to_canvas(tone, MINI_FORMAT), MINI_FORMAT)
    peak_hz = torch.fft.rfft(played.samples[0]).abs().argmax() * 16000 / tone.shape[1]
    assert abs(peak_hz - 440) <= 16000 / tone.shape[1] + 1
    gain_db = 20 * math.log10(played.samples.norm() / tone.norm())
    assert abs(gain_db) < 1


def test_magnitudes_are_those_of_the_canvas_and_not_of_the_source():
    canvas = waveform_to_canvas(noise(1), MINI_FORMAT)
    silent = canvas.clone()
    silent[:, :, 32:] = 0
    samples = IstftPhase(Known(noise(2)))(silent, MINI_FORMAT).samples
    assert samples[:, 42 * 160 :].abs().max() < 1e-6 * samples[:, : 22 * 160].abs().max()


def test_sound_has_a_hop_a_column_and_a_batch_equals_its_singles():
    canvas = torch.rand(2, 256, FRAMES, generator=torch.Generator().manual_seed(1))
    before, vocoder = canvas.clone(), IstftPhase(GriffinLim(iterations=2))
    batch = vocoder(canvas, MINI_FORMAT)
    assert batch.samples.shape == (2, FRAMES * 160)
    assert batch.samples.dtype == torch.float32
    assert batch.sample_rate_hz == 16000
    for index in range(2):
        single = vocoder(canvas[index : index + 1], MINI_FORMAT).samples[0]
        torch.testing.assert_close(batch.samples[index], single, atol=1e-4, rtol=1e-3)
    assert torch.equal(canvas, before)


def test_phases_come_from_the_pairs_own_vocoder_or_from_the_one_that_is_named():
    weights = weights_of(original_generator())
    own = build_vocoder("istft_phase", {}, weights, "The pair")
    assert isinstance(own.source, HifiGan)
    assert own.source.weights is weights
    named = build_vocoder("istft_phase", {"phase_from": "griffin_lim"}, weights, "The pair")
    assert named.source == GriffinLim()
    assert build_vocoder("istft_phase", {}, None, "The pair").source == GriffinLim()
    canvas = torch.rand(1, 256, 32, generator=torch.Generator().manual_seed(1))
    sounds = [vocoder(canvas, AUFFUSION_FORMAT).samples for vocoder in (own, named)]
    assert sounds[0].shape == sounds[1].shape == (1, 5120)
    assert not torch.allclose(sounds[0], sounds[1], atol=1e-2 * float(sounds[1].abs().max()))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"phase_from": "hifigann"}, "Unknown phase_from 'hifigann'. Did you mean 'hifigan'?"),
        ({"phase_from": "istft_phase"}, "a vocoder other than itself; known: griffin_lim, hifi"),
        ({"phase_from": 3}, "phase_from must be of type str, not 3"),
        ({"phase_from": "hifigan"}, "Pair 'tiny' carries no vocoder for 'hifigan'"),
        ({"mel_iterations": 0}, "mel_iterations must be 1 to 10000, not 0"),
        ({"source": None}, "Unknown option of vocoder 'istft_phase': 'source'"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(given, message):
    with pytest.raises(InvalidInputError) as caught:
        build_vocoder("istft_phase", given, None, "Pair 'tiny'")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_weights_of_another_vocoder_are_refused():
    for name, given in (("istft_phase", {"phase_from": "phase_net"}), ("phase_net", {})):
        with pytest.raises(CheckpointError) as caught:
            build_vocoder(name, given, weights_of(original_generator()), "The pair")
        told = "The pair carries a vocoder for 'hifigan', not for 'phase_net'."
        assert str(caught.value) == told


def test_a_source_whose_sound_does_not_belong_to_the_canvas_is_refused():
    with pytest.raises(InvalidInputError, match=r"is \(1, 10240\); .* must be \(1, 9600\)"):
        IstftPhase(Known(chord()))(torch.zeros(1, 256, 60), MINI_FORMAT)
    with pytest.raises(InvalidInputError, match="needs the vocoder whose phases"):
        IstftPhase(None)(torch.zeros(1, 256, 60), MINI_FORMAT)
