"""`-v` reports what is loaded and how long it took; every help text states its defaults."""

import logging

import pytest
from tiny_asked import PROMPTS

from sonocanvas.cli.app import app
from sonocanvas.cli.defaults import defaults_of_a_run
from sonocanvas.config import RunConfig
from sonocanvas.settings import Sampling

MAKE = ("generate", *PROMPTS, "--steps", 2, "--seeds", 3)


@pytest.fixture(autouse=True)
def quiet_again():
    yield
    logger = logging.getLogger("sonocanvas")
    logger.setLevel(logging.NOTSET)
    logger.handlers.clear()


@pytest.mark.parametrize("words", [("-v", *MAKE), (*MAKE, "--verbose"), ("-v", *MAKE, "-v")])
def test_stages_are_told_on_the_error_stream_with_all_scores_on_the_output(sonocanvas, words):
    code, out, errors = sonocanvas(*words)
    assert code == 0
    for told in ("seed 3 decoded: ", "seed 3 played by ", "scorer 'judge' made: ", "2 steps"):
        assert sum(told in line for line in errors.splitlines()) == 1, errors
    assert all(line.split()[1] == "s" for line in errors.splitlines())
    assert "error" in out
    assert "dB" in out
    assert "dB" not in errors


def test_without_it_nothing_is_told(sonocanvas):
    code, out, errors = sonocanvas(*MAKE)
    assert (code, errors) == (0, "")
    assert "dB" not in out


def test_a_pair_says_where_it_comes_from(caplog):
    from sonocanvas.models import load_pair

    with caplog.at_level(logging.INFO, "sonocanvas"):
        load_pair(RunConfig(image_prompt="a", audio_prompt="b"), "cpu")
    assert "UNet2DConditionModel loaded from" in caplog.text
    assert "pair 'mini' loaded as torch.float32 for cpu" in caplog.text


def test_defaults_are_those_of_a_run():
    found, run = defaults_of_a_run(), RunConfig(image_prompt="a", audio_prompt="b")
    assert found["steps"] == str(Sampling().steps)
    assert (found["pair"], found["rule"], found["method"]) == (run.pair, "mean", "compose")
    assert found["seeds"] == f"{run.seeds[0]}-{run.seeds[-1]}"
    assert run.vocoder.name in found["vocoder"]


def test_help_tells_them_twice_alike(sonocanvas):
    first, second = (sonocanvas("generate", "--help")[1] for _ in range(2))
    assert first == second
    for default in ("16", "0-3", "mini", "compose", "mean", "0.4"):
        assert f"[default: {default}]" in " ".join(first.split())


def test_every_option_of_generate_that_a_run_has_a_default_for_tells_it():
    import typer.main

    (command,) = (
        one for name, one in typer.main.get_command(app).commands.items() if name == "generate"
    )
    known = defaults_of_a_run()
    fields = {"duration": "duration_s", "steps": "sampling", "strength": "layers"}
    names = {option.name for option in command.params}
    assert known.keys() <= names
    assert {fields.get(name, name) for name in known} <= RunConfig.model_fields.keys()
