"""`sonocanvas inspect`: what a file is, and what it records about itself."""

from pathlib import Path
from typing import Annotated

import typer

from sonocanvas.cli.json_ import AsJson, echo_json


def inspect(
    path: Annotated[
        Path,
        typer.Argument(help="A PNG, WAV, MP4 or other sound, or the folder of a sample or run."),
    ],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Write the canvas of a sound to this PNG.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Overwrite existing files.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a file is, what made it, and how much a sound's canvas looks like a picture."""
    from sonocanvas.cli.console import show_canvas
    from sonocanvas.errors import InvalidInputError
    from sonocanvas.files import inspection
    from sonocanvas.files.origin import Origin, software
    from sonocanvas.files.pictures import write_canvas_png
    from sonocanvas.files.writing import check_target
    from sonocanvas.scene.layers import SOUND_SUFFIXES
    from sonocanvas.types import MINI_FORMAT

    if out is not None:
        check_target(out, ".png", overwrite)
        if path.is_file() and path.suffix.lower() not in SOUND_SUFFIXES:
            raise InvalidInputError(f"'{path}' is not a sound; --out writes the canvas of a sound.")
    found = inspection.inspect(path)
    facts = {name: _printable(fact) for name, fact in found.facts.items()}
    if out is not None and found.whole is not None:
        drawn = found.origin or Origin(software(), "inspect", generated=False)
        write_canvas_png(out, found.whole, MINI_FORMAT, found.gain_db, drawn)
        facts["canvas"] = str(out)
    if as_json:
        echo_json(facts)
        return
    width = max(map(len, facts))
    for name, fact in facts.items():
        typer.echo(f"{name.ljust(width)}  {fact}")
    if found.canvas is not None and "canvas" not in facts:
        show_canvas(found.canvas)


def _printable(text: str) -> str:
    """Returns a text from a file without characters that could control a terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)
