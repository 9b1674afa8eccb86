"""Runs as files: presets, TOML in and out, and settings from the command line.

Values come in this order, the later over the earlier: the defaults of `config.RunConfig`,
presets, what was given, `key=value` settings.
"""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import tomli_w

from sonocanvas.config import RunConfig
from sonocanvas.errors import InvalidInputError, unknown
from sonocanvas.settings import read_value

PRESETS = Path(__file__).parent / "presets"


def preset_names() -> list[str]:
    """Returns the names of the presets, sorted."""
    return sorted(path.stem for path in PRESETS.glob("*.toml"))


def load_preset(name: str) -> dict[str, Any]:
    """Returns the values of a preset, or of a run file where the name ends in ``.toml``.

    A preset may be partial: `paper` holds the paper's sampling and no prompts.

    Raises:
        InvalidInputError: There is no such preset or file, or it is not TOML.
    """
    if name.endswith(".toml"):
        return read_toml(Path(name))
    if name not in preset_names():
        raise unknown("preset", name, preset_names())
    return read_toml(PRESETS / f"{name}.toml")


def resolve(
    given: Mapping[str, Any], presets: Iterable[str] = (), settings: Iterable[str] = ()
) -> RunConfig:
    """Returns the run of presets, the values given over them, and settings over those.

    Args:
        given: Values by key, as in a run file; tables are mappings.
        presets: Names of presets or paths of run files, the later over the earlier.
        settings: Texts such as ``"rule.audio_weight=0.5"``.
    """
    values: dict[str, Any] = {}
    for layer in [*map(load_preset, presets), given, _settings(settings)]:
        values = _merge(values, layer)
    return RunConfig(**values)


def to_toml(config: RunConfig) -> str:
    """Returns the run as TOML that `load_config` reads back to an equal run."""
    return tomli_w.dumps(config.model_dump())


def load_config(path: Path) -> RunConfig:
    """Returns the run that a TOML file describes."""
    return RunConfig(**read_toml(path))


def read_toml(path: Path) -> dict[str, Any]:
    """Returns the values of a TOML file.

    Raises:
        InvalidInputError: The file is missing, cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInputError(f"Cannot read '{path}': {error.strerror}.") from None
    except ValueError as error:
        raise InvalidInputError(f"'{path}' is not a TOML file: {error}.") from None


def _settings(settings: Iterable[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        table, dot, leaf = key.strip().partition(".")
        if not equals or not table or (dot and not leaf):
            raise InvalidInputError(f"Setting {setting!r} is not of the form 'key=value'.")
        value = read_value(text.strip())
        values = _merge(values, {table: {leaf: value}} if dot else {table: value})
    return values


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        old = {"name": old} if isinstance(old, str) else old  # an entry without options
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            renamed = "name" in old and value.get("name", old["name"]) != old["name"]
            merged[key] = dict(value) if renamed else {**old, **value}
        else:
            merged[key] = value
    return merged
