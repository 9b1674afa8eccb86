"""The best of many tries: what is tried, which scores choose, and what remains of the others."""

import itertools
import math
import shutil

import pytest
import torch
from tiny import LATENT_SHAPE, tiny_pair
from tiny_run import files

from sonocanvas import RunConfig, generate, load_sample
from sonocanvas.choose.chooser import noise_seeds
from sonocanvas.errors import InvalidInputError
from sonocanvas.evaluation.plan import plan_evaluation
from sonocanvas.evaluation.prompts import PromptPair
from sonocanvas.methods.layer import layered
from sonocanvas.registry import SEARCHES, build, load
from sonocanvas.types import Score

SMALL = {
    "halving": {"tries": 8},
    "combinations": {"pictures": 2, "sounds": 3, "shifts": 2, "levels": 3},
}


class Brightest:
    """Scores the picture by the light in the canvas's upper half, the sound by the lower half."""

    def __call__(self, samples):
        return [
            [
                Score("selector_image", float(sample.canvas[:16].mean()), "", True),
                Score("selector_audio", float(sample.canvas[16:].mean()), "", True),
            ]
            for sample in samples
        ]


@pytest.fixture(autouse=True)
def _quick_scorer(monkeypatch):
    monkeypatch.setattr(
        "sonocanvas.choose.chooser.make_scorers", lambda names, device: [Brightest()]
    )


@pytest.fixture
def search(config):
    """Returns a function that makes a run with a search: its name, options and other values."""

    def make(name, options=None, **values):
        options = SMALL[name] if options is None else options
        given = {"search": {"name": name, **options}, "sampling": {"steps": 8}}
        return config(load("search", name).method, **(given | values))

    return make


@pytest.mark.parametrize("name", SEARCHES)
def test_a_resumed_search_gives_the_same_bytes_and_keeps_every_candidate(
    name, search, pair, tmp_path
):
    run = search(name, seeds=[0, 5])
    made = generate(run, tmp_path / "run", pair=pair)
    whole = files(tmp_path / "run")
    assert "0005/candidates.csv" in whole
    shutil.rmtree(tmp_path / "run" / "0005")
    generate(run, tmp_path / "run", pair=pair)
    assert files(tmp_path / "run") == whole
    loaded = load_sample(tmp_path / "run" / "0005")
    assert loaded.candidates == made[1].candidates
    assert loaded.record["search"]["candidates"] == len(loaded.candidates)
    assert loaded.record["search"]["name"] == name
    assert loaded.latent.shape == LATENT_SHAPE


@pytest.mark.parametrize("name", SEARCHES)
def test_one_candidate_is_chosen_and_its_scores_are_those_of_the_sample(name, search, pair):
    (sample,) = generate(search(name, seeds=[3]), pair=pair)
    (chosen,) = [one for one in sample.candidates if one["chosen"]]
    (scores,) = Brightest()([sample])
    for score in scores:
        assert chosen[score.name] == pytest.approx(score.value, abs=2 / 255)


@pytest.mark.parametrize("name", SEARCHES)
def test_what_a_search_says_that_it_takes_it_takes(name, search, pair, evaluations):
    run = search(name, seeds=[3], warm_start={"image_start": 1.0})
    generate(run, pair=pair)
    rows = sum(shape[0] for shapes in evaluations.values() for shape in shapes)
    told = build("search", name, run.search.options).evaluations(run.sampling.steps)
    assert rows / 2 == told  # an evaluation is two rows, one for each half of guidance


@pytest.mark.parametrize("name", SEARCHES)
def test_steps_are_counted_over_the_whole_search(name, search, pair):
    steps = []
    generate(search(name, seeds=[3]), pair=pair, on_step=lambda step, clean: steps.append(step))
    assert [step.index for step in steps] == list(range(steps[0].count))


@pytest.mark.parametrize("name", SEARCHES)
def test_columns_that_the_pair_leaves_empty_are_cropped(name, search):
    (sample,) = generate(search(name, seeds=[3]), pair=tiny_pair(crop_columns=8))
    assert (sample.image.shape, sample.canvas.shape) == ((3, 32, 56), (32, 56))
    assert sample.latent.shape == LATENT_SHAPE


@pytest.mark.parametrize("scheduler", ["ddim", "euler"])
def test_a_search_of_one_try_is_the_method_itself(scheduler, search, config, pair):
    sampling = {"steps": 8, "scheduler": scheduler}
    plain = generate(config("compose", sampling=sampling, seeds=[3]), pair=pair)[0]
    (sample,) = generate(search("halving", {"tries": 1}, sampling=sampling, seeds=[3]), pair=pair)
    assert torch.equal(sample.latent, plain.latent)
    assert torch.equal(sample.canvas, plain.canvas)
    one = {"pictures": 1, "sounds": 1, "shifts": 1, "levels": 1}
    plain = generate(config("layer", sampling=sampling, seeds=[3]), pair=pair)[0]
    (sample,) = generate(search("combinations", one, sampling=sampling, seeds=[3]), pair=pair)
    assert torch.equal(sample.canvas, plain.canvas)
    torch.testing.assert_close(sample.latent, plain.latent)


def test_halving_goes_on_with_the_best_and_chooses_the_best_of_those(search, pair):
    (sample,) = generate(search("halving", seeds=[3]), pair=pair)
    stages = [[one for one in sample.candidates if one["steps"] == end] for end in (4, 6, 8)]
    assert [len(stage) for stage in stages] == [8, 3, 1]
    assert [one["noise_seed"] for one in stages[0]] == noise_seeds(3, 8)
    for before, after in itertools.pairwise(stages):
        worst_place = {one["noise_seed"]: _worst_place(one, before) for one in before}
        going_on = [one["noise_seed"] for one in after]
        given_up = worst_place.keys() - set(going_on)
        assert max(worst_place[one] for one in going_on) <= min(
            worst_place[one] for one in given_up
        )
    assert [one["chosen"] for one in sample.candidates] == [0.0] * 11 + [1.0]


def _worst_place(one, others):
    names = ("selector_image", "selector_audio")
    return max(sum(other[name] > one[name] for other in others) for name in names)


def test_combinations_try_every_picture_with_every_sound_shift_and_level(search, pair):
    (sample,) = generate(search("combinations", seeds=[3]), pair=pair)
    keys = ("picture", "sound", "shift", "picture_db")
    tried = {tuple(one[key] for key in keys) for one in sample.candidates}
    assert len(tried) == len(sample.candidates) == 2 * 3 * 2 * 3
    assert {one[3] for one in tried} == {-16.0, -10.0, -4.0}
    asked = [one for one in sample.candidates if "audibility" in one]
    assert len(asked) == 32
    assert all(0 <= one["audibility"] <= 1 for one in asked)


def test_a_louder_picture_leaves_less_of_the_sound(search, pair):
    options = {"pictures": 1, "sounds": 1, "shifts": 1, "levels": 5}
    (sample,) = generate(search("combinations", options, seeds=[3]), pair=pair)
    by_level = sorted(sample.candidates, key=lambda one: one["picture_db"])
    shares = [one["audibility"] for one in by_level]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > shares[-1]


def test_each_canvas_of_a_batch_is_layered_at_its_own_level(pair):
    heard, drawn = torch.rand(2, 3, 32, 64, generator=torch.Generator().manual_seed(0))
    levels = [-20.0, -10.0, 0.0]
    batch = layered(heard, drawn, torch.tensor(levels)[:, None, None], "max", pair.canvas_format)
    for one, level in enumerate(levels):
        single = layered(
            heard[one : one + 1], drawn[one : one + 1], level, "max", pair.canvas_format
        )
        torch.testing.assert_close(batch[one : one + 1], single)


def test_tries_are_a_seeds_own_and_begin_with_it():
    seeds = noise_seeds(7, 64)
    assert seeds[:8] == noise_seeds(7, 8)
    assert seeds[0] == 7
    assert len({*seeds, *noise_seeds(8, 64)}) == 128
    assert all(0 <= one < 2**31 for one in seeds)


def test_a_search_brings_its_method_and_is_refused_with_another():
    given = {"image_prompt": "a castle", "audio_prompt": "bells"}
    assert RunConfig(**given, search="combinations").method.name == "layer"
    assert RunConfig(**given, search={"name": "halving", "tries": 3}).method.name == "compose"
    with pytest.raises(
        InvalidInputError, match="'halving' works with the method 'compose', not with"
    ):
        RunConfig(**given, search="halving", method="layer")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"name": "halvin"}, "Did you mean 'halving'"),
        ({"name": "halving", "tries": 0}, "tries must be from 1 to 4096, not 0"),
        ({"name": "combinations", "shifts": 65}, "shifts must be from 1 to 64, not 65"),
        ({"tries": 8}, "search.tries is given without search.name; known: halving, combinations"),
    ],
)
def test_what_is_not_allowed_is_one_sentence(config, given, sentence):
    method = "layer" if given.get("name") == "combinations" else "compose"
    with pytest.raises(InvalidInputError, match=sentence):
        config(method, search=given)


def test_fresh_noise_in_each_step_is_refused(search, pair):
    run = search("halving", sampling={"steps": 4, "eta": 0.5})
    with pytest.raises(InvalidInputError, match=r"needs sampling\.eta 0, not 0\.5"):
        generate(run, pair=pair)


def test_another_selector_is_another_run(search, pair, tmp_path):
    run = search("halving", {"tries": 2}, seeds=[1])
    generate(run, tmp_path / "run", pair=pair)
    other = run.model_copy(update={"keep_by": ("clip", "clap")})
    with pytest.raises(InvalidInputError, match="holds another run: keep_by"):
        generate(other, tmp_path / "run", pair=pair)
    other = run.model_copy(update={"keep_rule": "rank-product"})
    with pytest.raises(InvalidInputError, match="holds another run: keep_rule"):
        generate(other, tmp_path / "run", pair=pair)


@pytest.mark.parametrize(
    ("method", "name", "score"),
    [
        ("compose", "halving", "selector"),
        ("layer", "combinations", "selector"),
        ("layer", "combinations", "audibility"),
    ],
)
def test_what_chose_does_not_report(method, name, score):
    prompts = [PromptPair(0, "one", "a castle", "bells", "", "")]
    settings = [f"search.name={name}"]
    with pytest.raises(InvalidInputError, match=f"'{score}' chose the samples of a row"):
        plan_evaluation(prompts, [method], {"seeds": [0]}, settings=settings, scores=[score])
    plan = plan_evaluation(prompts, [method], {"seeds": [0]}, settings=settings)
    assert plan.scores == ("judge",)


def test_stages_of_few_steps_and_tries_are_whole():
    for tries in (1, 2, 3, 6, 17):
        for steps in (1, 2, 3, 16, 50):
            stages = build("search", "halving", {"tries": tries})._stages(steps)
            assert [stage[0] for stage in stages] == [0, *(stage[1] for stage in stages[:-1])]
            assert stages[-1][1] == steps
            assert stages[0][2] == tries
            assert all(stage[2] >= math.ceil(tries / 8) for stage in stages)
