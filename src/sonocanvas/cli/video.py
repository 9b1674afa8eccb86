"""`sonocanvas video`: a run as videos."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer


def video(
    runs: Annotated[list[Path], typer.Argument(help="Folders of runs or samples.")],
    colour: Annotated[
        bool,
        typer.Option(
            "--colour", help="Show the canvases in colour, in a video next to the gray one."
        ),
    ] = False,
    morph: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PROMPT",
            help="What the picture turns into as the sound plays; can be given several times.",
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps; for --morph.")] = "auto",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Overwrite existing files.")
    ] = False,
) -> None:
    """Make a video of every sample: the canvas with a playhead, and its sound."""
    from sonocanvas.show.gallery import renew_gallery
    from sonocanvas.show.video import write_videos

    for run in runs:
        made = write_morphs(run, morph, device, overwrite) if morph else None
        for path in made or write_videos(run, overwrite, colour):
            typer.echo(path)
        renew_gallery(run)


def write_morphs(run: Path, prompts: list[str], device: str, overwrite: bool) -> Iterator[Path]:
    """Yields the `video-morph.mp4` of every sample of a run, or of one sample, once written."""
    from sonocanvas.cli.console import RunDisplay
    from sonocanvas.models import load_pair, pick_device
    from sonocanvas.show.morph import morph, run_to_morph
    from sonocanvas.show.video import write_morph

    config, samples = run_to_morph(run, prompts)
    with RunDisplay(len(samples)) as display:
        pair = load_pair(config, pick_device(device), display.on_warning)
        for folder in samples:
            path = folder / "video-morph.mp4"
            if overwrite or not path.exists():
                step, warn = display.on_step, display.on_warning
                write_morph(path, *morph(folder, config, prompts, pair, step, warn))
            display.advance()
            yield path
