"""THE MENU: every choice that a user can name, and where its code is.

An entry is `name -> "module:attribute"` and is imported on first use. To add a rule, a vocoder or
a scorer, write its file and add one line here.
"""

import dataclasses
import importlib
import re
import types
from collections.abc import Mapping
from typing import Any

from sonocanvas.errors import InvalidInputError, unknown

MISSING = dataclasses.MISSING
"""Marks fields without a default in the result of `options`: they are parts, not options."""

METHODS = {
    "compose": "sonocanvas.methods.compose:Compose",
    "imprint": "sonocanvas.methods.imprint:Imprint",
    "layer": "sonocanvas.methods.layer:Layer",
    "sds": "sonocanvas.methods.sds:Sds",
    "image-only": "sonocanvas.methods.single:ImageOnly",
    "audio-only": "sonocanvas.methods.single:AudioOnly",
}
SEARCHES = {
    "halving": "sonocanvas.choose.halving:Halving",
    "combinations": "sonocanvas.choose.combinations:Combinations",
}
SOURCES = {
    "picture_file": "sonocanvas.sources.picture_file:PictureFile",
    "sound_file": "sonocanvas.sources.sound_file:SoundFile",
    "text": "sonocanvas.sources.text:Text",
}
RULES = {"mean": "sonocanvas.compose.mean:Mean"}
WRAPPERS = {"warm_start": "sonocanvas.compose.warm_start:WarmStart"}
VOCODERS = {
    "griffin_lim": "sonocanvas.vocoders.griffin_lim:GriffinLim",
    "hifigan": "sonocanvas.vocoders.hifigan:HifiGan",
    "istft_phase": "sonocanvas.vocoders.istft_phase:IstftPhase",
    "phase_net": "sonocanvas.vocoders.phase_net:PhaseNet",
}
SCORERS = {
    "audibility": "sonocanvas.scorers.audibility:Audibility",
    "birdnet": "sonocanvas.scorers.birdnet:BirdNet",
    "clap": "sonocanvas.scorers.clap:Clap",
    "clip": "sonocanvas.scorers.clip:Clip",
    "imagenet": "sonocanvas.scorers.imagenet:ImageNet",
    "judge": "sonocanvas.scorers.judge:Judge",
    "musicnn": "sonocanvas.scorers.musicnn:Musicnn",
    "picture_likeness": "sonocanvas.scorers.picture_likeness:PictureLikeness",
    "round_trip": "sonocanvas.scorers.round_trip:RoundTrip",
    "selector": "sonocanvas.scorers.selector:Selector",
}
SELECTORS = frozenset({"audibility", "clap", "clip", "picture_likeness", "round_trip", "selector"})
"""Scorers that can select samples. The judge and the strangers are excluded: a score that selected
a sample is no independent measure of it."""
SET_SCORERS = {
    "fad": "sonocanvas.scorers.fad:Fad",
    "fid": "sonocanvas.scorers.fid:Fid",
}
COLOURISERS = {
    "magma": "sonocanvas.colourisers.colour_map:Magma",
    "inferno": "sonocanvas.colourisers.colour_map:Inferno",
    "plasma": "sonocanvas.colourisers.colour_map:Plasma",
    "viridis": "sonocanvas.colourisers.colour_map:Viridis",
    "cividis": "sonocanvas.colourisers.colour_map:Cividis",
    "turbo": "sonocanvas.colourisers.colour_map:Turbo",
    "latent": "sonocanvas.colourisers.latent:Latent",
    "deepfloyd": "sonocanvas.colourisers.deepfloyd:DeepFloyd",
}
PAIRS = {
    "mini": "sonocanvas.pairs.mini:load",
    "sd15-auffusion": "sonocanvas.pairs.sd15_auffusion:load",
    "sd15-riffusion": "sonocanvas.pairs.sd15_riffusion:load",
    "local:FOLDER": "sonocanvas.pairs.local:load",
}
FIGURES = {
    "teaser": "sonocanvas.figures.teaser:Teaser",
    "columns": "sonocanvas.figures.columns:Columns",
    "grid": "sonocanvas.figures.grid:Grid",
    "cycle": "sonocanvas.figures.cycle:Cycle",
    "failures": "sonocanvas.figures.failures:Failures",
}

MENUS: dict[str, dict[str, str]] = {
    "method": METHODS,
    "search": SEARCHES,
    "source": SOURCES,
    "rule": RULES,
    "wrapper": WRAPPERS,
    "vocoder": VOCODERS,
    "scorer": SCORERS,
    "set_scorer": SET_SCORERS,
    "colouriser": COLOURISERS,
    "pair": PAIRS,
    "figure": FIGURES,
}


OWN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
"""Form of a user's own entry, `module:Class`."""
OWN_MENUS = frozenset({"method", "source", "rule", "vocoder", "scorer", "colouriser"})
_ALLOWED: set[str] = set()


def allow(name: str) -> None:
    """Lets a name `module:Class` stand for its class on the menus of `OWN_MENUS`, in this process.

    Names in files are never allowed this way: a file may come from anyone, and importing runs code.

    Args:
        name: The name as the user wrote it, in Python or on the command line.

    Raises:
        InvalidInputError: It does not have that form.
    """
    if not OWN.fullmatch(name):
        raise InvalidInputError(f"Your own code must be named as module:Class, not '{name}'.")
    _ALLOWED.add(name)


def allowed() -> frozenset[str]:
    """Returns the names that were allowed in this process."""
    return frozenset(_ALLOWED)


def load(menu: str, name: str) -> Any:
    """Imports and returns the entry of a name on a menu.

    Args:
        menu: One of the keys of `MENUS`.
        name: An entry of that menu, or for `OWN_MENUS` a name that was allowed.

    Raises:
        InvalidInputError: The name is not on the menu, or it names code that was not allowed or
            does not exist.
    """
    entries = MENUS[menu]
    if name in entries:
        module, _, attribute = entries[name].partition(":")
        return getattr(importlib.import_module(module), attribute)
    if menu in OWN_MENUS and OWN.fullmatch(name):
        return _load_own(menu, name)
    raise unknown(menu, name, entries)


def _load_own(menu: str, name: str) -> Any:
    """Returns the class that a user's own name stands for, if its code may run."""
    if name not in _ALLOWED:
        raise InvalidInputError(
            f"The {menu} '{name}' is code from outside SonoCanvas, which a file must not run; if "
            f"you trust it, allow it: `sonocanvas --allow-code {name} ...`."
        )
    module, _, attribute = name.partition(":")
    try:
        entry = getattr(importlib.import_module(module), attribute, None)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise  # the missing module is one that it imports
        raise InvalidInputError(
            f"There is no module '{error.name}' for the {menu} '{name}'."
        ) from None
    if not isinstance(entry, type) or not dataclasses.is_dataclass(entry):
        raise InvalidInputError(
            f"The {menu} '{name}' must be a dataclass such as {next(iter(MENUS[menu].values()))}."
        )
    return entry


def split_pair(name: str) -> tuple[str, str]:
    """Returns the entry of `PAIRS` that a pair's name stands for, and the folder in the name.

    Args:
        name: An entry, or `local:` followed by a folder.

    Raises:
        InvalidInputError: The name is unknown.

    Example:
        >>> split_pair("local:models/mine")
        ('local:FOLDER', 'models/mine')
    """
    kind, _, folder = name.partition(":")
    if kind == "local" and folder:
        return "local:FOLDER", folder
    if name not in PAIRS:
        raise unknown("pair", name, PAIRS)
    return name, ""


def options(menu: str, name: str) -> dict[str, Any]:
    """Returns the options of an entry with their defaults: the fields of its dataclass."""
    return {field.name: field.default for field in dataclasses.fields(load(menu, name))}


def build(menu: str, name: str, given: Mapping[str, Any], **parts: Any) -> Any:
    """Returns an entry made with its options.

    Args:
        menu: One of the keys of `MENUS`.
        name: An entry of that menu that is a dataclass.
        given: Options by name; missing ones keep their defaults.
        parts: Fields that are not options, such as the rule inside a wrapper.

    Raises:
        InvalidInputError: The name, an option or an option's value is not allowed.
    """
    entry = load(menu, name)
    allowed = {field.name: field for field in dataclasses.fields(entry)}
    for key, value in given.items():
        if key not in allowed or key in parts:
            raise unknown(f"option of {menu} '{name}':", key, set(allowed) - set(parts))
        default = allowed[key].default
        if isinstance(default, types.NoneType | dataclasses._MISSING_TYPE):
            continue
        whole_for_float = isinstance(default, float) and type(value) is int
        if type(value) is not type(default) and not whole_for_float:
            kind = type(default).__name__
            raise InvalidInputError(
                f"{menu} '{name}': {key} must be of type {kind}, not {value!r}."
            )
    return entry(**given, **parts)
