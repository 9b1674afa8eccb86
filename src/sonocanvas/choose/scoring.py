"""Scores samples: the only place where scorers are applied."""

import dataclasses
from collections.abc import Iterable, Sequence

from sonocanvas.protocols import Scorer
from sonocanvas.registry import build, options
from sonocanvas.stages import stage
from sonocanvas.types import Sample


def make_scorers(names: Iterable[str], device: str = "cpu") -> list[Scorer]:
    """Returns scorers with default options and loaded models.

    Args:
        names: Entries of the menu of scorers.
        device: Device of scorers that have a `device`, such as CLIP and CLAP.

    Raises:
        InvalidInputError: A name is not on the menu.
        CheckpointError: The weights of a scorer are missing or broken.
    """
    scorers = []
    for name in names:
        given = {"device": device} if "device" in options("scorer", name) else {}
        with stage(f"scorer '{name}' made"):
            scorers.append(build("scorer", name, given))
    return scorers


def scored(sample: Sample, scorers: Iterable[Scorer]) -> Sample:
    """Returns the sample with new scores, which replace old ones with the same names.

    Args:
        sample: As saved (`artifacts.as_saved`, `load_sample`), so that memory and disk give the
            same scores.
        scorers: The scorers to use.
    """
    with stage(f"seed {sample.seed} scored"):
        new = [score for scorer in scorers for score in scorer([sample])[0]]
    replaced = {score.name for score in new}
    kept = [score for score in sample.scores if score.name not in replaced]
    return dataclasses.replace(sample, scores=(*kept, *new))


def score_samples(
    samples: Sequence[Sample], names: Sequence[str], device: str = "cpu"
) -> list[Sample]:
    """Returns samples with the scores of some scorers, in the order of `samples`.

    Args:
        samples: As saved, so that memory and disk give the same scores.
        names: Entries of the menu of scorers.
        device: As in `make_scorers`.

    Raises:
        InvalidInputError: A name is not on the menu, or a sample cannot be scored.
        CheckpointError: The weights of a scorer are missing or broken.
    """
    scorers = make_scorers(names, device)
    return [scored(sample, scorers) for sample in samples]
