"""Arranges samples side by side, by prompts and method."""

from collections.abc import Iterable, Sequence

from sonocanvas.errors import InvalidInputError
from sonocanvas.figures.matrix import Cell
from sonocanvas.figures.read import Shown

Key = tuple[str, str, str]
"""Image prompt, audio prompt and method."""


def by_method(shown: Iterable[Shown]) -> dict[Key, list[Shown]]:
    """Returns samples by prompts and method, in order.

    Raises:
        InvalidInputError: Two samples have the same prompts, method and seed.
    """
    found: dict[Key, list[Shown]] = {}
    for one in shown:
        prompts, seed = one.sample.prompts, one.sample.seed
        group = found.setdefault((prompts.image, prompts.audio, one.method), [])
        for other in group:
            if other.sample.seed == seed:
                raise InvalidInputError(
                    f"'{other.folder}' and '{one.folder}' both have method '{one.method}', "
                    f"seed {seed} and the same prompts; give one of them."
                )
        group.append(one)
    return found


def side_by_side(found: dict[Key, list[Shown]], keys: Sequence[Key]) -> list[tuple[Shown, ...]]:
    """Returns the first sample of each of several keys, then the second of each, and so on.

    Seeds are not compared: in an evaluation each pair of prompts, and each model alone, has its
    own noise.

    Args:
        found: From `by_method`.
        keys: The keys, in the order of the columns.

    Raises:
        InvalidInputError: A key has no sample, or fewer than another.
    """
    for key in keys:
        if key not in found:
            raise InvalidInputError(f"None of the given runs has {_told(key)}; give one.")
    counts = {key: len(found[key]) for key in keys}
    few, many = min(keys, key=counts.__getitem__), max(keys, key=counts.__getitem__)
    if counts[few] < counts[many]:
        raise InvalidInputError(
            f"There are {counts[few]} samples of {_told(few)} but {counts[many]} of "
            f"{_told(many)}; give equally many, or choose with --seeds."
        )
    return list(zip(*(found[key] for key in keys), strict=True))


def seed_and_cells(ones: Sequence[Shown]) -> tuple[str, list[Cell]]:
    """Returns the seed of samples in words, and their panels.

    If the seeds differ, the words are empty and each panel has its own seed below.
    """
    seeds = [f"seed {one.sample.seed}" for one in ones]
    same = len(set(seeds)) == 1
    cells = [
        Cell(one.sample.canvas, one.sample.waveform, () if same else (seed,))
        for one, seed in zip(ones, seeds, strict=True)
    ]
    return (seeds[0] if same else ""), cells


def _told(key: Key) -> str:
    image, audio, method = key
    return f"method '{method}' with '{image}' and '{audio}'"
