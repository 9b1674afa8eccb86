"""A cell of an evaluation: one row on one pair of prompts, made and scored."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonocanvas.choose.scoring import make_scorers
from sonocanvas.config import RunConfig
from sonocanvas.errors import InvalidInputError
from sonocanvas.evaluation.journal import Journal
from sonocanvas.evaluation.plan import Row
from sonocanvas.evaluation.prompts import PromptPair
from sonocanvas.files.artifacts import load_sample, sample_folder
from sonocanvas.files.records import read_record
from sonocanvas.files.run_folder import check_folder
from sonocanvas.files.writing import check_inside
from sonocanvas.generate import generate
from sonocanvas.making import chunks_of
from sonocanvas.protocols import Make, OnStep, OnWarning
from sonocanvas.types import ModelPair, Prompts

FILES = ("sample.json", "canvas.png", "image.png", "audio.wav", "latent.safetensors")


@dataclass(frozen=True)
class Cell:
    """The run of one row and one pair of prompts.

    Attributes:
        row: Row of the table.
        pair: Pair of prompts.
        run: The run.
        name: Its name in the journal, and its folder below `cells`.
        folder: Its run folder.
    """

    row: Row
    pair: PromptPair
    run: RunConfig
    name: str
    folder: Path

    def sample(self, seed: int) -> Path:
        """Returns the folder of a seed."""
        return sample_folder(self.folder, seed)

    def missing(self) -> set[int]:
        """Returns the seeds that are missing."""
        return {seed for seed in self.run.seeds if not self.sample(seed).exists()}

    def missing_chunks(self) -> list[tuple[int, ...]]:
        """Returns the chunks that have a missing seed; chunks are made as a whole."""
        missing = self.missing()
        return [chunk for chunk in chunks_of(self.run) if missing & set(chunk)]

    def kept(self) -> list[int]:
        """Returns the seeds that were kept, which are all if the run has no `keep`."""
        if not self.run.keep:
            return list(self.run.seeds)
        ranks = {seed: read_record(self.sample(seed)).get("rank") for seed in self.run.seeds}
        return [seed for seed, rank in ranks.items() if isinstance(rank, dict) and rank.get("kept")]

    def check(self) -> None:
        """Checks the existing part of the run.

        Raises:
            InvalidInputError: It belongs to another run, a link leads out of the evaluation, or a
                sample lacks a file.
        """
        cells, rows, *_ = reversed(self.folder.parents[:2])
        for path in (cells, rows, self.folder):
            check_inside(path, cells.parent)
        check_folder(self.folder, self.run)
        for seed in set(self.run.seeds) - self.missing():
            lacking = [name for name in FILES if not (self.sample(seed) / name).exists()]
            if lacking:
                raise InvalidInputError(
                    f"'{self.sample(seed)}' has no {lacking[0]}; remove that folder to make "
                    "the sample again."
                )


def make_cell(
    cell: Cell,
    models: ModelPair | None,
    journal: Journal,
    on_step: OnStep | None,
    on_warning: OnWarning,
    make: Make | None = None,
) -> None:
    """Makes the missing samples of a cell; the seeds of a chunk share its time and evaluations.

    The time covers prompts to samples, without loading models. It is recorded once, when a sample
    is made.

    Args:
        cell: The cell.
        models: The loaded pair; `None` if `make` makes the samples.
        journal: Where to record time and evaluations.
        on_step: Called after each step of denoising.
        on_warning: Called with warnings about the prompts.
        make: As in `generate`.
    """

    def note(seeds: Sequence[int], cost: dict[str, float]) -> None:
        share = {what: amount / len(seeds) for what, amount in cost.items()}
        for seed in seeds:
            if "seconds" not in journal.of(cell.name, seed):
                journal.add(cell=cell.name, seed=seed, **share)

    generate(
        cell.run,
        cell.folder,
        on_step=on_step,
        on_cost=note,
        on_warning=on_warning,
        pair=models,
        make=make,
    )


def score_cell(
    cell: Cell,
    names: Sequence[str],
    scorers: dict[str, Any],
    journal: Journal,
    device: str = "cpu",
) -> None:
    """Scores the samples of a cell that have no scores yet, each as saved.

    They are scored against the pair's own prompts, without the words of the row's style.

    Args:
        cell: The cell.
        names: Names on the menu of scorers.
        scorers: Loaded scorers by name; newly loaded ones are added.
        journal: Where to record the scores.
        device: Where to run scorers that have a `device`.

    Raises:
        InvalidInputError: A sample cannot be read or scored.
        CheckpointError: The weights of a scorer are missing or broken.
    """
    prompts = Prompts(cell.pair.image_prompt, cell.pair.audio_prompt)
    for seed in cell.run.seeds:
        known = journal.of(cell.name, seed).get("scores", {})
        missing = [name for name in names if name not in known]
        if not missing:
            continue
        sample = dataclasses.replace(load_sample(cell.sample(seed)), prompts=prompts)
        for name in missing:
            if name not in scorers:
                scorers[name] = make_scorers([name], device)[0]
            scores = [dataclasses.asdict(score) for score in scorers[name]([sample])[0]]
            journal.add(cell=cell.name, seed=seed, scorer=name, scores=scores)
