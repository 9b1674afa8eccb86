"""Samples side by side, matched by prompts, method and place, not by seed."""

import pytest

from sonocanvas.canvas import canvas_to_bytes
from sonocanvas.errors import InvalidInputError
from sonocanvas.figures.beside import by_method, seed_and_cells, side_by_side
from sonocanvas.figures.read import read_runs

CASTLE = ("a castle", "bells")


def test_the_first_stand_beside_the_first_whatever_their_seeds(save):
    for seed in (0, 1):
        runs = [save("a", seed), save("b", seed + 500, "sds")]
    found = by_method(read_runs(runs))
    rows = side_by_side(found, [(*CASTLE, "sds"), (*CASTLE, "compose")])
    assert [[one.sample.seed for one in row] for row in rows] == [[500, 0], [501, 1]]


def test_none_comes_twice_none_is_lacking_and_none_is_left_over(save):
    shown = read_runs([save("a", 1), save("b", 1, "sds")])
    found = by_method(shown)
    with pytest.raises(
        InvalidInputError,
        match="None of the given runs has method 'imprint' with 'a castle' and 'bel",
    ):
        side_by_side(found, [(*CASTLE, "compose"), (*CASTLE, "imprint")])
    with pytest.raises(
        InvalidInputError, match=r"a/0001' and .*c/0001' both have method .*, seed 1 and"
    ):
        by_method([shown[0], *read_runs([save("c", 1)])])
    found = by_method([*shown, *read_runs([save("d", 2)])])
    with pytest.raises(
        InvalidInputError, match=r"There are 1 samples of method 'sds' .* but 2 of method 'c"
    ):
        side_by_side(found, [(*CASTLE, "compose"), (*CASTLE, "sds")])


def test_one_seed_is_told_once_and_several_below_their_panels(save):
    one, two, other = read_runs([save("a", 1), save("b", 1, "sds"), save("c", 2)])
    told, cells = seed_and_cells([one, two])
    assert (told, [cell.notes for cell in cells]) == ("seed 1", [(), ()])
    told, cells = seed_and_cells([two, other])
    assert (told, [cell.notes for cell in cells]) == ("", [("seed 1",), ("seed 2",)])
    for shown, cell in zip([two, other], cells, strict=True):
        assert (canvas_to_bytes(cell.canvas) == canvas_to_bytes(shown.sample.canvas)).all()
        assert cell.waveform is shown.sample.waveform
