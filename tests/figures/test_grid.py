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


def test_a_place_without_a_sample_is_named(save):
    runs = [save("a", 0), save("b", 0, "sds"), save("c", 0, prompts=("a frog", "croaking"))]
    with pytest.raises(InvalidInputError, match="'sds' with seed 0 of 'a frog' and 'croaking'"):
        Grid()(read_runs(runs))
