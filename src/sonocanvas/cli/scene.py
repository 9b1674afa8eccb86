"""`sonocanvas scene`: explains layers before anything is sampled."""

from pathlib import Path
from typing import Annotated

import typer

from sonocanvas.cli.defaults import WithDefaults
from sonocanvas.cli.json_ import AsJson, echo_json

scene = typer.Typer(no_args_is_help=True, help="Explain the layers of a scene.")


@scene.callback()
def _options() -> None:
    pass


@scene.command(cls=WithDefaults)
def check(
    path: Annotated[Path | None, typer.Argument(metavar="[SCENE]", help="A scene.toml.")] = None,
    layer: Annotated[
        list[str] | None, typer.Option(help="""A layer, such as 'sound "a bell ringing" 0-3s'.""")
    ] = None,
    duration: Annotated[str | None, typer.Option(help="Length, such as 45s or 1:30.")] = None,
    pair: Annotated[str | None, typer.Option(help="Model pair; see 'list pairs'.")] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Draw the places in this PNG.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Overwrite existing files.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Explain a scene as a table and, with --out, as a picture of where its layers are."""
    from sonocanvas.cli.console import show_scene
    from sonocanvas.errors import InvalidInputError
    from sonocanvas.files.run_file import load_scene, resolve
    from sonocanvas.files.writing import check_target, write_beside
    from sonocanvas.pairs.named import facts_of
    from sonocanvas.scene.placing import duration_of, place_layers, resized
    from sonocanvas.scene.view import describe_layers, draw_places, silent_share

    if path is None and not layer:
        raise InvalidInputError("Give a scene.toml or at least one --layer.")
    if out is not None:
        check_target(out, ".png", overwrite)
    given = {"layers": layer, "duration_s": duration, "pair": pair}
    values = load_scene(path) if path is not None else {}
    values |= {key: value for key, value in given.items() if value}
    config = resolve(values)
    facts = resized(facts_of(config.pair), config.duration_s)
    placed = place_layers(config.scene, facts)
    layers, silent = describe_layers(placed, facts), silent_share(placed, facts)
    if out is not None:
        picture = draw_places(placed, facts)
        write_beside(out, lambda beside: picture.save(beside, format="PNG"))
    if as_json:
        about = {"pair": config.pair, "duration_s": duration_of(facts), "silent": silent}
        echo_json({**about, "layers": layers})
        return
    show_scene(layers)
    typer.echo(
        f"The canvas of '{config.pair}' lasts {duration_of(facts):.2f} s; {silent:.0%} of it is "
        "silent."
    )
    if out is not None:
        typer.echo(out)
