"""Panels in rows and columns: none overlap, and each shows its own canvas."""

import itertools

import numpy as np
import pytest
import torch
from tiny import TINY_FORMAT

from sonocanvas.canvas import canvas_to_bytes
from sonocanvas.figures.matrix import EDGE_IN, WIDTH_IN, Cell, Row, draw_matrix
from sonocanvas.figures.page import LINE_IN
from sonocanvas.types import Waveform


def cell(seed=0, colour=None, notes=("one", "two")):
    generator = torch.Generator().manual_seed(seed)
    sound = Waveform(torch.randn(1, 4096, generator=generator), 16000)
    return Cell(torch.rand(32, 64, generator=generator), sound, notes, colour)


def boxes(figure):
    return [axes.get_position() for axes in figure.axes]


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_a_figure_is_as_wide_as_a_papers_text_and_a_canvas_keeps_its_shape(columns):
    figure = draw_matrix([Row([cell(seed) for seed in range(columns)])], TINY_FORMAT)
    width_in, height_in = figure.get_size_inches()
    assert width_in == pytest.approx(WIDTH_IN)
    box = boxes(figure)[0]
    assert box.width * width_in == pytest.approx(2 * box.height * height_in)


def test_many_columns_make_a_wider_figure():
    figure = draw_matrix([Row([cell(seed) for seed in range(6)])], TINY_FORMAT)
    assert figure.get_size_inches()[0] > 6 * 1.2


def test_below_the_last_row_there_is_no_more_than_the_edge():
    figure = draw_matrix([Row([cell(notes=())])] * 2, TINY_FORMAT)
    low = min(box.y0 for box in boxes(figure)) * figure.get_size_inches()[1]
    assert low == pytest.approx(EDGE_IN + LINE_IN)  # the line of the time axis


def test_panels_do_not_overlap_and_lie_on_the_page_and_words_below_them():
    red = np.full((32, 64, 3), (200, 0, 0), np.uint8)
    rows = [Row([cell(0, red), cell(1)], "a label\nof two", "a heading"), Row([cell(2), None])]
    figure = draw_matrix(rows, TINY_FORMAT, ["first\nline", "second"], "A sentence. " * 30)
    assert len(figure.axes) == 2 * 3 + 2
    for one, other in itertools.combinations(boxes(figure), 2):
        apart = one.x1 <= other.x0 or other.x1 <= one.x0 or one.y1 <= other.y0 or other.y1 <= one.y0
        assert apart
    for box in boxes(figure):
        assert 0 <= box.x0 < box.x1 <= 1
        assert 0 <= box.y0 < box.y1 <= 1
    heights = {text.get_text(): text.get_position()[1] for text in figure.texts}
    assert heights["first"] > heights["line"] > heights["a heading"] > boxes(figure)[0].y1
    assert heights["line"] == heights["second"]
    sentences = [y for text, y in heights.items() if "sentence" in text]
    assert len(sentences) > 1
    assert 0 < min(sentences) < max(sentences) < min(box.y0 for box in boxes(figure))


def test_each_panel_shows_its_canvas_and_colour_stands_above_it(pictures):
    red = np.full((32, 64, 3), (200, 0, 0), np.uint8)
    shown = pictures(draw_matrix([Row([cell(0, red), cell(1)])], TINY_FORMAT))
    gray = [canvas_to_bytes(cell(seed).canvas) for seed in (0, 1)]
    for one, expected in zip(shown, [red, gray[0], gray[1], gray[1]], strict=True):
        assert np.array_equal(one, expected)


def test_words_too_long_for_their_panel_are_cut(words):
    lines = words(draw_matrix([Row([cell(notes=("bells " * 60,)), cell()])], TINY_FORMAT))
    assert lines[0].endswith("…")
