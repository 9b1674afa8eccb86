"""Scores in words: what a person reads about a sample, in one to five marks."""

import bisect
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sonocanvas.words.counts import count_of

MARKS = 5
FULL, EMPTY = "▮", "▯"


@dataclass(frozen=True)
class Meter:
    """A score that is shown in words.

    Attributes:
        words: Its label.
        score: Name of the score.
        from_two: The least values for two, three, four and five marks.
        of_prompts: Whether it concerns the two prompts; then it is shown only if `is_plain`.
    """

    words: str
    score: str
    from_two: tuple[float, float, float, float]
    of_prompts: bool


OF_JUDGE = (0.1, 0.18, 0.26, 0.34)
"""Nine in ten of the 47 other prompts have a lower cosine with a canvas than the first of these;
docs/scores.md says how often each number of marks was correct."""
METERS = (
    Meter("looks like it", "judge_image", OF_JUDGE, True),
    Meter("sounds like it", "judge_audio", OF_JUDGE, True),
    Meter("picture in the sound", "round_trip_correlation", (0.5, 0.7, 0.85, 0.95), False),
)
"""They exclude scorers that can select: a score that selected a sample is no independent measure of
it."""

RAW = frozenset({*(meter.score for meter in METERS), "round_trip_error"})
"""Scores whose plain numbers mean little to people."""


def is_plain(image_prompt: str, record: Mapping[str, Any]) -> bool:
    """Returns whether a sample has two prompts and its picture fills the canvas.

    The judge sees squares side by side, which would cut separate pictures, as of counted things or
    layers, in half.
    """
    return not record.get("layers") and not count_of(image_prompt)


def told(scores: Mapping[str, float], plain: bool = True) -> dict[str, str]:
    """Returns the meters of a sample's scores, by label.

    Args:
        scores: Values by name.
        plain: Whether meters of the prompts apply, as from `is_plain`.

    Example:
        >>> told({"round_trip_correlation": 0.9})
        {'picture in the sound': '▮▮▮▮▯ 0.90'}
    """
    return {
        meter.words: f"{marks(scores[meter.score], meter.from_two)} {scores[meter.score]:.2f}"
        for meter in METERS
        if meter.score in scores and (plain or not meter.of_prompts)
    }


def marks(value: float, from_two: tuple[float, ...]) -> str:
    """Returns one to five marks."""
    count = 1 + bisect.bisect_right(from_two, value)
    return FULL * count + EMPTY * (MARKS - count)


def numbers(
    scores: Mapping[str, str], chose: Collection[str], raw: bool, plain: bool = True
) -> dict[str, str]:
    """Returns the scores to show as numbers, marking those that selected the sample.

    Args:
        scores: Values with their units, by name.
        chose: Names of the scores that selected the sample.
        raw: Whether to include the scores in `RAW` that no meter shows.
        plain: As for `told`.

    Example:
        >>> numbers({"clip": "0.31", "clap": "0.20"}, ["clip"], raw=False)
        {'chosen by clip': '0.31', 'clap': '0.20'}
    """
    metered = {meter.score for meter in METERS if plain or not meter.of_prompts}
    return {
        ("chosen by " if name in chose else "") + name.replace("_", " "): value
        for name, value in scores.items()
        if name not in RAW or (raw and name not in metered)
    }
