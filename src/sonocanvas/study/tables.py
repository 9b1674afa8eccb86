"""A report of a study as Markdown, JSON and CSV."""

import csv
import dataclasses
import io
import json
from collections.abc import Iterator, Sequence

from sonocanvas.evaluation.intervals import Interval
from sonocanvas.study.report import Rater, Report, WinRate

ASKED = {"looks": "looks more like", "sounds": "sounds more like", "aligns": "aligns better"}


def to_markdown(report: Report) -> str:
    """Returns a readable report: win rates, the effect of careless raters, and the raters."""
    careless = sum(rater.careless for rater in report.raters)
    answered = sum(rater.answered for rater in report.raters)
    skipped = sum(rater.skipped for rater in report.raters)
    parts = [
        f"# Study {report.study}",
        f"How often `{report.method}` was chosen. {_count(len(report.raters), 'rater')} answered "
        f"{_count(answered, 'pair')}" + (f" and skipped {skipped}." if skipped else "."),
        "## All raters",
        _rates(report.rates),
    ]
    if careless:
        parts += [f"## Without {_count(careless, 'careless rater')}", _careful(report)]
    parts += [
        "## Raters",
        "\n".join(_raters(report.raters)),
        f"Careless: the same answer to less than {report.consistency:.0%} of the questions that "
        "were asked again with the sides swapped.",
    ]
    return "\n\n".join(parts) + "\n"


def to_json(report: Report) -> str:
    """Returns a whole report as JSON."""
    return json.dumps(dataclasses.asdict(report), indent=2, allow_nan=False) + "\n"


def to_csv(report: Report) -> str:
    """Returns the win rates as CSV, one per row, of all raters and of the careful ones."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    exact, by_rater = ("exact_low", "exact_high"), ("by_rater_low", "by_rater_high")
    writer.writerow(["raters", "baseline", "question", "won", "of", "rate", *exact, *by_rater])
    for raters, rates in (("all", report.rates), ("careful", report.careful_rates)):
        for rate in rates:
            of = rate.by_rater
            ends = ("", "") if of is None else (of.low, of.high)
            counts = (rate.won, rate.exact.n, rate.exact.mean, rate.exact.low, rate.exact.high)
            writer.writerow([raters, rate.baseline, rate.question, *counts, *ends])
    return text.getvalue()


def _careful(report: Report) -> str:
    if not report.careful_rates:
        return "No rater is left."
    before = {(rate.baseline, rate.question): rate.exact.mean for rate in report.rates}
    return _rates(report.careful_rates, before)


def _rates(rates: Sequence[WinRate], before: dict[tuple[str, str], float] | None = None) -> str:
    """Returns a table of win rates, with their change if there are earlier rates."""
    head = ["question", "against", "won", "of", "rate", "95 % exact", "95 % by rater"]
    rows = [head + (["change"] if before else [])]
    for rate in rates:
        cells = [ASKED[rate.question], f"`{rate.baseline}`", str(rate.won), str(rate.exact.n)]
        cells += [f"{rate.exact.mean:.1%}", _ends(rate.exact), _ends(rate.by_rater)]
        if before:
            change = rate.exact.mean - before[rate.baseline, rate.question]
            cells.append(f"{100 * change:+.1f} points")
        rows.append(cells)
    return "\n".join(_table(rows))


def _raters(raters: Sequence[Rater]) -> Iterator[str]:
    rows = [["rater", "pairs answered", "same when asked again", "chose the first video", ""]]
    for rater in raters:
        again = f"{rater.same} of {rater.again}" if rater.again else "not asked"
        side = "–" if rater.first_side is None else f"{rater.first_side:.0%}"
        verdict = "careless" if rater.careless else ""
        rows.append([rater.name, str(rater.answered), again, side, verdict])
    return _table(rows)


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    head, *rest = rows
    for row in (head, ["---"] * len(head), *rest):
        yield f"| {' | '.join(row)} |"


def _ends(interval: Interval | None) -> str:
    return "–" if interval is None else f"{interval.low:.1%} to {interval.high:.1%}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
