"""The best of a run's seeds: scored, ranked, and marked in their records."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from sonocanvas.choose.ranking import places, selecting_scores
from sonocanvas.choose.scoring import score_samples
from sonocanvas.config import RunConfig
from sonocanvas.files.artifacts import rewrite_record
from sonocanvas.types import Sample


def rank_samples(
    samples: Sequence[Sample], config: RunConfig, out: Path | None = None, device: str = "cpu"
) -> list[Sample]:
    """Returns the samples of a whole run with their ranks, in the same order.

    The record has the rank under `rank`, with the two scores that determine it; no sample is
    removed. A run without `keep` has no ranks.

    Args:
        samples: All samples of the run, as saved, in the order of its seeds.
        config: The run.
        out: The run folder, in which changed records are rewritten; `None` writes nothing.
        device: Device of scorers that must still score.

    Raises:
        InvalidInputError: A record cannot be written, or a score is not finite.
        CheckpointError: The weights of a scorer are missing or broken.
    """
    if config.keep:
        ranked = _ranked(samples, config, device)
    else:
        ranked = [_unranked(sample) for sample in samples]
    for before, after in zip(samples, ranked, strict=True):
        changed = (before.scores, before.record) != (after.scores, after.record)
        if out is not None and changed:
            rewrite_record(after, out)
    return ranked


def _ranked(samples: Sequence[Sample], config: RunConfig, device: str) -> list[Sample]:
    names = selecting_scores(config.keep_by)
    if not all({score.name for score in sample.scores} >= set(names) for sample in samples):
        samples = score_samples(samples, config.keep_by, device)
    scores = [{score.name: score.value for score in sample.scores} for sample in samples]
    found = places(*([one[name] for one in scores] for name in names), rule=config.keep_rule)
    ranked = []
    for sample, place in zip(samples, found, strict=True):
        rank = {
            "place": place,
            "of": len(samples),
            "kept": place <= config.keep,
            "rule": config.keep_rule,
            "by": list(names),
        }
        ranked.append(dataclasses.replace(sample, record={**sample.record, "rank": rank}))
    return ranked


def _unranked(sample: Sample) -> Sample:
    record = {key: value for key, value in sample.record.items() if key != "rank"}
    return dataclasses.replace(sample, record=record)
