"""The concepts of the embedded pair: the things that it draws and the sounds that it plays."""

import csv
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

TRIES = 4
OFTEN = 3
"""A picture that was recognised in so many of four tries is offered."""


@dataclass(frozen=True)
class Concept:
    """One thing that the embedded pair has learned.

    Attributes:
        category: Its heading in lists.
        name: Short name, with `-` between its words.
        prompt: The prompt for it.
        offered: Whether it is recognised often enough to be offered; a picture is if the selector
            ranked it among the first five in three of four tries (`training/offered.py`).
    """

    category: str
    name: str
    prompt: str
    offered: bool = True


@functools.cache
def pictures() -> tuple[Concept, ...]:
    """Returns everything that the picture model draws, category by category."""
    return _read("pictures.tsv")


@functools.cache
def sounds() -> tuple[Concept, ...]:
    """Returns everything that the sound model plays, category by category."""
    return _read("sounds.tsv")


@functools.cache
def shared() -> tuple[dict[str, str], ...]:
    """Returns the rows of the concepts trained longest, as picture and as sound."""
    return tuple(_rows("concepts.tsv"))


def prompt_with(word: str, known: Sequence[Concept]) -> str:
    """Returns the first prompt that contains a word, or the word if none does.

    Example:
        >>> prompt_with("towers", pictures()), prompt_with("xyz", pictures())
        ('a castle with towers', 'xyz')
    """
    return next((one.prompt for one in known if word in one.prompt.split()), word)


def _read(name: str) -> tuple[Concept, ...]:
    return tuple(
        Concept(
            row["category"], row["concept"], row["prompt"], int(row.get("found", TRIES)) >= OFTEN
        )
        for row in _rows(name)
    )


def _rows(name: str) -> list[dict[str, str]]:
    text = resources.files("sonocanvas").joinpath(f"data/{name}").read_text("utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter="\t"))
