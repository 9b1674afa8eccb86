"""Values as people write them: seeds, durations, and the values of `--set`."""

import re
import tomllib
from pathlib import Path
from typing import Any

from sonocanvas.errors import InvalidInputError

MAX_SEED = 2**63 - 1
LONGEST_SHOWN = 300
"""Maximum number of characters of a value in an error message."""


def shown(value: Any) -> str:
    """Returns a value as error messages show it, truncated if it is long.

    Example:
        >>> shown("a castle"), len(shown("a" * 10_000)), shown(16**6000)
        ("'a castle'", 301, 'a value that is too long to show')
    """
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # Python prints at most 4300 digits
        return "a value that is too long to show"
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def expanded(path: str) -> Path:
    """Returns a path with `~` replaced by the user's home.

    Raises:
        InvalidInputError: There is no such user.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise InvalidInputError(
            f"The path {shown(path)} names a user without a home folder."
        ) from None


def parse_duration(text: str) -> float:
    """Returns the seconds of a text such as `"45s"`, `"12.5"` or `"1:30"`.

    Raises:
        InvalidInputError: The text is not a duration.
    """
    found = re.fullmatch(r"(?:(\d+):)?(\d+(?:\.\d+)?)\s*s?", text.strip())
    if found is None:
        raise InvalidInputError(
            f"Duration {text!r} does not have the form '45s', '12.5' or '1:30'."
        )
    return 60 * int(found[1] or 0) + float(found[2])


def parse_seeds(text: str) -> tuple[int, ...]:
    """Returns the seeds that a text such as ``"0-7"``, ``"3"`` or ``"1,4-6"`` names.

    Raises:
        InvalidInputError: The text is not a list of seeds, a range is reversed or has more than
            100,000 seeds, or a seed is given twice.
    """
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = (word.strip() for word in part.partition("-"))
        ends = [first, last] if dash else [first, first]
        if not all(end.isascii() and end.isdigit() and len(end) < 20 for end in ends):
            raise InvalidInputError(f"Seeds {text!r} do not have the form '0-7', '3' or '1,4-6'.")
        low, high = int(ends[0]), int(ends[1])
        if not 0 <= high - low < 100_000 or high > MAX_SEED:
            raise InvalidInputError(
                f"Seeds {text!r}: the range '{part.strip()}' must go upwards, hold at most "
                f"100000 seeds and stay below 2**63."
            )
        seeds.extend(range(low, high + 1))
    if len(set(seeds)) < len(seeds):
        raise InvalidInputError(f"Seeds {text!r} name a seed twice; give each once.")
    return tuple(seeds)


def read_value(text: str) -> Any:
    """Returns the TOML value of a text, or the text itself if it is not TOML."""
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):  # also raised for very many digits or brackets
        return text
    value = parsed["value"]
    return value if len(parsed) == 1 and isinstance(value, str | int | float | list) else text
