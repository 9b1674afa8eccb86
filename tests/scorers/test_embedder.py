import librosa
import numpy as np
import pytest
import torch
from tiny_scorers import Means, noise, rough, sample_of

from sonocanvas.errors import InvalidInputError
from sonocanvas.scorers.embedder import likeness, peak_normalised, squares
from sonocanvas.types import Waveform


def test_likeness_is_the_mean_cosine_of_the_parts():
    canvas = torch.cat([torch.full((4, 4), 0.2), torch.full((4, 4), 0.8)], dim=1)
    score = likeness(Means(), "likeness", sample_of(canvas, noise(count=8)), "a")
    assert score.value == pytest.approx((np.cos(0.8) + np.cos(0.2)) / 2)
    assert (score.name, score.unit, score.higher_is_better) == ("likeness", "", True)


def test_likeness_is_summed_in_float64():
    canvas = rough(columns=1024)
    score = likeness(Means(), "likeness", sample_of(canvas, noise(count=8)), "abc")
    parts = Means().embed(sample_of(canvas, noise(count=8))).numpy().astype(np.float64)
    prompt = Means().embed_text("abc").numpy().astype(np.float64)
    assert score.value == pytest.approx((parts @ prompt).mean(), rel=1e-12)


@pytest.mark.parametrize(("columns", "crops"), [(1024, 25), (992, 24), (256, 1), (300, 2)])
def test_squares_are_the_crops_of_the_paper(columns, crops):
    canvas = rough(columns=columns - columns % 16)
    canvas = torch.nn.functional.pad(canvas, (0, columns % 16))
    found = squares(canvas[None], 32)
    assert found.shape == (1, crops, 256, 256)
    for number in range(crops):
        wanted = canvas[:, 32 * number : 32 * number + 256]
        assert torch.equal(found[0, number], wanted)


def test_a_narrow_canvas_is_refused():
    with pytest.raises(InvalidInputError, match=r"240 x 256; .* at least as wide as it is high"):
        squares(torch.zeros(1, 256, 240), 32)


def test_sound_is_resampled_as_librosa_does_and_scaled_to_its_peak():
    sound = noise(count=16000)
    found = peak_normalised(Waveform(sound, 16000), 48000, peak=1.0)
    wanted = librosa.resample(sound[0].numpy(), orig_sr=16000, target_sr=48000)
    np.testing.assert_allclose(found, wanted / np.abs(wanted).max(), atol=1e-5)
    assert found.dtype == np.float32
    assert np.abs(found).max() == pytest.approx(1)


def test_silence_stays_silence():
    found = peak_normalised(Waveform(torch.zeros(1, 1600), 16000), 48000, peak=1.0)
    assert found.shape == (4800,)
    assert not found.any()
