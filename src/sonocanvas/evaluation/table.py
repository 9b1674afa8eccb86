"""Scores of many samples as a table: means with 95 % intervals, the best in bold."""

import csv
import io
import math
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sonocanvas.choose.ranking import AUDIO_SCORES, IMAGE_SCORES
from sonocanvas.errors import InvalidInputError
from sonocanvas.evaluation.intervals import bootstrap_interval, normal_interval
from sonocanvas.evaluation.journal import COSTS
from sonocanvas.types import Score

HUNDREDFOLD = (*IMAGE_SCORES, *AUDIO_SCORES)
"""Cosine scores, which are printed times 100 as in the paper."""

COST_HEADINGS = ("seconds a sample", "of the processor", "evaluations a sample")

Summary = dict[str, Any]


@dataclass(frozen=True)
class Measured:
    """The measurements of one sample.

    Attributes:
        row: Its row of the table.
        bound: `picture` or `sound` if that model alone makes the row, otherwise empty.
        pair: Id of its pair of prompts; samples of one pair are not independent.
        image_prompt, audio_prompt: The prompts that it is scored against.
        image_kind, audio_kind: Kinds of prompts, or empty.
        seed: Seed of its noise.
        scores: Its scores.
        seconds: Its share of its batch's time; `None` if unknown.
        cpu_seconds: The same in CPU time, which other programs do not affect.
        evaluations: Model calls with both halves of guidance; `None` if unknown.
    """

    row: str
    bound: str
    pair: str
    image_prompt: str
    audio_prompt: str
    image_kind: str
    audio_kind: str
    seed: int
    scores: tuple[Score, ...]
    seconds: float | None = None
    cpu_seconds: float | None = None
    evaluations: float | None = None


def summarise(samples: Sequence[Measured], set_scores: dict[str, list[Score]]) -> Summary:
    """Returns the numbers of the table as JSON values.

    `rows` has the scores of each row, with the paper's normal interval (1.96 standard errors of all
    samples) and a bootstrap interval that resamples whole prompt pairs. `differences` has the
    difference of each further row, except bounds, from the first row on the same pairs and seeds.
    `kinds` has the scores of the first row by kind of prompt.

    Args:
        samples: All samples, in the order of the rows.
        set_scores: Scores of whole rows, by row.

    Raises:
        InvalidInputError: There is no sample, or one lacks a score that others of its prompts have.
    """
    _check(samples)
    rows: dict[str, list[Measured]] = {}
    for sample in samples:
        rows.setdefault(sample.row, []).append(sample)
    first, *others = [row for row, ones in rows.items() if not ones[0].bound] or list(rows)[:1]
    kinds: dict[str, list[Measured]] = {}
    for sample in rows[first]:
        for what, kind in (("picture", sample.image_kind), ("sound", sample.audio_kind)):
            if kind:
                kinds.setdefault(f"{what}: {kind}", []).append(sample)
    return {
        "rows": [
            {"name": row, "bound": ones[0].bound, **_row(ones, set_scores.get(row, []))}
            for row, ones in rows.items()
        ],
        "differences": [
            {"name": row, "less": first, **_difference(rows[row], rows[first])} for row in others
        ],
        "kinds": [{"name": kind, "row": first, **_row(ones, [])} for kind, ones in kinds.items()],
    }


def to_markdown(summary: Summary) -> str:
    """Returns the tables of a summary as Markdown.

    The best row, except bounds, is bold. `a ± b (c to d)` is a mean with the normal interval and
    the ends of the bootstrap interval; cosines are times 100.
    """
    tables = [_main_table(summary["rows"])]
    if summary["differences"]:
        told = f"Differences from {summary['differences'][0]['less']}, same prompts and noise"
        tables += [f"{told}:", _plain_table(summary["differences"])]
    if summary["kinds"]:
        tables += [
            f"{summary['kinds'][0]['row']} by sort of prompt:",
            _plain_table(summary["kinds"]),
        ]
    return "\n\n".join(tables) + "\n"


def to_csv(samples: Iterable[Measured]) -> str:
    """Returns the raw scores, one line per sample; unknown values are empty."""
    rows = list(samples)
    names = list(dict.fromkeys(score.name for sample in rows for score in sample.scores))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    told = ("row", "bound", "pair", "image_prompt", "audio_prompt", "image_kind", "audio_kind")
    writer.writerow([*told, "seed", *COSTS, *names])
    for sample in rows:
        values = {score.name: score.value for score in sample.scores}
        known = [getattr(sample, name) for name in (*told, "seed", *COSTS)]
        writer.writerow(
            ["" if one is None else one for one in known] + [values.get(n, "") for n in names]
        )
    return text.getvalue()


def _check(samples: Sequence[Measured]) -> None:
    """Checks that all samples of a pair have the same scores; scorers may skip whole pairs."""
    if not samples:
        raise InvalidInputError("There is no sample to make a table from.")
    names: dict[str, set[str]] = {}
    for sample in samples:
        names.setdefault(sample.pair, set()).update(score.name for score in sample.scores)
    for sample in samples:
        missing = sorted(names[sample.pair] - {score.name for score in sample.scores})
        if missing:
            raise InvalidInputError(
                f"Seed {sample.seed} of '{sample.pair}' in row '{sample.row}' has no score "
                f"'{missing[0]}' that other samples have."
            )


def _row(samples: Sequence[Measured], set_scores: Sequence[Score]) -> Summary:
    by_name: dict[str, list[tuple[str, Score]]] = {}
    for sample in samples:
        for score in sample.scores:
            by_name.setdefault(score.name, []).append((sample.pair, score))
    found = {name: _interval(scores, len(samples)) for name, scores in by_name.items()}
    for score in set_scores:
        found[score.name] = {"mean": score.value, **_direction(score)}
    return {
        "samples": len(samples),
        "pairs": len({sample.pair for sample in samples}),
        "scores": found,
        **{what: _typical(what, samples) for what in COSTS},
    }


def _interval(scores: Sequence[tuple[str, Score]], samples: int) -> Summary:
    """Returns the mean with both intervals, each only if it has more than one value to draw from.

    Args:
        scores: Each with its pair of prompts.
        samples: Number of samples; the result has `samples` if fewer of them have the score.
    """
    pairs, values = [pair for pair, _ in scores], [score.value for _, score in scores]
    found: Summary = {"mean": statistics.fmean(values)}
    if len(values) < samples:
        found["samples"] = len(values)
    if len(values) > 1:
        normal = normal_interval(values)
        found["half"] = (normal.high - normal.low) / 2
    if len(set(pairs)) > 1:
        drawn = bootstrap_interval(values, clusters=pairs)
        found["bootstrap"] = [drawn.low, drawn.high]
    return {**found, **_direction(scores[0][1])}


def _difference(row: Sequence[Measured], first: Sequence[Measured]) -> Summary:
    """Returns the mean difference between a row and the first, over the n-th samples of each pair.

    Without `keep`, these are samples of the same noise.
    """
    ours, theirs = _by_place(row), _by_place(first)
    both = [(one, theirs[place]) for place, one in ours.items() if place in theirs]
    found: dict[str, list[tuple[str, Score]]] = {}
    for one, other in both:
        for score, below in zip(one.scores, other.scores, strict=True):
            more = Score(score.name, score.value - below.value, score.unit, score.higher_is_better)
            found.setdefault(score.name, []).append((one.pair, more))
    scores = {name: _interval(values, len(both)) for name, values in found.items()}
    return {"samples": len(both), "pairs": len({one.pair for one, _ in both}), "scores": scores}


def _by_place(samples: Sequence[Measured]) -> dict[tuple[str, int], Measured]:
    seen: Counter[str] = Counter()
    found = {}
    for sample in samples:
        found[sample.pair, seen[sample.pair]] = sample
        seen[sample.pair] += 1
    return found


def _direction(score: Score) -> Summary:
    return {"unit": score.unit, "higher_is_better": score.higher_is_better}


def _typical(what: str, samples: Sequence[Measured]) -> float | None:
    """Returns the median cost of samples, which one slow start does not affect."""
    known = [getattr(sample, what) for sample in samples if getattr(sample, what) is not None]
    return float(statistics.median(known)) if known else None


def _main_table(rows: Sequence[Summary]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row["scores"]))
    best = {name: _best(rows, name) for name in names}
    lines = []
    for row in rows:
        bound = f" (bound of the {row['bound']})" if row["bound"] else ""
        cells = [row["name"] + bound, str(row["samples"]), str(row["pairs"])]
        for name in names:
            score = row["scores"].get(name)
            wins = bool(score) and not row["bound"] and math.isclose(score["mean"], best[name])
            cells.append(f"**{_cell(name, score)}**" if wins else _cell(name, score))
        cells += ["–" if row[what] is None else f"{row[what]:.1f}" for what in COSTS]
        lines.append(cells)
    header = ["", "samples", "pairs", *(_heading(name, rows) for name in names)]
    return _table([*header, *COST_HEADINGS], lines)


def _plain_table(rows: Sequence[Summary]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row["scores"]))
    header = ["", "samples", *(_heading(name, rows) for name in names)]
    cells = ([_cell(name, row["scores"].get(name)) for name in names] for row in rows)
    return _table(
        header,
        [[row["name"], str(row["samples"]), *told] for row, told in zip(rows, cells, strict=True)],
    )


def _best(rows: Sequence[Summary], name: str) -> float:
    """Returns the best mean of the rows that are not bounds; NaN if there are fewer than two."""
    rivals = [row["scores"][name] for row in rows if not row["bound"] and name in row["scores"]]
    if len(rivals) < 2:
        return math.nan
    best = max if rivals[0]["higher_is_better"] else min
    return float(best(rival["mean"] for rival in rivals))


def _heading(name: str, rows: Sequence[Summary]) -> str:
    score = next(row["scores"][name] for row in rows if name in row["scores"])
    unit = "x 100" if name in HUNDREDFOLD else score["unit"]
    arrow = "↑" if score["higher_is_better"] else "↓"
    return f"{name.replace('_', ' ')}{f' ({unit})' if unit else ''} {arrow}"


def _cell(name: str, score: Summary | None) -> str:
    if score is None:
        return "–"
    scale, digits = (100, 1) if name in HUNDREDFOLD else (1, 3)
    told = f"{scale * score['mean']:.{digits}f}"
    if "half" in score:
        told += f" ± {scale * score['half']:.{digits}f}"
    if "bootstrap" in score:
        low, high = (f"{scale * end:.{digits}f}" for end in score["bootstrap"])
        told += f" ({low} to {high})"
    return f"{told}, n {score['samples']}" if "samples" in score else told


def _table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rows = [header, ["---"] * len(header), *lines]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows)
