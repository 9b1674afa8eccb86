"""Canvases played and analysed again, with the round trip's own numbers."""

import dataclasses

import pytest
import torch
from tiny_sample import make_sample

from sonocanvas.canvas import canvas_to_bytes, waveform_to_canvas
from sonocanvas.errors import InvalidInputError
from sonocanvas.figures.cycle import Cycle, play_all
from sonocanvas.figures.read import read_runs
from sonocanvas.scorers.round_trip import RoundTrip
from sonocanvas.types import MINI_FORMAT, Waveform


def test_a_row_for_each_vocoder_with_the_analysed_canvas_and_its_numbers(save, words, pictures):
    shown = read_runs([save("run", 1)])
    sample = shown[0].sample
    figure = Cycle()(shown)
    lines = words(figure)
    named = [line for line in lines if line in ("the canvas", "griffin_lim", "hifigan")]
    assert named == ["the canvas", "griffin_lim", "hifigan"]
    assert "istft_phase" in lines
    assert "phase_net" not in lines  # its weights belong to mini's format
    drawn = pictures(figure)
    assert len(drawn) == 4
    assert (drawn[0] == canvas_to_bytes(sample.canvas)).all()
    analysed = waveform_to_canvas(sample.waveform.samples, sample.canvas_format)[0]
    assert (drawn[2] == canvas_to_bytes(analysed)).all()  # hifigan played the saved sound
    correlation, error = RoundTrip()([sample])[0]
    assert f"r {correlation.value:.3f}, {error.value:.1f} dB" in lines


def test_the_vocoder_of_the_pair_plays_where_its_weights_are_here():
    sound = Waveform(0.1 * torch.randn(1, 20 * 160), 16000)
    canvas = waveform_to_canvas(sound.samples, MINI_FORMAT)[0]
    sample = dataclasses.replace(
        make_sample(1),
        canvas=canvas,
        waveform=sound,
        canvas_format=MINI_FORMAT,
        record={"vocoder": {"name": "griffin_lim"}},
    )
    played = dict(play_all(sample))
    assert list(played) == ["griffin_lim", "istft_phase", "phase_net"]
    assert played["griffin_lim"] is sound
    assert {one.samples.shape for one in played.values()} == {(1, 3200)}
    # with the sound's true phases, only the mel inversion loses anything
    assert (played["istft_phase"].samples - sound.samples).norm() < 0.6 * sound.samples.norm()


@pytest.mark.parametrize("record", [{}, {"vocoder": "hifigan"}, {"vocoder": {}}])
def test_a_sample_that_does_not_name_its_vocoder_is_refused(record):
    sample = dataclasses.replace(make_sample(1), record=record)
    with pytest.raises(InvalidInputError, match="seed 1 does not name its vocoder"):
        next(play_all(sample))
