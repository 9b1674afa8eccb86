"""Ranks the samples of a run as pictures and as sounds at once."""

import math
from collections.abc import Callable, Sequence

from sonocanvas.errors import InvalidInputError, unknown
from sonocanvas.registry import SELECTORS

IMAGE_SCORES = ("clip", "selector_image", "judge_image")
"""Scores for how well a canvas looks like its picture prompt."""

AUDIO_SCORES = ("clap", "selector_audio", "judge_audio")
"""Scores for how well a canvas sounds like its sound prompt."""

KEEP_RULES: dict[str, Callable[[Sequence[int]], tuple[int, int]]] = {
    "intersection": lambda found: (max(found), math.prod(found)),
    "rank-product": lambda found: (math.prod(found), max(found)),
}
"""The sort key of a sample, given its ranks in each score."""


def selecting_scores(scorers: Sequence[str]) -> tuple[str, str]:
    """Returns the names of the picture score and the sound score for selection.

    A score is named after its scorer: `clip` gives `clip`, `selector` gives `selector_image` and
    `selector_audio`.

    Args:
        scorers: Names on the menu of scorers.

    Raises:
        InvalidInputError: A scorer cannot select, or they do not give one picture score and one
            sound score.

    Example:
        >>> selecting_scores(["clip", "clap"])
        ('clip', 'clap')
    """
    for name in scorers:
        if name not in SELECTORS:
            raise InvalidInputError(
                f"The scorer '{name}' only reports and cannot be used to select; "
                f"these can: {', '.join(sorted(SELECTORS))}."
            )
    found = [_named_after(scorers, scores) for scores in (IMAGE_SCORES, AUDIO_SCORES)]
    for kind, scores in zip(("picture", "sound"), found, strict=True):
        if len(scores) != 1:
            told = ", ".join(scores) or "none"
            raise InvalidInputError(
                f"Keeping the best by {', '.join(scorers) or 'no scorer'} needs one {kind} score, "
                f"not {told}; 'selector' gives both, and so do 'clip' and 'clap' together."
            )
    return found[0][0], found[1][0]


def places(*scores: Sequence[float], rule: str = "intersection") -> list[int]:
    """Returns the rank of each sample, from 1 for the best to n, each once.

    `intersection` sorts by the worst rank of a sample in the scores, so the first k are in the same
    top share of every score. The samples that the paper keeps, in the top 20 % of both CLIP and
    CLAP, are those whose worse rank is at most 0.2 n. `rank-product` sorts by the product of the
    ranks, so an excellent sound makes up for a mediocre picture. Equal scores share a rank; ties
    under one rule are broken by the other rule, then by the given order.

    Args:
        scores: One list per score, such as the picture's and the sound's; each holds one number
            per sample, in the same order, and higher is better.
        rule: One of `KEEP_RULES`.

    Raises:
        InvalidInputError: The rule is unknown, the lists differ in length, or a score is not
            finite.

    Example:
        >>> places([0.9, 0.5, 0.7], [0.1, 0.6, 0.5])
        [2, 3, 1]
    """
    if rule not in KEEP_RULES:
        raise unknown("rule of keeping", rule, KEEP_RULES)
    counts = [len(values) for values in scores]
    if len(set(counts)) > 1:
        raise InvalidInputError(
            f"The scores to rank by cover {', '.join(map(str, counts))} samples; a ranking needs "
            "every score of every sample."
        )
    wrong = [value for values in scores for value in values if not math.isfinite(value)]
    if wrong:
        raise InvalidInputError(f"A score to rank by is {wrong[0]}; it must be finite.")
    least = [KEEP_RULES[rule](found) for found in zip(*map(_by_score, scores), strict=True)]
    order = sorted(range(len(least)), key=lambda sample: least[sample])
    return [order.index(sample) + 1 for sample in range(len(least))]


def _by_score(scores: Sequence[float]) -> list[int]:
    return [1 + sum(other > score for other in scores) for score in scores]


def _named_after(scorers: Sequence[str], scores: Sequence[str]) -> list[str]:
    return [score for score in scores if score.partition("_")[0] in scorers]
