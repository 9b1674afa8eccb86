"""Pairs of prompts to evaluate on: the user's own file, or the hundred of the package."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path

from sonocanvas.errors import InvalidInputError, unknown
from sonocanvas.files.reading import read_text
from sonocanvas.words.concepts import shared

DRAWN_BY = "sonocanvas-1"
"""The seed of the hundred pairs."""

EACH = 5
MOST_BYTES = 16 * 2**20
"""Size limit of a table: a hundred thousand pairs of prompts."""
NEEDED = ("image_prompt", "audio_prompt")


@dataclass(frozen=True)
class PromptPair:
    """A picture and a sound that one canvas should be.

    Attributes:
        number: Its position in the file, from 0, which determines the noise.
        id: Its name, which is also a folder name.
        image_prompt, audio_prompt: The prompts.
        image_kind, audio_kind: Kinds of picture and sound, such as `scene` and `discrete`.
    """

    number: int
    id: str
    image_prompt: str
    audio_prompt: str
    image_kind: str = ""
    audio_kind: str = ""


COLUMNS = tuple(field.name for field in fields(PromptPair) if field.name != "number")


def draw_benchmark(seed: str = DRAWN_BY) -> list[PromptPair]:
    """Returns a hundred pairs by the paper's protocol, drawn from the concepts `mini` knows best.

    From the shared concepts (`data/concepts.tsv`), 5 discrete and 5 continuous sounds, 5 objects
    and 5 scenes are drawn, and every picture is paired with every sound. Each kind is sorted by the
    SHA-256 of `seed/what/id`, so the draw is the same in all versions of Python. The result is
    `data/benchmark.tsv`.
    """
    drawn = {
        what: [row for kind in kinds for row in _draw(f"{seed}/{what}", what, kind)]
        for what, kinds in (("visual", ("object", "scene")), ("onset", ("discrete", "continuous")))
    }
    both = [(picture, sound) for picture in drawn["visual"] for sound in drawn["onset"]]
    return [
        PromptPair(
            number,
            f"{picture['id']}_{sound['id']}",
            picture["image_prompt"],
            sound["audio_prompt"],
            picture["visual"],
            sound["onset"],
        )
        for number, (picture, sound) in enumerate(both)
    ]


def benchmark() -> list[PromptPair]:
    """Returns the hundred pairs that come with the package."""
    file = resources.files("sonocanvas").joinpath("data/benchmark.tsv")
    return _parse("benchmark.tsv", file.read_text("utf-8"))


def read_prompts(path: Path) -> list[PromptPair]:
    """Returns the pairs of prompts of a table.

    Args:
        path: UTF-8 text with tabs between columns. The first line names the columns:
            `image_prompt` and `audio_prompt`, and optionally `id`, `image_kind` and `audio_kind`.
            Empty lines are ignored.

    Raises:
        InvalidInputError: The file cannot be read, or a line is not valid; the message names the
            file, the line and the error.
    """
    return _parse(str(path), read_text(path, MOST_BYTES).removeprefix("\ufeff"))


def to_tsv(pairs: Iterable[PromptPair]) -> str:
    """Returns pairs as the text that `read_prompts` reads."""
    rows = ([getattr(pair, column) for column in COLUMNS] for pair in pairs)
    return "".join("\t".join(row) + "\n" for row in [list(COLUMNS), *rows])


def choose(pairs: Sequence[PromptPair], count: int) -> list[PromptPair]:
    """Returns some of the pairs, spread as evenly as possible over kinds and prompts, in order.

    Pairs are taken one at a time: of the kind (`image_kind` with `audio_kind`) taken least so far,
    then with the prompts taken least, then by the SHA-256 of the id. So a choice of 10 is part of
    a choice of 20.

    Args:
        pairs: What to choose from.
        count: Number of pairs, from 1 to all of them.

    Raises:
        InvalidInputError: There are fewer pairs.
    """
    if not 1 <= count <= len(pairs):
        raise InvalidInputError(f"The number of pairs must be from 1 to {len(pairs)}, not {count}.")
    left = sorted(pairs, key=lambda pair: _digest(pair.id))
    taken: Counter[tuple[str, str]] = Counter()
    chosen: list[PromptPair] = []
    while len(chosen) < count:
        best = min(left, key=lambda pair: _used(pair, taken))
        left.remove(best)
        chosen.append(best)
        taken.update(_features(best))
    return sorted(chosen, key=lambda pair: pair.number)


def _features(pair: PromptPair) -> list[tuple[str, str]]:
    kind = ("kind", f"{pair.image_kind}/{pair.audio_kind}")
    return [kind, ("image", pair.image_prompt), ("audio", pair.audio_prompt)]


def _used(pair: PromptPair, taken: Counter[tuple[str, str]]) -> tuple[int, int]:
    kind, *prompts = (taken[feature] for feature in _features(pair))
    return kind, sum(prompts)


def _draw(seed: str, column: str, kind: str) -> list[dict[str, str]]:
    rows = [row for row in shared() if row[column] == kind]
    order = sorted(rows, key=lambda row: _digest(f"{seed}/{row['id']}"))[:EACH]
    return sorted(order, key=lambda row: row["id"])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _parse(name: str, text: str) -> list[PromptPair]:
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) < 2:
        raise InvalidInputError(
            f"'{name}' holds no pair of prompts below its line of column names."
        )
    header = [word.strip() for word in lines[0][1].split("\t")]
    for column in header:
        if column not in COLUMNS:
            raise unknown(f"column in '{name}', line {lines[0][0]}:", column, COLUMNS)
    missing = [column for column in NEEDED if column not in header]
    if missing or len(set(header)) < len(header):
        told = f"has no column {missing[0]}" if missing else "names a column twice"
        raise InvalidInputError(f"'{name}', line {lines[0][0]}: it {told}; {_needs()}.")
    pairs: list[PromptPair] = []
    seen: dict[str, int] = {}
    for number, line in lines[1:]:
        cells = [cell.strip() for cell in line.split("\t")]
        row = {"id": f"{len(pairs):04d}", **dict(zip(header, cells, strict=False))}
        told = _fault(row, cells, header)
        for key in (f"id {row['id']!r}", f"pair {[row.get(column) for column in NEEDED]}"):
            told = told or (f"repeats the {key} of line {seen[key]}" if key in seen else "")
            seen[key] = number
        if told:
            raise InvalidInputError(f"'{name}', line {number}: it {told}.")
        pairs.append(PromptPair(len(pairs), **row))
    return pairs


def _fault(row: dict[str, str], cells: list[str], header: list[str]) -> str:
    if len(cells) != len(header):
        return f"has {len(cells)} columns separated by tabs, but the first line has {len(header)}"
    empty = [column for column in NEEDED if not row[column]]
    if empty:
        return f"has an empty {empty[0]}"
    if not re.fullmatch(r"\w[\w-]{0,79}", row["id"]):
        return f"has the id {row['id']!r}; allowed are letters, digits, '_' and '-', at most 80"
    return ""


def _needs() -> str:
    return f"it needs {' and '.join(NEEDED)}, each once, and may have {', '.join(COLUMNS)}"
