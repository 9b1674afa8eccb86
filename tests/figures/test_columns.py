import pytest
import torch

from sonocanvas.canvas import canvas_to_bytes
from sonocanvas.errors import InvalidInputError
from sonocanvas.figures.columns import Columns
from sonocanvas.figures.read import read_runs


def test_each_column_is_its_method_in_whatever_order_runs_are_given(save, words, pictures):
    methods = ("compose", "image-only", "audio-only")
    runs = [
        save(method, 1, method, canvas=torch.full((32, 64), share))
        for method, share in zip(methods, (0.2, 0.4, 0.6), strict=True)
    ]
    canvases = {}
    for one in read_runs(runs):
        canvases[one.method] = canvas_to_bytes(one.sample.canvas)
    figure = Columns()(read_runs(runs))
    for shown, method in zip(
        pictures(figure), ("image-only", "audio-only", "compose"), strict=True
    ):
        assert (shown == canvases[method]).all()
    assert words(figure)[:3] == ["picture model alone", "spectrogram model alone", "composed"]
    assert "looks like a castle, sounds like bells; seed 1" in words(figure)


def test_models_alone_may_have_seeds_of_their_own_and_these_are_told(save, words):
    runs = [save("a", 1000), save("b", 1500, "image-only"), save("c", 1500, "audio-only")]
    lines = words(Columns()(read_runs(runs)))
    assert lines[3:] == [
        *("looks like a castle, sounds like bells", "seed 1500", "seed 1500", "seed 1000")
    ]


def test_a_column_that_is_not_given_is_named(save):
    shown = read_runs([save("a", 1), save("b", 1, "image-only")])
    with pytest.raises(InvalidInputError, match="has method 'audio-only' with 'a castle' and 'bel"):
        Columns()(shown)
