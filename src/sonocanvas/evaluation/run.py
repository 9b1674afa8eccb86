"""Runs an evaluation: makes and measures a run for each pair of prompts in each row of the table.

A journal next to the runs records costs and scores of samples. A stopped evaluation resumes from
it, and the table can be made again without a model.
"""

import dataclasses
import hashlib
import json
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, overload

from sonocanvas.config import RunConfig
from sonocanvas.errors import InvalidInputError
from sonocanvas.evaluation.cells import Cell, make_cell, score_cell
from sonocanvas.evaluation.journal import COSTS, Journal
from sonocanvas.evaluation.plan import REFERENCES, Plan, Row, extractor_of
from sonocanvas.evaluation.prompts import PromptPair
from sonocanvas.evaluation.table import Measured, summarise, to_csv, to_markdown
from sonocanvas.files.artifacts import load_sample, sample_folder
from sonocanvas.files.writing import LOCK_FILE, only_writer, write_text
from sonocanvas.generate import generate
from sonocanvas.models import load_pair, pick_device, settled
from sonocanvas.protocols import Make, OnStep, OnWarning
from sonocanvas.registry import build
from sonocanvas.types import ModelPair, Sample, Score

JOURNAL = "measured.jsonl"
CELLS = "cells"


def evaluate(
    plan: Plan,
    out: Path,
    *,
    device: str = "auto",
    on_step: OnStep | None = None,
    on_cell: Callable[[], None] | None = None,
    on_warning: OnWarning | None = None,
    models: ModelPair | None = None,
    make: Make | None = None,
) -> str:
    """Returns the tables of an evaluation, and writes them to a folder with the runs behind them.

    `table.md`, `table.json` and `scores.csv` are rewritten each time; `cells` holds the runs and
    `measured.jsonl` their measurements. Existing samples are not made or scored again.

    Args:
        plan: The plan.
        out: The folder.
        device: Where the models run.
        on_step: Called after each step of denoising.
        on_cell: Called after each run, including existing ones.
        on_warning: Called once with each warning about prompts and models.
        models: A loaded pair.
        make: Makes the samples outside this process, as in `generate`.

    Raises:
        InvalidInputError: The folder holds other files, or a sample is incomplete or cannot be
            scored.
        CheckpointError: Weights are missing or broken.
    """
    place = pick_device(device)
    cells = [
        _cell(
            out, row, pair, settled(row.run(pair), place if make is None else make.device, models)
        )
        for pair in plan.pairs
        for row in plan.rows
    ]
    _check_out(out, cells)
    with only_writer(out):
        warn = _once(on_warning or warnings.warn)
        journal = _made_and_scored(
            plan, cells, out, place, on_step, on_cell or (lambda: None), warn, models, make
        )
        set_scores = _score_sets(plan, cells, journal, place)
        samples = [sample for cell in cells for sample in _measured(cell, plan.scores, journal)]
        order = [row.name for row in plan.rows]
        samples.sort(key=lambda sample: order.index(sample.row))
        summary = summarise(samples, set_scores)
        tables = to_markdown(summary)
        write_text(out / "scores.csv", to_csv(samples))
        write_text(out / "table.json", json.dumps(summary, indent=1, ensure_ascii=False) + "\n")
        write_text(out / "table.md", tables)
    return tables


def _made_and_scored(
    plan: Plan,
    cells: Sequence[Cell],
    out: Path,
    device: str,
    on_step: OnStep | None,
    on_cell: Callable[[], None],
    on_warning: OnWarning,
    models: ModelPair | None,
    make: Make | None,
) -> Journal:
    """Makes and scores what is missing, and returns all measurements."""
    journal = Journal(
        out / JOURNAL, lambda name, seed: sample_folder(out / CELLS / name, seed).exists()
    )
    scorers: dict[str, Any] = {}
    if make is not None:
        for cell in cells:
            make.expect(cell.run, cell.missing_chunks())
    for cell in cells:
        if cell.missing():
            if make is None:
                models = models or load_pair(cell.run, device, on_warning)
            make_cell(cell, models, journal, on_step, on_warning, make)
        elif cell.run.keep:
            generate(cell.run, cell.folder)  # to rank again
        (cell.folder / LOCK_FILE).unlink(missing_ok=True)  # left by a kill; this run is complete
        score_cell(cell, plan.scores, scorers, journal, device)
        on_cell()
    return journal


def _cell(out: Path, row: Row, pair: PromptPair, run: RunConfig) -> Cell:
    name = f"{row.folder}/{pair.id}"
    return Cell(row, pair, run, name, out / CELLS / name)


def _check_out(out: Path, cells: Sequence[Cell]) -> None:
    """Checks everything in the folder of an evaluation, before any model is loaded."""
    there = {path.name for path in out.iterdir()} if out.is_dir() else set()
    if there - {LOCK_FILE} and not there & {JOURNAL, CELLS}:
        raise InvalidInputError(
            f"'{out}' holds files but no {JOURNAL} of an evaluation; choose another folder."
        )
    for cell in cells:
        cell.check()


def _once(on_warning: OnWarning) -> OnWarning:
    """Returns a callback that passes each sentence on once."""
    said: set[str] = set()

    def warn(sentence: str) -> None:
        if sentence not in said:
            said.add(sentence)
            on_warning(sentence)

    return warn


class _SavedSamples(Sequence[Sample]):
    """Samples that are read one at a time, so that a whole row need not fit in memory."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = folders

    def __len__(self) -> int:
        return len(self.folders)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> "_SavedSamples": ...
    def __getitem__(self, index: int | slice) -> "Sample | _SavedSamples":
        if isinstance(index, slice):
            return _SavedSamples(self.folders[index])
        return load_sample(self.folders[index])


def _score_sets(
    plan: Plan, cells: Sequence[Cell], journal: Journal, device: str
) -> dict[str, list[Score]]:
    """Returns the set scores of the kept samples of each row, except the reference rows."""
    folders: dict[str, list[Path]] = {row.name: [] for row in plan.rows}
    for cell in cells:
        folders[cell.row.name] += [cell.sample(seed) for seed in cell.kept()]
    found: dict[str, list[Score]] = {}
    for name in plan.set_scores:
        scorer = None
        reference = folders[REFERENCES[name]]
        for row, samples in folders.items():
            if row == REFERENCES[name]:
                continue
            key = _key(name, row, [*samples, *reference])
            if key not in journal.sets:
                extractor = extractor_of(name, plan.rows)
                scorer = scorer or build(
                    "set_scorer", name, {"extractor": extractor, "device": device}
                )
                score = scorer(_SavedSamples(samples), _SavedSamples(reference))
                journal.add(set=key, score=dataclasses.asdict(score))
            found.setdefault(row, []).append(Score(**journal.sets[key]))
    return found


def _key(name: str, row: str, folders: Sequence[Path]) -> str:
    """Returns the key of a set score, which says which samples it is about."""
    paths = "\n".join("/".join(folder.parts[-3:]) for folder in folders)
    return f"{name} of {row}, samples {hashlib.sha256(paths.encode()).hexdigest()[:16]}"


def _measured(cell: Cell, names: Sequence[str], journal: Journal) -> Iterator[Measured]:
    """Yields the measurements of each kept sample of a cell.

    If only some are kept, their cost includes all samples that were made to find them.
    """
    kept = cell.kept()
    for seed in kept:
        entry = journal.of(cell.name, seed)
        paid = list(cell.run.seeds) if cell.run.keep else [seed]
        taken = [journal.of(cell.name, one) for one in paid]
        share = len(kept) if cell.run.keep else 1
        yield Measured(
            row=cell.row.name,
            bound=cell.row.bound,
            pair=cell.pair.id,
            image_prompt=cell.pair.image_prompt,
            audio_prompt=cell.pair.audio_prompt,
            image_kind=cell.pair.image_kind,
            audio_kind=cell.pair.audio_kind,
            seed=seed,
            scores=tuple(Score(**score) for name in names for score in entry["scores"][name]),
            **{what: _total(what, taken, share) for what in COSTS},
        )


def _total(what: str, entries: Sequence[dict[str, Any]], share: int) -> float | None:
    if not all(what in entry for entry in entries):
        return None
    return float(sum(entry[what] for entry in entries)) / share
