"""`sonocanvas haptics`: a run as vibration."""

from pathlib import Path
from typing import Annotated

import typer


def haptics(
    runs: Annotated[list[Path], typer.Argument(help="Folders of runs or samples.")],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Overwrite existing files.")
    ] = False,
) -> None:
    """Write every sample as vibration: an AHAP file for phones and a WAV below 250 Hz."""
    from sonocanvas.show.gallery import renew_gallery
    from sonocanvas.show.haptics import write_haptics

    for run in runs:
        for path in write_haptics(run, overwrite):
            typer.echo(path)
        renew_gallery(run)
