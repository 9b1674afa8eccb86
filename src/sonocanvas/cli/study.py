"""`sonocanvas study`: people compare methods, and a report of their answers."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from sonocanvas.study import CONSISTENCY, REPEATS

study = typer.Typer(no_args_is_help=True, help="Let people compare methods.")

Paths = list[Path]


@study.command()
def make(
    runs: Annotated[
        Paths, typer.Argument(help="Folders of runs or samples of at least two methods.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="The folder to give to raters.")],
    repeats: Annotated[
        int, typer.Option(help="How many pairs each rater sees again with sides swapped.")
    ] = REPEATS,
) -> None:
    """Make a page that asks which of two videos looks, sounds and aligns better.

    The method of the first run is compared with every other. FOLDER-key.json, next to the folder,
    says which method made which video: keep it from the raters.
    """
    from sonocanvas.study.make import key_path, make_study

    def on_video(done: int, total: int) -> None:
        if sys.stderr.isatty():
            typer.echo(f"\rvideo {done} of {total}", err=True, nl=done == total)

    def on_warning(sentence: str) -> None:
        typer.echo(sentence, err=True)

    key = make_study(runs, out, repeats, on_warning, on_video)
    typer.echo(f"{out / 'index.html'}: {len(key.pairs)} pairs, {len(key.clips)} videos")
    typer.echo(f"{key_path(out)}: keep it from the raters")


@study.command()
def report(
    results: Annotated[Paths, typer.Argument(help="The files that raters sent back.")],
    key: Annotated[Path, typer.Option(help="The key of the study.")],
    consistency: Annotated[
        float, typer.Option(help="Least share of equal answers to repeated pairs, in [0, 1].")
    ] = CONSISTENCY,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.")] = 0,
    json: Annotated[Path | None, typer.Option(help="Also write this JSON file.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Also write this CSV file.")] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Overwrite existing files.")
    ] = False,
) -> None:
    """Print the win rates of a study as Markdown."""
    from sonocanvas.files.writing import check_target, write_text
    from sonocanvas.study.records import read_key, read_results
    from sonocanvas.study.report import make_report
    from sonocanvas.study.tables import to_csv, to_json, to_markdown

    wanted = [(json, ".json", to_json), (csv, ".csv", to_csv)]
    for path, suffix, _ in wanted:
        if path:
            check_target(path, suffix, overwrite)
    opened = read_key(key)
    made = make_report(read_results(results, opened), opened, consistency, seed)
    for path, _, write in wanted:
        if path:
            write_text(path, write(made))
    typer.echo(to_markdown(made), nl=False)
