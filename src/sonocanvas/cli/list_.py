"""`sonocanvas list`: the choices that options have."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from sonocanvas.cli.json_ import AsJson, echo_json


class Menu(StrEnum):
    """What can be listed."""

    pairs = "pairs"
    sources = "sources"
    rules = "rules"
    methods = "methods"
    searches = "searches"
    vocoders = "vocoders"
    scorers = "scorers"
    colourisers = "colourisers"
    figures = "figures"
    presets = "presets"
    prompts = "prompts"
    atlas = "atlas"


BESIDE = {Menu.rules: "wrapper", Menu.scorers: "set_scorer"}
"""Menus that are printed below another menu."""


HEADINGS = {Menu.presets: ("name", "image_prompt", "audio_prompt")}
ENTRY = ("name", "what", "options")


def list_(
    menu: Annotated[Menu, typer.Argument(help="What to list.")], as_json: AsJson = False
) -> None:
    """List the choices of an option, with their own options."""
    if menu is Menu.prompts:
        echo_json(_prompts()) if as_json else _echo_prompts()
        return
    if menu is Menu.atlas:
        echo_json(_atlas()) if as_json else _echo_atlas()
        return
    if menu is Menu.presets:
        rows = _presets()
    else:
        rows = _entries("search" if menu is Menu.searches else menu.removesuffix("s"))
        rows += _entries(BESIDE[menu]) if menu in BESIDE else []
    if as_json:
        echo_json([dict(zip(HEADINGS.get(menu, ENTRY), row, strict=True)) for row in rows])
    else:
        _echo_table(rows)


def _echo_table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


def _prompts() -> dict[str, list[dict[str, Any]]]:
    """Returns what the pair `mini` draws and plays, and what of that it does well."""
    import dataclasses

    from sonocanvas.words.concepts import pictures, shared, sounds

    longest = {row["id"] for row in shared()}
    return {
        what: [dataclasses.asdict(one) | {"well": one.name in longest} for one in known]
        for what, known in (("pictures", pictures()), ("sounds", sounds()))
    }


def _echo_prompts() -> None:
    """Prints what the pair `mini` draws and plays well, and the rest by category."""
    import itertools
    import shutil
    import textwrap

    from sonocanvas.words.concepts import pictures, shared, sounds

    played = {sound.name: sound.prompt for sound in sounds()}
    longest = {row["id"] for row in shared()}
    both = [(one.prompt, played[one.name]) for one in pictures() if one.name in longest]
    typer.echo(f"{len(both)} things that mini draws and plays well")
    _echo_table([(f"  {picture}", sound) for picture, sound in both])
    width = min(shutil.get_terminal_size().columns, 100)
    for what, known, told in (
        ("pictures", pictures(), "that it draws, less well"),
        ("sounds", sounds(), "that it plays"),
    ):
        others = [one for one in known if one.offered and one.name not in longest]
        typer.echo(f"\n{len(others)} more {what} {told}")
        for category, group in itertools.groupby(others, lambda one: one.category):
            text = f"  {category}: {', '.join(one.prompt for one in group)}"
            typer.echo(textwrap.fill(text, width, subsequent_indent="    "))
    seldom = [one for one in pictures() if not one.offered]
    typer.echo(f"\nIt also knows {len(seldom)} pictures that one seldom recognises: see --json")


def _atlas() -> list[dict[str, Any]]:
    """Returns every picture with every sound, and the ranks of both sides."""
    import dataclasses

    from sonocanvas.words.atlas import entries

    return [dataclasses.asdict(one) for one in entries()]


def _echo_atlas() -> None:
    """Prints the sounds that compose best with each picture."""
    from sonocanvas.words.atlas import best_sounds
    from sonocanvas.words.concepts import shared

    played = {row["id"]: row["audio_prompt"] for row in shared()}
    typer.echo("What mini composes best with each picture; --json prints all pairs")
    rows = [(row["image_prompt"], best_sounds(row["id"])) for row in shared()]
    _echo_table([(name, ", ".join(played[one.sound] for one in best)) for name, best in rows])


def _presets() -> list[tuple[str, ...]]:
    from sonocanvas.files.run_file import load_preset, preset_names

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
