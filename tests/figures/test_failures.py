import pytest

from sonocanvas.canvas import canvas_to_bytes
from sonocanvas.errors import InvalidInputError
from sonocanvas.figures.failures import Failures
from sonocanvas.figures.read import read_runs
from sonocanvas.types import Score


@pytest.fixture
def run(save):
    for seed, value in enumerate((0.3, 0.9, 0.1, 0.5)):
        folder = save("run", seed, value=value)
    return folder


@pytest.mark.parametrize(("score", "seeds"), [("", [1, 2, 3, 0]), ("error", [2, 1, 0, 3])])
def test_best_at_the_left_worst_at_the_right_in_the_direction_of_the_score(
    run, pictures, score, seeds
):
    shown = read_runs([run])
    for drawn, seed in zip(pictures(Failures(score)(shown)), seeds, strict=True):
        assert (drawn == canvas_to_bytes(shown[seed].sample.canvas)).all()


def test_prompts_scores_and_what_the_rank_does_not_say_are_told(run, words):
    lines = words(Failures("error")(read_runs([run])))
    assert lines[:2] == ["best", "worst"]
    assert "error 1.000 dB, seed 2, compose" in lines
    assert lines.count("looks like a castle") == 4
    caption = " ".join(lines[-2:])
    assert "The 2 best and the 2 worst of 4 samples by error (lower is better)" in caption
    assert "does not say that a canvas looks and sounds as asked" in caption


def test_no_score_an_unknown_one_or_a_single_sample_is_one_sentence(save, run):
    with pytest.raises(InvalidInputError, match=r"Unknown score 'eror'. Did you mean 'error'"):
        Failures("eror")(read_runs([run]))
    with pytest.raises(InvalidInputError, match="needs at least 2 samples, not 1"):
        Failures()(read_runs([run], [0]))
    unscored = save("unscored", 7, scores=())
    with pytest.raises(InvalidInputError, match=r"no score that all .*unscored/0007' has none"):
        Failures()(read_runs([run, unscored]))
    other = save("other", 8, scores=(Score("pitch", 1.0, "", higher_is_better=True),))
    with pytest.raises(InvalidInputError, match="each lacks one that another has"):
        Failures()(read_runs([run, other]))
