"""`sonocanvas video`: a run as videos."""

from pathlib import Path
from typing import Annotated

import typer


def video(
    runs: Annotated[list[Path], typer.Argument(help="Folders of runs or of samples.")],
    colour: Annotated[
        bool,
        typer.Option("--colour", help="Show the canvases in colour; a video beside the gray one."),
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
) -> None:
    """Make a video of every sample: the canvas with a playhead, and its sound."""
    from sonocanvas.gallery import renew_gallery
    from sonocanvas.video import write_videos

    for run in runs:
        for path in write_videos(run, overwrite, colour):
            typer.echo(path)
        renew_gallery(run)
