import pytest

from sonocanvas.errors import InvalidInputError
from sonocanvas.figures.grid import Grid
from sonocanvas.figures.read import read_runs


def test_methods_and_seeds_are_rows_and_prompts_are_columns(save, words, pictures):
    runs = []
    for prompts in (("a castle", "bells"), ("a frog", "croaking")):
        for method in ("compose", "imprint"):
            for seed in (0, 1):
                run = save(f"{method}-{prompts[1]}", seed, method, prompts)
            runs.append(run)
    figure = Grid()(read_runs(runs))
    assert len(pictures(figure)) == 8
    lines = words(figure)
    assert lines[:4] == [
        "looks like a castle",
        "sounds like bells",
        "looks like a frog",
        "sounds like croaking",
    ]
    assert lines[4:] == [
        *("compose", "seed 0", "compose", "seed 1", "imprint", "seed 0", "imprint", "seed 1")
    ]


def test_prompts_may_have_seeds_of_their_own_and_a_method_fewer_of_them(save, words, pictures):
    frog = ("a frog", "croaking")
    for seed in (1000, 1001):
        runs = [save("a", seed), save("b", seed + 1000, prompts=frog)]
    runs += [save("c", 1000, "sds"), save("d", 2000, "sds", frog)]
    figure = Grid()(read_runs(runs, at_most=2))
    assert len(pictures(figure)) == 6
    assert words(figure)[4:] == [
        *("compose", "seed 1000", "seed 2000", "compose", "seed 1001", "seed 2001"),
        *("sds", "seed 1000", "seed 2000"),
    ]


def test_a_place_without_a_sample_is_named(save):
    runs = [save("a", 0), save("b", 0, "sds"), save("c", 0, prompts=("a frog", "croaking"))]
    with pytest.raises(InvalidInputError, match="method 'sds' with 'a frog' and 'croaking'; give"):
        Grid()(read_runs(runs))
