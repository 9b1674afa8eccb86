"""Every preset makes a valid run."""

import pytest

from sonocanvas.files.run_file import PRESETS, load_preset, preset_names, resolve
from sonocanvas.words.concepts import pictures, sounds

PROMPTS = {"image_prompt": "a castle", "audio_prompt": "bells"}
PARTIAL = ["paper", "paper-imprint", "paper-sds", "sds"]
COMPLETE = [name for name in preset_names() if name not in PARTIAL]
PAPER = [name for name in COMPLETE if name.startswith("paper-")]
MINI = [name for name in COMPLETE if name not in PAPER]


def test_there_is_one_for_each_example_of_the_paper_and_a_dozen_for_mini():
    assert len(PAPER) == 11
    assert len(MINI) >= 12


def test_paper_is_partial_and_lies_below_what_is_given():
    run = resolve(PROMPTS | {"sampling": {"steps": 5}}, ["paper"])
    assert (run.sampling.scheduler, run.sampling.steps) == ("ddim", 5)
    assert run.sampling.image_guidance_scale == run.sampling.audio_guidance_scale == 10.0
    assert resolve(PROMPTS, ["paper"]).sampling.steps == 100
    assert run.rule.options == {"audio_weight": 0.5}
    assert run.warm_start.options == {"image_start": 0.9, "audio_start": 1.0}


def test_imprint_of_the_paper_has_half_the_steps_for_the_picture():
    run = resolve(PROMPTS, ["paper-imprint"])
    method, sampling = run.method, run.sampling
    assert (method.name, method.options) == ("imprint", {"strength": 0.5, "image_steps": 50})
    assert (sampling.scheduler, sampling.steps, sampling.eta) == ("ddim", 100, 0.0)
    assert sampling.image_guidance_scale == sampling.audio_guidance_scale == 7.5


def test_score_distillation_of_the_paper_has_all_its_settings():
    run = resolve(PROMPTS, ["paper-sds"])
    assert (run.sampling.image_guidance_scale, run.sampling.audio_guidance_scale) == (80.0, 10.0)
    assert run.method.options == {
        "steps": 40_000,
        "learning_rate": 1e-4,
        "weight_decay": 1e-3,
        "surface": "fourier",
        "image_weight": 0.4,
        "audio_weight": 1.0,
        "image_start": 0.875,  # the picture's weight is zero for the first 5,000 steps
        "crops": 8,
        "if_model": "",
    }
    given = resolve(PROMPTS, ["paper-sds"], ["method.if_model=models/if"])
    assert given.method.options == run.method.options | {"if_model": "models/if"}


@pytest.mark.parametrize("name", PAPER)
def test_preset_of_the_paper_is_a_whole_run_with_the_sampling_of_the_paper(name):
    run, paper = resolve({}, [name]), resolve(PROMPTS, ["paper"])
    for part in ("sampling", "rule", "warm_start"):
        assert getattr(run, part) == getattr(paper, part)


@pytest.mark.parametrize("name", MINI)
def test_preset_of_mini_is_a_whole_run_of_concepts_that_mini_knows(name):
    run = resolve({}, [name])
    assert run.image_prompt in {one.prompt for one in pictures()}
    assert run.audio_prompt in {one.prompt for one in sounds()}


def test_options_are_given_with_the_name_that_they_belong_to():
    for path in PRESETS.glob("*.toml"):
        for table in ("rule", "vocoder"):
            assert "name" in load_preset(path.stem).get(table, {"name": ""})
