"""The plan of an evaluation: rows and noise, and every mistake reported before a model loads."""

import re
import shlex
from pathlib import Path

import pytest

from sonocanvas.errors import InvalidInputError
from sonocanvas.evaluation.plan import plan_evaluation
from sonocanvas.evaluation.prompts import PromptPair

DOCUMENT = Path(__file__).parents[2] / "docs" / "evaluation.md"
PAIRS = [
    PromptPair(0, "castle_bell", "a castle", "bells ringing"),
    PromptPair(7, "dog_bird", "a dog", "birds singing"),
]
SEEDS = {"seeds": "0-1"}


def plan(methods=("compose",), given=SEEDS, **options):
    return plan_evaluation(PAIRS, methods, given, **options)


def test_a_row_for_each_method_and_then_one_for_each_value_of_the_first():
    made = plan(
        ("imprint", "compose"),
        settings=["sampling.steps=4"],
        vary=[
            "sampling.steps=8, 16",
            "sampling.guidance_interval=[0.2, 0.8],[0.0, 0.5]",
            "style=an outline of {}, grayscale",
        ],
    )
    names = [row.name for row in made.rows]
    assert names[:4] == ["imprint", "compose", "imprint, sampling.steps=8", names[3]]
    assert [row.base.method.name for row in made.rows] == ["imprint", "compose"] + ["imprint"] * 5
    assert [row.base.sampling.steps for row in made.rows] == [4, 4, 8, 16, 4, 4, 4]
    intervals = [row.base.sampling.guidance_interval for row in made.rows[4:6]]
    assert intervals == [(0.2, 0.8), (0.0, 0.5)]
    run = made.rows[-1].run(PAIRS[0])
    assert (run.image_prompt, run.audio_prompt) == (
        "an outline of a castle, grayscale",
        PAIRS[0].audio_prompt,
    )
    assert made.rows[0].run(PAIRS[0]).image_prompt == "a castle"
    assert len({row.folder for row in made.rows}) == 7


def test_a_preset_is_a_row_with_the_method_and_sampling_of_its_own():
    first, second = plan(vary=["preset=sds"]).rows
    assert (first.base.method.name, second.base.method.name) == ("compose", "sds")
    assert (
        second.base.sampling.image_guidance_scale
        == 15.0
        != first.base.sampling.image_guidance_scale
    )
    assert (second.name, second.base.seeds) == ("preset sds", (0, 1))
    with pytest.raises(InvalidInputError, match="Unknown preset 'sdss'"):
        plan(vary=["preset=sdss"])


def test_every_pair_has_noise_of_its_own_that_methods_share_but_references_do_not():
    made = plan(("compose", "imprint", "image-only", "audio-only"))
    seeds = {row.name: row.run(PAIRS[1]).seeds for row in made.rows}
    assert seeds["compose"] == seeds["imprint"] == (7000, 7001)
    assert seeds["image-only"] == seeds["audio-only"] == (7500, 7501)
    assert made.rows[0].run(PAIRS[0]).seeds == (0, 1)


def test_scores_are_those_that_fit():
    assert plan().scores == ("selector", "judge")
    assert plan().set_scores == ()
    assert plan(("compose", "image-only")).set_scores == ("fid",)
    assert plan(given={**SEEDS, "pair": "sd15-auffusion"}).scores == ("clip", "clap")
    kept = plan(given={"seeds": "0-3", "keep": 1})
    assert kept.scores == ("judge",)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"methods": ("compoze",)}, "Did you mean 'compose'"),
        ({"methods": ()}, "There is no method"),
        ({"methods": ("compose", "compose")}, "are the same; give each once"),
        ({"vary": ["sampling.stpes=1"]}, "Did you mean 'sampling.steps'"),
        ({"vary": ["sampling.steps"]}, "does not have the form 'key=value,value'"),
        ({"vary": ["sampling.steps=0"]}, "greater than or equal to 1, not 0"),
        ({"vary": ["pair=mini,sd15-auffusion"]}, "pair cannot be varied"),
        ({"vary": ["sampling.dtype=bfloat16"]}, "dtype cannot be varied"),
        ({"style": "a painting"}, "must contain {} once"),
        ({"vary": ["style={} and {}"]}, "must contain {} once"),
        ({"given": {"seeds": "0-500"}}, "must be below 500, not 500"),
        ({"scores": ["juge"]}, "Did you mean 'judge'"),
        ({"scores": []}, "must be one or more"),
        ({"vary": ["image_prompt=a dog,a cat"]}, "image_prompt is set by the table of prompts"),
        ({"settings": ["audio_prompt=bells"]}, "audio_prompt is set by the table of prompts"),
        ({"vary": ["seeds=0-3"]}, "seeds is set by --seeds"),
        ({"settings": ['scores=["judge"]']}, "scores is set by --scores"),
        ({"scores": ["fad"]}, "compares with the outputs of 'audio-only'; add that method"),
    ],
)
def test_what_does_not_go_together_is_told_in_a_sentence(options, told):
    with pytest.raises(InvalidInputError) as error:
        plan(**options)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_sets_are_compared_only_where_every_row_has_two_samples():
    def one_pair(seeds, **options):
        methods = ("compose", "image-only")
        return plan_evaluation(PAIRS[:1], methods, {"seeds": seeds}, **options)

    assert one_pair("0-1").set_scores == ("fid",)
    for options in ({"seeds": "0"}, {"seeds": "0-3", "settings": ["keep=1"]}):
        assert one_pair(**options).set_scores == ()
        with pytest.raises(
            InvalidInputError, match=r"'fid' compares at least two .* a row has one"
        ):
            one_pair(**options, scores=["fid"])


def test_no_row_is_reported_by_the_scorer_that_chose_its_samples():
    with pytest.raises(InvalidInputError, match="'selector' chose the samples of a row"):
        plan(given={"seeds": "0-3", "keep": 1}, scores=["judge", "selector"])
    with pytest.raises(InvalidInputError, match=r"'clip' chose the samples"):
        plan(vary=["keep=1"], settings=['keep_by=["clip", "clap"]'], scores=["clip"])


def test_a_distance_in_the_features_of_what_chose_is_no_report_either():
    given = {"pair": "sd15-auffusion", "seeds": "0-3"}

    def kept_by(names, **options):
        methods, settings = ("compose", "image-only", "audio-only"), [f"keep_by={names}", "keep=1"]
        return plan_evaluation(PAIRS, methods, given, settings=settings, **options)

    assert kept_by('["selector"]').set_scores == ("fid", "fad")
    with pytest.raises(InvalidInputError, match=r"'clip' chose .* so 'fid' says nothing"):
        kept_by('["clip", "clap"]', scores=["fid"])
    with pytest.raises(InvalidInputError, match=r"^clap, clip chose .* name one with --scores"):
        kept_by('["clip", "clap"]')


def commands():
    text = DOCUMENT.read_text("utf-8").replace("\\\n", " ")
    return re.findall(r"^sonocanvas evaluate .*$", text, re.MULTILINE)


@pytest.mark.parametrize("command", commands())
def test_every_documented_command_can_be_planned(command):
    words = [word for word in shlex.split(command)[2:] if word != "--benchmark"]
    words = [word for word in words if not word.endswith(".tsv")]
    given = list(zip(words[::2], words[1::2], strict=True))
    options = dict(given)
    made = plan(
        options["--methods"].split(","),
        {"seeds": options.get("--seeds", "0-1")},
        vary=[value for key, value in given if key == "--vary"],
        settings=[value for key, value in given if key == "--set"],
        scores=options["--scores"].split(",") if "--scores" in options else None,
    )
    assert made.rows
    known = {"--methods", "--seeds", "--vary", "--set", "--scores", "--pairs", "--out"}
    assert set(options) <= known
