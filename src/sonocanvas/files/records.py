"""Reads the record of a sample, `sample.json`, and checks the keys that every record has."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from sonocanvas.errors import InvalidInputError
from sonocanvas.files.reading import read_text
from sonocanvas.files.writing import check_inside
from sonocanvas.formats import read_format
from sonocanvas.types import Prompts, Score
from sonocanvas.values import MAX_SEED

SCHEMA = 1
MOST_BYTES = 16 * 2**20
"""Size limit of a record, or of a table of candidates."""
LARGEST = 1e300
"""Largest value of a score, so that means stay finite."""
MOST_GAIN_DB = 400.0
"""Largest gain in dB of a sound with 32-bit numbers."""
FIXED = ("schema", "note", "seed", "prompts", "scores", "gain_db", "canvas_format")
"""Keys of every `sample.json`, before the sample's own record."""


def read_record(folder: Path) -> dict[str, Any]:
    """Returns the `sample.json` of a sample, after checking the keys that all records have.

    Raises:
        InvalidInputError: It is missing, has another schema or is not valid; or a file of the
            sample is a link that leads out of its run.
    """
    check_inside(folder, folder.parent)
    for file in folder.glob("*"):
        check_inside(file, folder)
    path = folder / "sample.json"
    try:
        record = json.loads(read_text(path, MOST_BYTES))
        if record["schema"] != SCHEMA:
            raise InvalidInputError(f"'{folder}' has a schema other than {SCHEMA}.")
        _check_fixed(record)
    except InvalidInputError as error:
        raise InvalidInputError(f"'{folder}' is not a whole sample: {error}") from None
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InvalidInputError(f"'{path}' cannot be read: {reason}.") from None
    return dict(record)


def _check_fixed(record: dict[str, Any]) -> None:
    """Raises KeyError, TypeError or ValueError for a record that `save_sample` would not write."""
    missing = [key for key in FIXED if key not in record]
    if missing:
        raise KeyError(f"{missing[0]} is missing")
    if type(record["seed"]) is not int or not 0 <= record["seed"] <= MAX_SEED:
        raise ValueError("seed is not a number from 0")
    if not all(isinstance(text, str) for text in vars(Prompts(**record["prompts"])).values()):
        raise TypeError("a prompt is not a text")
    gain_db = record["gain_db"]
    if type(gain_db) not in (int, float) or not -MOST_GAIN_DB <= gain_db <= MOST_GAIN_DB:
        raise ValueError("gain_db is not a number of decibels")
    for score in record["scores"]:
        score_from(score)
    read_format(record["canvas_format"])


def score_from(given: Any) -> Score:
    """Returns the score described by a table of its fields.

    Raises:
        TypeError: It is not such a table.
        ValueError: Its value is not finite.
    """
    score = Score(**given)
    named = isinstance(score.name, str) and isinstance(score.unit, str)
    if not named or not isinstance(score.higher_is_better, bool):
        raise TypeError("a score has a wrong field")
    if type(score.value) not in (int, float):
        raise TypeError("the value of a score is not a number")
    if not abs(score.value) <= LARGEST:  # also false for NaN
        raise ValueError("the value of a score is not finite")
    return dataclasses.replace(score, value=float(score.value))
