"""Maps from gray to colour equal those of matplotlib, and each is read back exactly."""

import itertools

import matplotlib
import numpy as np
import pytest

from sonocanvas.errors import InvalidInputError
from sonocanvas.files.colour_maps import FARTHEST, colour_tables, map_gray, unmap_colour
from sonocanvas.registry import COLOURISERS

NAMES = ("magma", "inferno", "plasma", "viridis", "cividis", "turbo")
GRAY = np.arange(256, dtype=np.uint8).reshape(8, 32)


def test_every_map_is_on_the_menu():
    assert tuple(colour_tables()) == NAMES
    assert set(NAMES) < set(COLOURISERS)


@pytest.mark.parametrize("name", NAMES)
def test_map_is_that_of_matplotlib_within_one_level_of_one_channel(name):
    theirs = matplotlib.colormaps[name](np.arange(256), bytes=True)[:, :3].astype(int)
    apart = np.abs(colour_tables()[name].astype(int) - theirs)
    assert apart.sum(axis=1).max() <= 1
    assert (apart.sum(axis=1) > 0).sum() <= 3


@pytest.mark.parametrize("name", NAMES)
def test_every_gray_level_comes_back_exactly(name):
    colours = map_gray(GRAY, name)
    assert colours.shape == (8, 32, 3)
    assert np.array_equal(unmap_colour(colours, name), GRAY)


@pytest.mark.parametrize("name", NAMES)
def test_colours_off_by_one_level_come_back_within_three_levels(name):
    for one in itertools.product((-1, 0, 1), repeat=3):
        shaken = np.clip(map_gray(GRAY, name).astype(int) + one, 0, 255).astype(np.uint8)
        assert np.abs(unmap_colour(shaken, name).astype(int) - GRAY).max() <= 3


def test_picture_that_was_changed_is_refused():
    changed = map_gray(GRAY, "viridis")
    changed[3, 4] = (255, 0, 0)
    with pytest.raises(InvalidInputError, match=r"#ff0000 is not in the map 'viridis' .*changed"):
        unmap_colour(changed, "viridis")
    assert FARTHEST < 30


def test_unknown_map_names_the_near_one():
    with pytest.raises(
        InvalidInputError, match=r"Unknown colour map 'magna'\. Did you mean 'magma'"
    ):
        map_gray(GRAY, "magna")
