"""`sonocanvas evaluate`: methods on many prompts, as a table with intervals."""

from pathlib import Path
from typing import Annotated, Any

import typer

from sonocanvas.cli.json_ import AsJson
from sonocanvas.cli.own import allow_typed
from sonocanvas.cli.places import On, kept_in, made_on
from sonocanvas.cli.quick import import_quickly

Texts = list[str]


def evaluate(
    prompts: Annotated[
        Path | None,
        typer.Argument(help="A tab-separated table of prompts; see docs/evaluation.md."),
    ] = None,
    benchmark: Annotated[
        bool, typer.Option("--benchmark", help="Use the hundred pairs that come with the package.")
    ] = False,
    pairs: Annotated[
        int | None,
        typer.Option(help="How many of the pairs, spread evenly over kinds and prompts."),
    ] = None,
    methods: Annotated[
        str, typer.Option(help="Rows of the table; see 'list methods'.")
    ] = "compose",
    seeds: Annotated[str, typer.Option(help="Seeds for every pair, such as 0-1.")] = "0-1",
    scores: Annotated[
        str | None,
        typer.Option(help="Scores, such as judge,fid; by default all that suit the pair."),
    ] = None,
    vary: Annotated[
        Texts | None,
        typer.Option(metavar="KEY=VALUES", help="Add a row for each value: sampling.steps=8,16."),
    ] = None,
    style: Annotated[
        str, typer.Option(help="Wording of image prompts: 'a painting of {}, grayscale'.")
    ] = "{}",
    settings: Annotated[
        Texts | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any option of generate, for all rows."),
    ] = None,
    preset: Annotated[
        Texts | None,
        typer.Option(metavar="NAME", help="Settings to start from; see 'list presets'."),
    ] = None,
    pair: Annotated[str | None, typer.Option(help="Model pair; see 'list pairs'.")] = None,
    rule: Annotated[
        str | None, typer.Option(help="How to mix the models; see 'list rules'.")
    ] = None,
    out: Annotated[
        str, typer.Option(help="Folder or s3://BUCKET/NAME; finished samples in it are kept.")
    ] = "runs/evaluation",
    on: On = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    as_json: AsJson = False,
) -> None:
    """Compare methods on many prompts by scores with 95 % intervals, time and evaluations."""
    from sonocanvas.errors import InvalidInputError
    from sonocanvas.evaluation import prompts as tables
    from sonocanvas.evaluation.plan import plan_evaluation

    if benchmark == (prompts is not None):
        raise InvalidInputError("Give either a file of prompts or --benchmark.")
    import_quickly("sonocanvas.evaluation.run")
    allow_typed(methods, scores, rule, settings, vary)
    known = tables.benchmark() if prompts is None else tables.read_prompts(prompts)
    chosen = known if pairs is None else tables.choose(known, pairs)
    given: dict[str, Any] = {"seeds": seeds}
    given |= {} if pair is None else {"pair": pair}
    given |= {} if rule is None else {"rule": {"name": rule}}
    plan = plan_evaluation(
        chosen,
        _names(methods),
        given,
        presets=preset or (),
        settings=settings or (),
        vary=vary or (),
        style=style,
        scores=None if scores is None else _names(scores),
    )
    from sonocanvas.cli.console import RunDisplay
    from sonocanvas.evaluation.run import evaluate as run

    display = RunDisplay(len(plan.pairs) * len(plan.rows), "runs")
    with kept_in(out) as (folder, send), display, made_on(on, display) as make:

        def on_cell() -> None:
            send()
            display.advance()

        table = run(
            plan,
            folder,
            device=device,
            on_step=display.on_step,
            on_cell=on_cell,
            on_warning=display.on_warning,
            make=make,
        )
        results = (folder / "table.json").read_text("utf-8")
    if as_json:
        typer.echo(results, nl=False)
    else:
        typer.echo(f"{table}\nRaw scores: {out}/scores.csv")


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
