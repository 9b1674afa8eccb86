"""The configuration of a run: defaults, TOML, settings and error sentences."""

import pytest

from sonocanvas.config import RunConfig
from sonocanvas.errors import InvalidInputError
from sonocanvas.files.run_file import load_config, load_preset, resolve, to_toml
from sonocanvas.registry import RULES
from sonocanvas.values import parse_seeds

PROMPTS = {"image_prompt": "a castle", "audio_prompt": "bells"}


def run(**values):
    return RunConfig(**(PROMPTS | values))


def changed(settings):
    return resolve(run().model_dump(), settings=settings)


def test_toml_round_trip_is_exact(tmp_path):
    config = run(
        image_prompt='a "castle"\n\\ with ünïcode — 城',
        seeds=[2**63 - 1, 0],
        sampling={"image_guidance_scale": 0.1 + 0.2, "steps": 3},
        rule={"name": "mean", "audio_weight": 1 / 3},
    )
    path = tmp_path / "run.toml"
    path.write_text(to_toml(config), encoding="utf-8")
    assert load_config(path) == config
    assert to_toml(load_config(path)) == to_toml(config)


def test_guidance_interval_comes_back_from_toml_and_from_a_setting(tmp_path):
    config = changed(["sampling.guidance_interval=[0.25, 1]"])
    assert config.sampling.guidance_interval == (0.25, 1.0)
    path = tmp_path / "run.toml"
    path.write_text(to_toml(config), encoding="utf-8")
    assert load_config(path) == config


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("guidance_interval=[0.8, 0.2]", r"must not decrease, but is \[0.8, 0.2\]"),
        ("guidance_interval=[0.0, 1.5]", "less than or equal to 1, not 1.5"),
        ("dtype=float64", "'auto', 'float32', 'bfloat16' or 'float16', not 'float64'"),
    ],
)
def test_sampling_that_is_not_allowed_is_refused_by_value(setting, message):
    with pytest.raises(InvalidInputError, match=message):
        changed([f"sampling.{setting}"])


def test_options_that_are_left_out_are_written_out():
    assert run().rule.options == {"audio_weight": 0.6}
    assert run().warm_start.options == {"image_start": 0.9, "audio_start": 1.0}
    assert run().vocoder.options


def test_run_is_frozen():
    with pytest.raises(ValueError, match="frozen"):
        run().pair = "other"


def test_setting_reaches_every_part():
    config = changed(
        ["rule.audio_weight=0.25", "sampling.steps=7", "seeds=4-6", "image_prompt=a ship"],
    )
    assert config.rule.options == {"audio_weight": 0.25}
    assert (config.sampling.steps, config.seeds, config.image_prompt) == (7, (4, 5, 6), "a ship")
    assert config.sampling.scheduler == run().sampling.scheduler


def test_settings_lie_over_what_is_given_over_presets_over_defaults():
    config = resolve(
        {"sampling": {"steps": 9}, "seeds": "5"},
        ["castle-bells", "paper"],
        ["sampling.audio_guidance_scale=2.5"],
    )
    assert config.sampling.steps == 9
    assert config.sampling.image_guidance_scale == 10.0
    assert config.sampling.audio_guidance_scale == 2.5
    assert (config.seeds, config.audio_prompt) == ((5,), "tubular bells tolling")


def test_vocoder_is_that_of_the_pair_unless_a_run_names_one():
    assert run(pair="sd15-auffusion").vocoder.options == {}
    assert run(pair="sd15-auffusion").vocoder.name == "hifigan"
    assert run(pair="sd15-auffusion", vocoder={"name": "griffin_lim"}).vocoder.options
    assert resolve({"pair": "sd15-auffusion"}, ["castle-bells"]).vocoder.name == "hifigan"
    assert run(vocoder={"name": "griffin_lim", "iterations": 8}).vocoder.options["iterations"] == 8


def test_pair_in_a_folder_has_its_vocoder_if_it_carries_one(tmp_path):
    assert run(pair=f"local:{tmp_path}").vocoder.name == "griffin_lim"
    (tmp_path / "vocoder").mkdir()
    assert run(pair=f"local:{tmp_path}").vocoder.name == "hifigan"
    (tmp_path / "vocoder" / "config.json").write_text('{"vocoder": "phase_net"}')
    assert run(pair=f"local:{tmp_path}").vocoder.name == "phase_net"
    (tmp_path / "vocoder" / "config.json").write_text("{")
    with pytest.raises(InvalidInputError, match="is not a JSON file"):
        run(pair=f"local:{tmp_path}")


def test_mini_has_the_vocoder_that_it_ships_with_or_griffin_lim(tmp_path, monkeypatch):
    monkeypatch.setattr("sonocanvas.config.MINI", tmp_path)
    assert run().vocoder.name == "griffin_lim"
    (tmp_path / "vocoder").mkdir()
    (tmp_path / "vocoder" / "config.json").write_text('{"vocoder": "phase_net"}')
    assert run().vocoder.name == "phase_net"
    assert run(vocoder={"name": "griffin_lim"}).vocoder.options["iterations"] == 32


def test_colour_is_none_unless_named_and_then_holds_every_option(tmp_path):
    assert run().colour.model_dump() == {"name": ""}
    named = run(colour="latent")
    options = {"prompt": "", "samples": 1, "seed": 0, "steps": 30, "start_step": 7}
    assert named.colour.model_dump() == {"name": "latent", "guidance_scale": 10.0, **options}
    for config in (run(), named, run(colour="magma")):
        (tmp_path / "run.toml").write_text(to_toml(config), "utf-8")
        assert load_config(tmp_path / "run.toml") == config


@pytest.mark.parametrize(
    ("colour", "sentence"),
    [
        ({"name": "magna"}, "Unknown colouriser 'magna'. Did you mean 'magma'"),
        ({"name": "latent", "step": 3}, "Did you mean 'steps'"),
        ({"name": "latent", "steps": 5}, "start_step must be from 0 to 4, not 7"),
        ({"steps": 5}, "colour.steps is given without colour.name; known: magma"),
    ],
)
def test_wrong_colour_is_one_sentence(colour, sentence):
    with pytest.raises(InvalidInputError) as error:
        run(colour=colour)
    assert sentence in str(error.value)


def test_run_file_of_the_first_version_loads(tmp_path):
    path = tmp_path / "run.toml"
    old = to_toml(run()).replace('image_model = ""\n', "").replace('audio_model = ""\n', "")
    path.write_text(old, encoding="utf-8")
    assert "model" not in old
    assert load_config(path) == run()


def test_another_rule_leaves_the_options_of_the_old_one_behind(monkeypatch):
    monkeypatch.setitem(RULES, "other", "sonocanvas.compose.warm_start:WarmStart")
    options = changed(["rule.name=other"]).rule.options
    assert set(options) == {"image_start", "audio_start"}


def test_run_file_is_a_preset(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(to_toml(run(seeds=[9])), encoding="utf-8")
    assert resolve({}, [str(path)]) == run(seeds=[9])


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("3", (3,)), ("1,4-6", (1, 4, 5, 6)), (" 1 , 2 - 3", (1, 2, 3))],
)
def test_seeds_are_parsed(text, seeds):
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("7-3", "'7-3' must go upwards"),
        ("-1", "not have the form"),
        ("1-", "not have the form"),
        ("a", "not have the form"),
        ("²", "not have the form"),
        ("1,1", "name a seed twice"),
        ("0-100000", "at most 100000"),
        (str(2**63), "below 2"),
    ],
)
def test_wrong_seeds_are_refused(text, sentence):
    with pytest.raises(InvalidInputError, match=sentence):
        parse_seeds(text)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"image_prompt": "  "}, "A prompt must not be empty"),
        ({"pair": "minni"}, "Unknown pair 'minni'. Did you mean 'mini'"),
        ({"pair": "local:"}, "Unknown pair 'local:'. Did you mean 'local:FOLDER'"),
        ({"vocoder": {"name": "hifigan", "weights": "x"}}, "Unknown option"),
        ({"method": "composed"}, "Did you mean 'compose'"),
        ({"rule": {"audio_wait": 1.0}}, "Did you mean 'audio_weight'"),
        ({"rule": {"audio_weight": 1.5}}, r"audio_weight must be in \[0, 1\], not 1.5"),
        ({"warm_start": {"image_strt": 1.0}}, "Did you mean 'image_start'"),
        ({"scores": ["round-trip"]}, "Did you mean 'round_trip'"),
        ({"sampling": {"steps": 0}}, "sampling.steps must be greater than or equal to 1, not 0"),
        ({"sampling": {"steps": 2.5}}, "sampling.steps must be a valid integer, not 2.5"),
        ({"sampling": {"eta": float("nan")}}, "sampling.eta must be a finite number"),
        ({"sampling": {"stpes": 3}}, "Unknown key 'sampling.stpes'. Did you mean 'sampling.steps'"),
        ({"steps": 3}, "Unknown key 'steps'. Did you mean 'sampling.steps'"),
        ({"audio_weight": 1}, "Did you mean 'rule.audio_weight'"),
        ({"seeds": []}, r"The seeds must be one or more, each once, not \(\)"),
        ({"seeds": [1, 1]}, r"The seeds must be one or more, each once, not \(1, 1\)"),
        ({"seeds": [-1]}, "seeds.0 must be greater than or equal to 0, not -1"),
        ({"seeds": [True]}, "seeds.0 must be a valid integer"),
        ({"seeds": [2**63]}, "seeds.0 must be less than or equal to"),
        ({"batch_size": 0}, "batch_size must be greater"),
    ],
)
def test_wrong_value_is_one_sentence(values, sentence):
    with pytest.raises(InvalidInputError, match=sentence) as caught:
        run(**values)
    assert "\n" not in str(caught.value)


def test_missing_prompt_is_named():
    with pytest.raises(InvalidInputError, match="audio_prompt is missing"):
        RunConfig(image_prompt="a castle")


@pytest.mark.parametrize("setting", ["steps", "=3", "rule.=3"])
def test_setting_without_key_or_value_is_refused(setting):
    with pytest.raises(InvalidInputError, match="not have the form 'key=value'"):
        changed([setting])


def test_unknown_preset_is_refused_with_the_nearest():
    with pytest.raises(InvalidInputError, match="Did you mean 'castle-bells'"):
        load_preset("castle-bell")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "Cannot read"),
        (b"seeds = [", "is not a TOML file"),
        (b"\xff\xfe", "line 1: it is not UTF-8 text"),
    ],
)
def test_run_file_that_is_none_is_refused(tmp_path, content, sentence):
    path = tmp_path / "run.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidInputError, match=sentence):
        load_preset(str(path))


def test_an_entry_given_by_its_name_alone_takes_settings():
    config = resolve(PROMPTS | {"method": "imprint"}, settings=["method.strength=0.25"])
    assert (config.method.name, config.method.options["strength"]) == ("imprint", 0.25)


def test_only_mini_is_scored_by_the_judge_where_nothing_is_said():
    prompts = {"image_prompt": "a", "audio_prompt": "b"}
    assert RunConfig(**prompts).scores == ("judge", "round_trip")
    assert RunConfig(**prompts, pair="sd15-auffusion").scores == ("round_trip",)
    assert RunConfig(**prompts, scores=["clip"]).scores == ("clip",)
