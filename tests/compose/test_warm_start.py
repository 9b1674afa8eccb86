import pytest
import torch

from sonocanvas.compose.mean import Mean
from sonocanvas.compose.warm_start import WarmStart, first_step
from sonocanvas.errors import InvalidInputError
from sonocanvas.types import Step

IMAGE, AUDIO = torch.randn(2, 1, 4, 4, 8, generator=torch.Generator().manual_seed(0))


def step_at(index, count=100):
    return Step(index, count, 1.0, 0.5, 0.5, 0.6, 0.4, torch.zeros(1, 4, 4, 8))


@pytest.mark.parametrize("count", [10, 20, 50, 100, 1000])
def test_a_start_in_hundredths_is_free_of_rounding_error(count):
    for hundredths in range(1, 101):
        assert first_step(hundredths / 100, count) == -(-(100 - hundredths) * count // 100)


def test_the_paper_starts_the_picture_at_step_ten_of_a_hundred():
    rule = WarmStart(Mean())
    assert rule.needs(step_at(9)) == (False, True)
    assert rule.needs(step_at(10)) == (True, True)


def test_a_modality_alone_is_used_as_it_is():
    assert WarmStart(Mean())(None, AUDIO, step_at(0)) is AUDIO
    picture_first = WarmStart(Mean(), image_start=1.0, audio_start=0.5)
    assert picture_first(IMAGE, None, step_at(49)) is IMAGE
    assert picture_first.needs(step_at(49)) == (True, False)


@pytest.mark.parametrize("audio_weight", [0.0, 0.3, 1.0])
def test_the_inner_rule_decides_once_both_are_active(audio_weight):
    inner, step = Mean(audio_weight), step_at(10)
    rule = WarmStart(inner)
    assert rule.needs(step) == inner.needs(step)
    assert torch.equal(rule(IMAGE, AUDIO, step), inner(IMAGE, AUDIO, step))


@pytest.mark.parametrize("name", ["image_start", "audio_start"])
@pytest.mark.parametrize("start", [0.0, 1.1, float("nan")])
def test_a_start_outside_its_range_is_refused(name, start):
    with pytest.raises(InvalidInputError, match=rf"{name} must be in \(0, 1\], not {start}"):
        WarmStart(Mean(), **{name: start})


def test_one_modality_must_be_there_from_the_beginning():
    with pytest.raises(InvalidInputError, match=r"must be 1, not 0.9 and 0.8"):
        WarmStart(Mean(), image_start=0.9, audio_start=0.8)
