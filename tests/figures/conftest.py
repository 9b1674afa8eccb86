"""Tiny saved samples, as runs write them."""

import dataclasses

import numpy as np
import pytest
from tiny_sample import make_sample, red_colour

from sonocanvas.files.artifacts import save_sample
from sonocanvas.types import Prompts, Score


@pytest.fixture
def save(tmp_path):
    """Returns a function that saves a sample into a run in the test's folder."""

    def saved(
        run, seed=0, method="compose", prompts=("a castle", "bells"), value=0.5, red=False, **fields
    ):
        record = {"method": {"name": method}, "vocoder": {"name": "hifigan"}}
        scores = (
            Score("likeness", value, "", higher_is_better=True),
            Score("error", 10 * value, "dB", higher_is_better=False),
        )
        given = {"prompts": Prompts(*prompts), "record": record, "scores": scores, **fields}
        given["colour"] = red_colour() if red else None
        save_sample(dataclasses.replace(make_sample(seed), **given), tmp_path / run)
        return tmp_path / run

    return saved


@pytest.fixture
def words():
    """Returns a function that lists all texts on a figure."""
    return lambda figure: [text.get_text() for text in figure.texts]


@pytest.fixture
def pictures():
    """Returns a function that lists all pictures on a figure in order; gray ones are 2-D."""

    def drawn(figure):
        shown = [np.asarray(axes.images[0].get_array()) for axes in figure.axes if axes.images]
        return [one[..., 0] if (one == one[..., :1]).all() else one for one in shown]

    return drawn
