"""The towers of `mini` and the judge as scorers, and checks that the judge never selects."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tiny_scorers import hearts, noise, rough, sample_of, siren

import sonocanvas
from sonocanvas.canvas import waveform_to_canvas
from sonocanvas.registry import build
from sonocanvas.types import MINI_FORMAT

PACKAGE = Path(sonocanvas.__file__).parent


@pytest.mark.parametrize("name", ["selector", "judge"])
def test_every_sample_has_two_scores_alone_or_in_a_batch(name):
    scorer = build("scorer", name, {})
    samples = [sample_of(hearts(), siren()), sample_of(rough(), noise())]
    batch = scorer(samples)
    assert batch == [scorer([sample])[0] for sample in samples]
    assert all(good.value > bad.value for good, bad in zip(*batch, strict=True))
    described = [(one.name, one.unit, one.higher_is_better) for one in batch[0]]
    assert described == [(f"{name}_image", "", True), (f"{name}_audio", "", True)]
    assert type(scorer).higher_is_better


def test_a_drawn_canvas_has_the_picture_score_of_its_sample_and_its_level_does_not_count():
    scorer = build("scorer", "selector", {})
    samples = [sample_of(hearts(), siren()), sample_of(rough(), siren())]
    loud, quiet = (waveform_to_canvas(gain * siren(), MINI_FORMAT)[0] for gain in (4, 2))
    canvases = torch.stack([*(sample.canvas for sample in samples), loud, quiet])
    drawn = scorer.of_canvases(canvases, samples[0].prompts)
    for (image, _), (played, _) in zip(drawn, scorer(samples), strict=False):
        assert image.value == pytest.approx(played.value, abs=1e-5)
    sounds = [audio.value for _, audio in drawn]
    assert sounds[2] == pytest.approx(sounds[3], abs=0.01)
    assert [score.name for score in drawn[0]] == ["selector_image", "selector_audio"]


def test_selector_and_judge_are_two_opinions():
    sample = sample_of(hearts(), siren())
    first, second = (build("scorer", name, {})([sample])[0] for name in ("selector", "judge"))
    assert all(abs(one.value - other.value) > 1e-3 for one, other in zip(first, second))  # noqa: B905


def test_what_may_select_never_loads_the_judge():
    program = (
        "import sys\n"
        "from sonocanvas.registry import SELECTORS, load\n"
        "for name in SELECTORS: load('scorer', name)\n"
        "from sonocanvas.choose.scoring import make_scorers\n"
        "make_scorers(['selector', 'round_trip'])\n"
        "print('sonocanvas.scorers.judge' in sys.modules)\n"
        "load('scorer', 'judge')\n"
        "print('sonocanvas.scorers.judge' in sys.modules)\n"
    )
    environment = {"PYTHONPATH": str(PACKAGE.parent), "HOME": "/"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "True"]
