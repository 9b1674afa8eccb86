"""`sonocanvas colour`: canvases in colour."""

from pathlib import Path
from typing import Annotated

import typer

from sonocanvas.cli.own import allow_typed

OWN = "  [default: the colouriser's own]"


def colour(
    run: Annotated[Path, typer.Argument(help="Folder of a run or a sample.")],
    by: Annotated[
        str, typer.Option(metavar="NAME", help="Colouriser; see 'list colourisers'.")
    ] = "magma",
    prompt: Annotated[str | None, typer.Option(help="What the colours should show.")] = None,
    samples: Annotated[int | None, typer.Option(help="Pictures per canvas." + OWN)] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the first picture." + OWN)] = None,
    steps: Annotated[int | None, typer.Option(help="Denoising steps." + OWN)] = None,
    guidance: Annotated[float | None, typer.Option(help="Guidance scale." + OWN)] = None,
    start_step: Annotated[int | None, typer.Option(help="Steps that stay gray." + OWN)] = None,
    folder: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="Where DeepFloyd IF is.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Overwrite existing files.")
    ] = False,
) -> None:
    """Colour every canvas of a run; each still plays as the same sound."""
    allow_typed(by)
    from sonocanvas.cli.console import RunDisplay
    from sonocanvas.files.artifacts import sample_folders
    from sonocanvas.show.colour import colour_samples
    from sonocanvas.show.gallery import renew_gallery

    given = {
        "prompt": prompt,
        "samples": samples,
        "seed": seed,
        "steps": steps,
        "guidance_scale": guidance,
        "start_step": start_step,
        "folder": folder,
    }
    options = {key: value for key, value in given.items() if value is not None}
    with RunDisplay(len(sample_folders(run))) as display:
        made = []
        for path in colour_samples(
            run,
            by,
            options,
            device=device,
            overwrite=overwrite,
            on_step=display.on_step,
            on_warning=display.on_warning,
        ):
            display.on_sample(path)
            made.append(path)
    for path in made:
        typer.echo(path)
    renew_gallery(run)
