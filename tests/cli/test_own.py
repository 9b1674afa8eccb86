"""A user's own code runs if it was named on the command line, never because a file names it."""

import json
import sys

import pytest
import tiny_asked as asked

from sonocanvas import registry
from sonocanvas.errors import InvalidInputError
from sonocanvas.files.run_file import load_config, load_scene, resolve
from sonocanvas.web.studio import Studio

CODE = """
from dataclasses import dataclass
from pathlib import Path
from sonocanvas.compose.mean import Mean
from sonocanvas.types import Score

Path("it-ran").write_text("it ran")

@dataclass(frozen=True)
class Mine(Mean):
    "My rule."

@dataclass(frozen=True)
class Seven:
    "My score."
    higher_is_better = True
    def __call__(self, samples):
        return [[Score("seven", 7.0, "", True)] for _ in samples]

@dataclass(frozen=True)
class Still:
    "My source."
    kind = "picture"
"""
PROMPTS = {"image_prompt": "a castle", "audio_prompt": "bells ringing"}
MAKE = ("generate", *asked.PROMPTS)
FAST = ("--steps", 1, "--seeds", 0, "--out", "run")


@pytest.fixture(autouse=True)
def code(tmp_path, monkeypatch):
    """Writes a user's module into the working folder; the file `it-ran` shows that it ran."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(registry, "_ALLOWED", set())
    (tmp_path / "own_entries.py").write_text(CODE)
    yield tmp_path
    sys.modules.pop("own_entries", None)
    assert "" not in sys.path[:-1]


def test_a_rule_of_ones_own_is_typed_and_saved_with_its_options(sonocanvas, code):
    status, _, errors = sonocanvas(*MAKE, *FAST, "--rule", "own_entries:Mine")
    assert (status, errors) == (0, "")
    record = json.loads((code / "run" / "0000" / "sample.json").read_text())
    assert record["rule"] == {"name": "own_entries:Mine", "audio_weight": 0.6}


def test_a_score_of_ones_own_is_typed_as_a_setting(sonocanvas):
    setting = 'scores=["own_entries:Seven"]'
    status, out, errors = sonocanvas(*MAKE, *FAST, "--set", setting, "--json")
    assert (status, errors) == (0, "")
    assert json.loads(out)["samples"][0]["scores"] == {"seven": 7.0}


def test_a_run_file_may_not_run_code_unless_it_is_allowed(sonocanvas, code):
    (code / "run.toml").write_text('rule = "own_entries:Mine"\n')
    given = (*MAKE, *FAST, "--preset", "run.toml")
    status, _, errors = sonocanvas(*given)
    assert status == 2
    assert "`sonocanvas --allow-code own_entries:Mine ...`" in errors
    assert not (code / "it-ran").exists()
    assert sonocanvas("--allow-code", "own_entries:Mine", *given)[0] == 0
    assert (code / "it-ran").exists()


@pytest.mark.parametrize(
    "values",
    [
        {"rule": "own_entries:Mine"},
        {"vocoder": {"name": "own_entries:Mine"}},
        {"method": "own_entries:Mine"},
        {"colour": "own_entries:Mine"},
        {"scores": ["own_entries:Seven"]},
        {"layers": ["picture source=own_entries:Still"]},
        {"layers": [{"kind": "picture", "source": "own_entries:Still"}]},
        {"search": "own_entries:Mine"},
        {"pair": "own_entries:Mine"},
        {"keep_by": ["own_entries:Seven"]},
    ],
)
def test_no_value_of_a_run_imports_what_was_not_allowed(code, values):
    with pytest.raises(InvalidInputError):
        resolve({**PROMPTS, **values})
    assert not (code / "it-ran").exists()


def test_no_scene_and_no_saved_run_imports_what_was_not_allowed(code):
    scene = '[[layers]]\nkind = "picture"\nsource = "own_entries:Still"\n'
    (code / "scene.toml").write_text(scene)
    with pytest.raises(InvalidInputError, match=r"'scene.toml', line 1: .* --allow-code"):
        load_scene(code.relative_to(code) / "scene.toml")
    lines = 'image_prompt = "a"\naudio_prompt = "b"\nrule = "own_entries:Mine"\n'
    (code / "old.toml").write_text(lines)
    with pytest.raises(InvalidInputError, match="--allow-code"):
        load_config(code / "old.toml")
    assert not (code / "it-ran").exists()


@pytest.mark.parametrize("kind", ["rule", "vocoder", "method", "colour", "search", "pair"])
def test_the_studio_takes_no_code_even_where_it_was_allowed(code, kind):
    registry.allow("own_entries:Mine")
    with pytest.raises(InvalidInputError, match="Unknown"):
        Studio(code / "runs").config_of({**PROMPTS, kind: "own_entries:Mine"})
    assert not (code / "it-ran").exists()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("no_such_module:Mine", "There is no module 'no_such_module' for the rule"),
        ("own_entries:Yours", "must be a dataclass such as sonocanvas.compose.mean:Mean"),
    ],
)
def test_what_is_not_there_is_one_sentence(sonocanvas, name, told):
    status, _, errors = sonocanvas(*MAKE, *FAST, "--rule", name)
    assert status == 2
    assert told in errors
    assert errors.count("\n") == 1


def test_only_a_name_of_that_form_can_be_allowed():
    with pytest.raises(InvalidInputError, match="module:Class, not 'os'"):
        registry.allow("os")


def test_the_menus_of_weights_and_searches_take_no_code():
    registry.allow("own_entries:Mine")
    for menu in set(registry.MENUS) - registry.OWN_MENUS:
        with pytest.raises(InvalidInputError, match="Unknown"):
            registry.load(menu, "own_entries:Mine")
