"""Runs as files: presets, TOML in and out, and settings from the command line.

Later values override earlier ones: defaults of `config.RunConfig`, presets, given values,
`key=value` settings.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import tomli_w

from sonocanvas.config import RunConfig, read_layer
from sonocanvas.errors import InvalidInputError, unknown
from sonocanvas.files.reading import read_text
from sonocanvas.scene.layers import Layer
from sonocanvas.values import read_value, shown

MOST_BYTES = 4 * 2**20
"""Size limit; 100,000 seeds of 19 digits, the most that a range can name, take 2.5 MB."""
MOST_DOTS = 32
"""Limit per line, since the time to read a key grows with the square of its parts."""
PRESETS = Path(__file__).parent.parent / "presets"


def preset_names() -> list[str]:
    """Returns the names of the presets, sorted."""
    return sorted(path.stem for path in PRESETS.glob("*.toml"))


def load_preset(name: str) -> dict[str, Any]:
    """Returns the values of a preset, or of a run file if the name ends in ``.toml``.

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
    """Returns the run made from presets, overridden by given values, overridden by settings.

    Args:
        given: Values by key, as in a run file; tables are mappings.
        presets: Names of presets or paths of run files; later ones override earlier ones.
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
    text = read_text(path, MOST_BYTES)
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > MOST_DOTS:
            raise InvalidInputError(
                f"'{path}', line {number}: it has {line.count('.')} dots; at most {MOST_DOTS} are "
                "allowed."
            )
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise InvalidInputError(f"'{path}' is not a TOML file: it is nested too deeply.") from None
    except ValueError as error:
        raise InvalidInputError(f"'{path}' is not a TOML file: {error}.") from None


def load_scene(path: Path) -> dict[str, Any]:
    """Returns the values of a scene: a run file with paths relative to its own folder.

    Raises:
        InvalidInputError: The file cannot be read, or a key or a layer is not valid; the message
            names the line.
    """
    values = read_toml(path)
    for key in values:
        if key not in RunConfig.model_fields:
            problem = unknown("key", key, RunConfig.model_fields)
            raise InvalidInputError(f"'{path}', line {_line(path, key)}: {problem}")
    layers = values.get("layers", [])
    if not isinstance(layers, list):
        raise InvalidInputError(f"'{path}': layers must be tables [[layers]], not {shown(layers)}.")
    read = []
    for number, given in enumerate(layers):
        try:
            read.append(read_layer(given).beside(path.parent))
        except InvalidInputError as error:
            keys = given if isinstance(given, dict) else ()
            wrong = [key for key in keys if key not in (*Layer.model_fields, "file")]
            begins = _line(path, "layers", skipped=number)
            line = _line(path, wrong[0], begins) if wrong else begins
            raise InvalidInputError(f"'{path}', line {line}: {error}") from None
    return {**values, "layers": read}


def _line(path: Path, key: str, after: int = 0, skipped: int = 0) -> int:
    """Returns the number of the line with a key or a table of that name."""
    names = re.compile(rf"\s*(\[*{re.escape(key)}\]+|{re.escape(key)}\s*=)")
    lines = path.read_text(encoding="utf-8").splitlines()
    found = [number for number, line in enumerate(lines, 1) if names.match(line)]
    found = [number for number in found if number > after]
    return found[min(skipped, len(found) - 1)] if found else max(after, 1)


def _settings(settings: Iterable[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        table, dot, leaf = key.strip().partition(".")
        if not equals or not table or (dot and not leaf):
            raise InvalidInputError(f"Setting {setting!r} does not have the form 'key=value'.")
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
