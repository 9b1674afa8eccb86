import dataclasses
import itertools
import json

import numpy as np
import pytest
import soundfile
import torch
from tiny_sample import make_sample

from sonocanvas.canvas import waveform_to_canvas
from sonocanvas.errors import InvalidInputError
from sonocanvas.files.artifacts import save_sample
from sonocanvas.show.haptics import RATE_HZ, to_ahap, to_waveform, vibration_of, write_haptics
from sonocanvas.types import MINI_FORMAT

TIMES = torch.arange(160000) / 16000


def sample_of(samples):
    canvas = waveform_to_canvas(samples[None], MINI_FORMAT)[0]
    return dataclasses.replace(make_sample(0), canvas=canvas, canvas_format=MINI_FORMAT)


def tone(pitch_hz, gain=0.5):
    return gain * torch.sin(2 * torch.pi * pitch_hz * TIMES)


def test_a_moment_20_db_quieter_is_half_as_intense():
    gain = torch.where(TIMES < 5, 1.0, 0.1)
    felt = vibration_of(sample_of(gain * tone(1000)))
    assert felt.intensity.shape == (200,)
    assert felt.intensity[20:80] == pytest.approx(1, abs=0.02)
    assert felt.intensity[120:180] == pytest.approx(0.5, abs=0.02)


def test_what_is_high_is_sharp_and_what_is_low_is_dull():
    sharpness = [
        float(np.median(vibration_of(sample_of(tone(pitch_hz))).sharpness))
        for pitch_hz in (150, 775, 4000)
    ]
    assert sharpness == pytest.approx([0, 0.5, 1], abs=0.05)


def test_the_wave_stays_where_skin_feels():
    sweep = torch.sin(2 * torch.pi * 150 * TIMES * (1 + TIMES))
    felt = to_waveform(vibration_of(sample_of(sweep)))
    assert felt.samples.shape == (1, 10 * RATE_HZ)
    spectrum = np.abs(np.fft.rfft(felt.samples[0].numpy())) ** 2
    pitches = np.fft.rfftfreq(10 * RATE_HZ, 1 / RATE_HZ)
    assert spectrum[pitches < 250].sum() > 0.999 * spectrum.sum()


def test_curves_have_16_points_and_go_on_where_the_last_ended():
    pattern = to_ahap(vibration_of(sample_of(tone(1000))), "a title")["Pattern"]
    (event,) = (one["Event"] for one in pattern if "Event" in one)
    assert event["EventType"] == "HapticContinuous"
    assert event["EventDuration"] == 10
    for name in ("HapticIntensityControl", "HapticSharpnessControl"):
        curves = [one["ParameterCurve"] for one in pattern if "ParameterCurve" in one]
        own = [curve for curve in curves if curve["ParameterID"] == name]
        assert max(len(curve["ParameterCurveControlPoints"]) for curve in own) == 16
        for before, after in itertools.pairwise(own):
            last = before["ParameterCurveControlPoints"][-1]
            assert before["Time"] + last["Time"] == pytest.approx(after["Time"])
            first = after["ParameterCurveControlPoints"][0]
            assert (first["Time"], first["ParameterValue"]) == (0, last["ParameterValue"])


def test_events_are_at_most_30_s_long():
    minute = tone(1000).repeat(7)
    events = [
        one["Event"]
        for one in to_ahap(vibration_of(sample_of(minute)), "")["Pattern"]
        if "Event" in one
    ]
    assert [(event["Time"], event["EventDuration"]) for event in events] == [
        (0, 30),
        (30, 30),
        (60, 10),
    ]


def test_files_are_written_once_and_are_what_they_say(tmp_path):
    save_sample(sample_of(tone(1000)), tmp_path)
    ahap, wav = write_haptics(tmp_path)
    assert json.loads(ahap.read_text())["Version"] == 1.0
    assert soundfile.info(wav).duration == 10
    wav.write_bytes(b"kept")
    assert list(write_haptics(tmp_path)) == [ahap, wav]
    assert wav.read_bytes() == b"kept"
    list(write_haptics(tmp_path, overwrite=True))
    assert wav.read_bytes() != b"kept"


def test_silence_cannot_be_felt():
    with pytest.raises(InvalidInputError, match="silent; there is nothing to feel"):
        vibration_of(sample_of(torch.zeros(16000)))
