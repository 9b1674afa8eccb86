"""`sonocanvas see`: a sound to a picture."""

from pathlib import Path
from typing import Annotated

import typer

from sonocanvas.cli.quick import import_quickly


def see(
    sound: Annotated[Path, typer.Argument(help="A WAV, FLAC, OGG or MP3 file.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The PNG to write.")],
    keep_level: Annotated[
        bool, typer.Option("--keep-level", help="Do not scale the peak to 0.95.")
    ] = False,
    canvas_format: Annotated[
        str, typer.Option("--format", help="What gray means: auffusion, mini or riffusion.")
    ] = "mini",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Overwrite existing files.")
    ] = False,
) -> None:
    """Draw any sound as a canvas."""
    import_quickly("sonocanvas.canvas")
    from sonocanvas.canvas import format_named
    from sonocanvas.files.origin import Origin, from_comment, software
    from sonocanvas.files.pictures import write_canvas_png
    from sonocanvas.files.sounds import draw_sound
    from sonocanvas.files.writing import check_target, read_comment

    meaning = format_named(canvas_format)
    check_target(out, ".png", overwrite)
    canvas, gain_db = draw_sound(sound, keep_level, meaning)
    seen = Origin(software(), "see", generated=False)
    origin = from_comment(read_comment(sound)) or seen
    write_canvas_png(out, canvas, meaning, gain_db, origin)
    typer.echo(f"{out}: {canvas.shape[1]} x {canvas.shape[0]}, gain {gain_db:.1f} dB")
