"""The measurements of an evaluation: an append-only file, so that a killed run loses little.

A line is a JSON object about one sample, or about the samples of a row of the table. Lines about
the same sample are merged. Costs are measured only while a sample is made.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sonocanvas.errors import InvalidInputError
from sonocanvas.files.reading import read_text
from sonocanvas.files.records import score_from
from sonocanvas.files.writing import check_inside, write_text
from sonocanvas.types import Score

Entry = dict[str, Any]
MOST_BYTES = 64 * 2**20
"""Size limit of a journal: about 400,000 measurements."""
COSTS = ("seconds", "cpu_seconds", "evaluations")
"""The cost of a sample: time, processor time, and calls of a model with both halves of guidance."""


class Journal:
    """The measurements of one evaluation.

    Args:
        path: The file; created when something is added.
        is_there: Returns whether the sample of a cell and a seed is on disk. Measurements of others
            are dropped, since they will be made again.

    Raises:
        InvalidInputError: The file cannot be read or written, is a link that leads out of its
            folder, or contains a line that is not a measurement.
    """

    def __init__(self, path: Path, is_there: Callable[[str, int], bool]) -> None:
        self.path = path
        self.samples: dict[tuple[str, int], Entry] = {}
        self.sets: dict[str, Any] = {}
        check_inside(path, path.parent)
        if not path.exists():
            return
        lines, torn = _read(path)
        if torn:
            self._rewrite(lines)
        for line in lines:
            self._take(line)
        gone = {key for key in self.samples if not is_there(*key)}
        if gone:
            kept = [line for line in lines if (line.get("cell"), line.get("seed")) not in gone]
            self._rewrite([line for line in kept if "set" not in line])
            self.sets = {}
        for key in gone:
            del self.samples[key]

    def of(self, cell: str, seed: int) -> Entry:
        """Returns what is known about a sample: `COSTS`, and `scores` by scorer."""
        return self.samples.get((cell, seed), {})

    def add(self, **line: Any) -> None:
        """Adds a measurement and writes it at once.

        Args:
            line: `cell` and `seed` of a sample with its `COSTS`, or with a `scorer` and `scores`;
                or the key of a `set` with its `score`.
        """
        self._take(line)
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, allow_nan=False) + "\n")
        except OSError as error:
            raise InvalidInputError(f"Cannot write '{self.path}': {error.strerror}.") from None

    def _take(self, line: Entry) -> None:
        if "set" in line:
            self.sets[line["set"]] = line["score"]
            return
        self.sets.clear()  # scores of sets may be of samples that no longer exist
        entry = self.samples.setdefault((line["cell"], line["seed"]), {"scores": {}})
        if "scorer" in line:
            entry["scores"][line["scorer"]] = line["scores"]
        else:
            entry.update({what: line[what] for what in COSTS})

    def _rewrite(self, lines: list[Entry]) -> None:
        write_text(self.path, "".join(json.dumps(line) + "\n" for line in lines))


def scores_in(path: Path) -> dict[tuple[str, int], tuple[Score, ...]]:
    """Returns the scores in a journal by cell and seed; the file may be growing and is only read.

    Raises:
        InvalidInputError: The file cannot be read, or a line is not a measurement.
    """
    scores: dict[tuple[str, int], dict[str, Score]] = {}
    for line in _read(path)[0]:
        if "scorer" in line:
            known = scores.setdefault((line["cell"], line["seed"]), {})
            known.update({score["name"]: score_from(score) for score in line["scores"]})
    return {key: tuple(known.values()) for key, known in scores.items()}


def _read(path: Path) -> tuple[list[Entry], bool]:
    """Returns the complete lines of a journal, and whether a kill cut off one after them."""
    text = read_text(path, MOST_BYTES)
    whole, _, torn = text.rpartition("\n")
    lines: list[Entry] = []
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            lines.append(json.loads(line))
            _check(lines[-1])
        except (KeyError, TypeError, ValueError, RecursionError):
            raise InvalidInputError(
                f"'{path}', line {number}: it is not a measurement; fix or remove it."
            ) from None
    return lines, bool(torn)


def _check(line: Any) -> None:
    """Raises KeyError, TypeError or ValueError for a line that `add` would not write."""
    if "set" in line:
        score_from(line["score"])
        names = [line["set"]]
    elif "scorer" in line:
        for score in line["scores"]:
            score_from(score)
        names = [line["scorer"], line["cell"]]
    else:
        names = [line["cell"]]
        if not all(type(line[what]) in (int, float) and 0 <= line[what] < 1e18 for what in COSTS):
            raise ValueError("the cost of a sample is not a number")
    if not all(isinstance(name, str) for name in names):
        raise TypeError("a name is not a text")
    if "set" not in line and (type(line["seed"]) is not int or line["seed"] < 0):
        raise ValueError("a seed is not a number")
