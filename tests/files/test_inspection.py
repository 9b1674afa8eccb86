"""Inspecting files: the window of a long sound that looks most like a picture."""

import pytest
import torch

from sonocanvas.errors import InvalidInputError
from sonocanvas.files.inspection import WINDOW_FRAMES, most_picture_like
from sonocanvas.scorers.picture_likeness import picture_likeness

ROWS, COLUMNS = torch.meshgrid(torch.arange(256.0), torch.arange(1024.0), indexing="ij")
STRIPES = torch.sin((ROWS + COLUMNS) / 10) / 2 + 0.5
TONES = torch.sin(ROWS / 10) / 2 + 0.5


@pytest.mark.parametrize("place", range(3))
def test_the_window_of_a_long_canvas_with_the_picture_is_found(place):
    windows = [TONES] * 3
    windows[place] = STRIPES
    value, start = most_picture_like(torch.cat(windows, dim=1))
    assert start == place * WINDOW_FRAMES
    assert value == pytest.approx(picture_likeness(STRIPES))
    assert value > 0.9


def test_the_last_window_ends_with_the_canvas():
    canvas = torch.cat([TONES, STRIPES[:, :300]], dim=1)
    value, start = most_picture_like(canvas)
    assert start == 300
    assert value == picture_likeness(canvas[:, 300:])


@pytest.mark.parametrize("columns", [20, 500, 1024])
def test_a_canvas_of_one_window_is_judged_as_it_is(columns):
    canvas = STRIPES[:, :columns]
    assert most_picture_like(canvas) == (picture_likeness(canvas), 0)


def test_a_canvas_that_is_too_narrow_is_refused():
    with pytest.raises(InvalidInputError, match=r"\(256, 19\)"):
        most_picture_like(STRIPES[:, :19])
