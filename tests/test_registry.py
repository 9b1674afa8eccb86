"""The menu: every entry exists, has a one-sentence description and refuses unknown options."""

import inspect

import pytest

from sonocanvas.errors import InvalidInputError
from sonocanvas.registry import MENUS, MISSING, build, load, options, split_pair

ENTRIES = [(menu, name) for menu, entries in MENUS.items() for name in entries]
CHOICES = [entry for entry in ENTRIES if entry[0] in ("rule", "wrapper", "vocoder", "colouriser")]


@pytest.mark.parametrize(("menu", "name"), ENTRIES)
def test_entry_is_imported_and_has_a_docstring_of_its_own(menu, name):
    first_line = (inspect.getdoc(load(menu, name)) or "").partition("\n")[0]
    assert first_line.endswith(".")


@pytest.mark.parametrize(("menu", "name"), CHOICES)
def test_entry_is_a_frozen_dataclass_that_is_built_from_its_own_defaults(menu, name):
    assert load(menu, name).__dataclass_params__.frozen
    defaults = options(menu, name)
    given = {key: value for key, value in defaults.items() if value is not MISSING}
    parts = {key: None for key, value in defaults.items() if value is MISSING}
    assert build(menu, name, given, **parts) == build(menu, name, {}, **parts)


@pytest.mark.parametrize("menu", ["rule", "pair"])  # users can add rules, but not pairs
def test_unknown_name_lists_the_known_ones(menu):
    with pytest.raises(InvalidInputError, match=f"Unknown {menu} 'zzz'. Known: "):
        load(menu, "zzz")


def test_near_name_is_suggested():
    with pytest.raises(InvalidInputError, match="Did you mean 'griffin_lim'"):
        load("vocoder", "grifin-lim")


def test_near_option_is_suggested():
    with pytest.raises(InvalidInputError, match="Did you mean 'audio_weight'"):
        build("rule", "mean", {"audio_wait": 0.5})


def test_option_of_another_type_is_refused():
    with pytest.raises(InvalidInputError, match="audio_weight must be of type float, not 'half'"):
        build("rule", "mean", {"audio_weight": "half"})


@pytest.mark.parametrize(
    ("name", "expected"),
    [("mini", ("mini", "")), ("local:a/b", ("local:FOLDER", "a/b"))],
)
def test_pair_is_an_entry_or_a_folder(name, expected):
    assert split_pair(name) == expected


def test_part_is_no_option():
    with pytest.raises(InvalidInputError, match="Unknown option"):
        build("wrapper", "warm_start", {"rule": "mean"}, rule=None)
