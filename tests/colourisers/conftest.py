"""A sample of the tiny pair, and a way to call colourisers as a run does."""

import dataclasses

import pytest
import torch
from tiny import tiny_pair
from tiny_sample import make_sample

from sonocanvas.canvas import bytes_to_canvas, canvas_to_bytes


@pytest.fixture(scope="session")
def pair():
    return tiny_pair()


@pytest.fixture
def sample():
    """Returns a sample of the tiny pair's size, from black to white, rounded as when saved."""
    made = make_sample()
    ramp = torch.linspace(0, 1, 64).expand(32, -1)
    canvas = (0.5 * ramp + 0.5 * made.canvas).clamp(0, 1)
    canvas[:, :4], canvas[:, -4:] = 0, 1
    return dataclasses.replace(made, canvas=bytes_to_canvas(canvas_to_bytes(canvas)))


@pytest.fixture
def paint(pair):
    """Returns a function that colours a sample as a run does."""

    def run(colouriser, sample, pair=pair, on_step=None):
        return colouriser(lambda: pair, "cpu", on_step)(sample)

    return run
