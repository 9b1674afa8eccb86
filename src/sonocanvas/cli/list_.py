"""`sonocanvas list`: what there is to choose from."""

import csv
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

CONCEPTS = Path(__file__).parent.parent / "data" / "concepts.tsv"


class Menu(StrEnum):
    """What can be listed."""

    pairs = "pairs"
    rules = "rules"
    methods = "methods"
    vocoders = "vocoders"
    scorers = "scorers"
    presets = "presets"
    prompts = "prompts"


def list_(menu: Annotated[Menu, typer.Argument(help="What to list.")]) -> None:
    """List what can be chosen, with its options."""
    if menu is Menu.prompts:
        rows = _prompts()
    elif menu is Menu.presets:
        rows = _presets()
    else:
        rows = _entries(menu.removesuffix("s"))
        rows += _entries("wrapper") if menu is Menu.rules else []
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


def _prompts() -> list[tuple[str, ...]]:
    with CONCEPTS.open(encoding="utf-8", newline="") as file:
        return [
            (row["image_prompt"], row["audio_prompt"])
            for row in csv.DictReader(file, delimiter="\t")
        ]


def _presets() -> list[tuple[str, ...]]:
    from sonocanvas.config import load_preset, preset_names

    keys = ("image_prompt", "audio_prompt")
    presets = ((name, load_preset(name)) for name in preset_names())
    return [(name, *(str(preset.get(key, "-")) for key in keys)) for name, preset in presets]


def _entries(menu: str) -> list[tuple[str, ...]]:
    import dataclasses
    import inspect

    from sonocanvas.registry import MENUS, MISSING, load, options

    rows: list[tuple[str, ...]] = []
    for name in MENUS[menu]:
        entry: Any = load(menu, name)
        fields = options(menu, name) if dataclasses.is_dataclass(entry) else {}
        told = ", ".join(f"{key}={value}" for key, value in fields.items() if value is not MISSING)
        rows.append((name, (inspect.getdoc(entry) or "").partition("\n")[0], told))
    return rows
