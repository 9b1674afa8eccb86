"""Drawings are placed on canvases as their captions say, and held-out ones never appear."""

import numpy as np
import pytest
import torch

from sonocanvas.training.drawings import SIDE, Drawing
from sonocanvas.training.layouts import LAYOUTS
from sonocanvas.training.resident_pictures import Pictures
from sonocanvas.training.views import held_out

KEPT, HELD = (
    next(word for word in map(str, range(99)) if held_out(f"set{word}") is held)
    for held in (False, True)
)


def drawing(concept, level, caption=KEPT):
    pixels = np.full((SIDE, SIDE), level, np.uint8)
    return Drawing(f"set:{concept}", concept, caption, "set", "MIT", pixels)


@pytest.fixture
def pictures(captions):
    """Returns pictures of white dogs, darker owls, and held-out black dogs."""
    torch.manual_seed(0)
    drawings = [drawing("dog", 255), drawing("dog", 0, HELD), drawing("owl", 120)]
    return Pictures(drawings, captions, "cpu")


def middles(canvases):
    """Returns the level in the middle row of each of the 32 columns of blocks."""
    return canvases.reshape(len(canvases), SIDE, 32, 32)[:, SIDE // 2].mean(-1)


def test_drawings_fill_the_canvas_and_held_out_ones_never_appear(pictures, told):
    canvases, numbers = pictures(200)
    assert canvases.shape == (200, 256, 1024)
    lit = middles(canvases) > 0.1
    own = [
        row
        for row, caption in enumerate(told(numbers))
        if " and " not in caption and not caption.startswith(("one", "two", "three", "an outline"))
    ]
    assert len(own) > 100
    assert lit[own][:, 4::8].all()  # the middle of each of four squares


@pytest.mark.parametrize(("number", "caption"), [(2, "one dog"), (3, "two dog"), (4, "three dog")])
def test_counted_things_stand_where_their_layout_says(pictures, told, number, caption):
    pictures.shares = torch.eye(len(LAYOUTS))[number]
    canvases, numbers = pictures(40)
    texts, lit = told(numbers), middles(canvases) > 0.05
    inside = [place + 4 for place in LAYOUTS[number].places]
    rows = [row for row, text in enumerate(texts) if text == caption and lit[row, inside].all()]
    assert rows  # ignoring outlines
    wide = [place + column for place in LAYOUTS[number].places for column in range(8)]
    outside = [column for column in range(32) if column not in wide]
    assert lit[rows][:, wide].float().mean() > 0.8
    assert not lit[rows][:, outside].any()


def test_two_things_take_turns_and_both_are_named(captions, told):
    torch.manual_seed(1)
    drawings = [drawing("dog", 255), drawing("owl", 100)]
    pictures = Pictures(drawings, captions, "cpu")
    pictures.shares = torch.eye(len(LAYOUTS))[1]
    canvases, numbers = pictures(40)
    levels = middles(canvases)[:, 4::8]
    rows = [
        row
        for row, text in enumerate(told(numbers))
        if text == "a dog and a owl"
        and levels[row].min() > 0.08
        and levels[row].max() < 1
        and levels[row].std() > 0.05
    ]
    assert rows
    first, second = levels[rows][:, 0::2].mean(1), levels[rows][:, 1::2].mean(1)
    assert (first > second).all()


def test_silhouettes_are_white(pictures):
    canvases, _ = pictures(20, silhouettes=True)
    assert (middles(canvases)[:, 4::8] > 0.8).all()
