"""What the embedded pair knows: the things that it draws and the sounds that it plays."""

import csv
import functools
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True)
class Concept:
    """One thing that the embedded pair has learned.

    Attributes:
        category: Where it stands in a list for people.
        name: Short name, `-` between its words.
        prompt: How to ask for it.
    """

    category: str
    name: str
    prompt: str


@functools.cache
def pictures() -> tuple[Concept, ...]:
    """Returns everything that the picture model draws, category by category."""
    return _read("pictures.tsv")


@functools.cache
def sounds() -> tuple[Concept, ...]:
    """Returns everything that the sound model plays, category by category."""
    return _read("sounds.tsv")


def _read(name: str) -> tuple[Concept, ...]:
    text = resources.files("sonocanvas").joinpath(f"data/{name}").read_text("utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t")
    return tuple(Concept(row["category"], row["concept"], row["prompt"]) for row in rows)
