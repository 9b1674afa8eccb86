import pytest
import torch

from sonocanvas.compose.mean import Mean
from sonocanvas.errors import InvalidInputError
from sonocanvas.types import Step

IMAGE, AUDIO = torch.randn(2, 2, 4, 4, 8, generator=torch.Generator().manual_seed(0))
STEP = Step(0, 10, 999.0, 0.1, 0.99, 0.2, 0.98, torch.zeros(2, 4, 4, 8))


@pytest.mark.parametrize("audio_weight", [0.3, 0.9])
def test_the_mean_is_the_weighted_sum(audio_weight):
    expected = (1 - audio_weight) * IMAGE + audio_weight * AUDIO
    torch.testing.assert_close(Mean(audio_weight)(IMAGE, AUDIO, STEP), expected)


@pytest.mark.parametrize(("audio_weight", "alone"), [(0.0, IMAGE), (1.0, AUDIO)])
def test_weight_zero_and_one_return_that_prediction_itself(audio_weight, alone):
    assert Mean(audio_weight)(IMAGE, AUDIO, STEP) is alone


@pytest.mark.parametrize("audio_weight", [0.3, 0.5, 0.77])
def test_equal_predictions_come_back_bit_for_bit(audio_weight):
    assert torch.equal(Mean(audio_weight)(IMAGE, IMAGE, STEP), IMAGE)


@pytest.mark.parametrize(
    ("audio_weight", "needed"),
    [(0.0, (True, False)), (0.01, (True, True)), (1.0, (False, True))],
)
def test_a_model_without_weight_is_not_needed(audio_weight, needed):
    assert Mean(audio_weight).needs(STEP) == needed


@pytest.mark.parametrize("audio_weight", [-0.1, 1.01, float("nan")])
def test_a_weight_outside_its_range_is_refused(audio_weight):
    with pytest.raises(InvalidInputError, match=rf"\[0, 1\], not {audio_weight}"):
        Mean(audio_weight)


def test_a_missing_prediction_is_an_error():
    with pytest.raises(InvalidInputError, match="without a prediction"):
        Mean()(IMAGE, None, STEP)
