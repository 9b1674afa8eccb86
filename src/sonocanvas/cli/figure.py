"""`sonocanvas figure`: the paper's figures, from saved runs."""

from pathlib import Path
from typing import Annotated

import typer


def figure(
    kind: Annotated[str, typer.Argument(help="Which figure; see 'list figures'.")],
    runs: Annotated[list[Path], typer.Argument(help="Folders of runs or samples.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The PNG or PDF to write.")],
    seeds: Annotated[
        str | None,
        typer.Option(help="Which seeds of each run, such as 7, 0-7 or 1,4-6.  [default: all]"),
    ] = None,
    score: Annotated[
        str | None, typer.Option(metavar="NAME", help="The score that 'failures' ranks by.")
    ] = None,
    dpi: Annotated[int, typer.Option(help="Dots per inch of a PNG.")] = 300,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Overwrite existing files.")
    ] = False,
) -> None:
    """Draw a figure of the paper from saved runs."""
    from sonocanvas.figures.page import check_dots, check_installed, save_page
    from sonocanvas.figures.read import read_runs
    from sonocanvas.files.writing import check_target
    from sonocanvas.registry import build
    from sonocanvas.values import parse_seeds

    draw = build("figure", kind, {} if score is None else {"score": score})
    check_target(out, (".png", ".pdf"), overwrite)
    check_installed()
    check_dots(dpi)
    wanted = None if seeds is None else parse_seeds(seeds)
    save_page(draw(read_runs(runs, wanted, draw.samples_of_a_run)), out, dpi)
    typer.echo(out)
