"""What an evaluation has measured: a file that only grows, so that a kill loses little.

A line is a JSON object about one sample, or about the samples of a row of the table. Lines about
the same sample add up; what was measured when a sample was made is never measured again.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sonocanvas.errors import InvalidInputError
from sonocanvas.files.writing import write_text
from sonocanvas.types import Score

Entry = dict[str, Any]
COSTS = ("seconds", "cpu_seconds", "evaluations")
"""What a sample took: time, time of the processor, and calls of a model with both halves of
guidance."""


class Journal:
    """The measurements of one evaluation.

    Args:
        path: The file; made when something is added.
        is_there: Whether the sample of a cell and a seed is on disk. What is known of others is
            forgotten: they will be made anew.

    Raises:
        InvalidInputError: The file cannot be read or written, or a line is not one of ours.
    """

    def __init__(self, path: Path, is_there: Callable[[str, int], bool]) -> None:
        self.path = path
        self.samples: dict[tuple[str, int], Entry] = {}
        self.sets: dict[str, Any] = {}
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
        """Returns what is known of a sample: `COSTS`, and `scores` by scorer."""
        return self.samples.get((cell, seed), {})

    def add(self, **line: Any) -> None:
        """Adds what was measured and writes it at once.

        Args:
            line: `cell` and `seed` of a sample with `COSTS`, or with `scorer` and its `scores`; or
                the key of a `set` with its `score`.
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
        self.sets.clear()  # a score of a set is of the samples that were there
        entry = self.samples.setdefault((line["cell"], line["seed"]), {"scores": {}})
        if "scorer" in line:
            entry["scores"][line["scorer"]] = line["scores"]
        else:
            entry.update({what: line[what] for what in COSTS})

    def _rewrite(self, lines: list[Entry]) -> None:
        write_text(self.path, "".join(json.dumps(line) + "\n" for line in lines))


def scores_in(path: Path) -> dict[tuple[str, int], tuple[Score, ...]]:
    """Returns the scores of a journal by cell and seed; the file, which may grow, is only read.

    Raises:
        InvalidInputError: The file cannot be read, or a line is not one of ours.
    """
    scores: dict[tuple[str, int], dict[str, Score]] = {}
    for line in _read(path)[0]:
        if "scorer" in line:
            known = scores.setdefault((line["cell"], line["seed"]), {})
            known.update({score["name"]: Score(**score) for score in line["scores"]})
    return {key: tuple(known.values()) for key, known in scores.items()}


def _read(path: Path) -> tuple[list[Entry], bool]:
    """Returns the lines of a journal, and whether a kill has torn one after them."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise InvalidInputError(f"Cannot read '{path}': {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"'{path}' is not text in UTF-8: {error.reason}.") from None
    whole, _, torn = text.rpartition("\n")
    lines: list[Entry] = []
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            lines.append(json.loads(line))
            _check(lines[-1])
        except (KeyError, TypeError, ValueError):
            raise InvalidInputError(
                f"'{path}', line {number}: it is not a measurement; mend or remove it."
            ) from None
    return lines, bool(torn)


def _check(line: Entry) -> None:
    """Raises KeyError, TypeError or ValueError for what no `add` has written."""
    if "set" in line:
        float(line["score"]["value"])
    elif "scorer" in line:
        [float(Score(**score).value) for score in line["scores"]]
    else:
        [float(line[what]) for what in COSTS]
    if "set" not in line:
        str(line["cell"]), int(line["seed"])
