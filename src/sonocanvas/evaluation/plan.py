"""The plan of an evaluation: prompts and rows of a table, checked before any model is loaded."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sonocanvas.config import MODELS, RunConfig
from sonocanvas.errors import InvalidInputError, unknown
from sonocanvas.evaluation.prompts import PromptPair
from sonocanvas.files.run_file import resolve
from sonocanvas.registry import MENUS, OWN, load

SEEDS_A_PAIR = 1000
"""Seeds per pair of prompts: pair k with seed s starts from the noise of seed 1000 k + s."""

BOUND_NOISE = 500
"""Added to that seed for one model alone. FID and FAD compare with these samples, and `imprint`
would otherwise be compared with the very spectrograms that it is made from."""

BOUNDS = {"image-only": "picture", "audio-only": "sound"}
"""Methods that use one model alone, and the modality that they bound."""

OWN_OPTIONS = {
    "image_prompt": "the table of prompts",
    "audio_prompt": "the table of prompts",
    "seeds": "--seeds",
    "scores": "--scores",
}
"""Keys of a run that an evaluation sets itself, and what sets them."""

REFERENCES = {"fid": "image-only", "fad": "audio-only"}
"""The method whose samples are the reference of each set score."""

EXTRACTORS = {"fid": "clip", "fad": "clap"}
"""The feature extractor of each set score for pairs other than `mini`, which has its judge."""


@dataclass(frozen=True)
class Row:
    """A row of the table: a method with its settings.

    Attributes:
        name: Its name in the table.
        base: Its run, with the given seeds and placeholders for the prompts.
        style: Template of the picture prompt, with `{}` for the pair's own prompt.
    """

    name: str
    base: RunConfig
    style: str = "{}"

    @property
    def bound(self) -> str:
        """`picture` or `sound` if only that model is used, otherwise empty."""
        return BOUNDS.get(self.base.method.name, "")

    @property
    def folder(self) -> str:
        """Name of the folder of its cells."""
        return re.sub(r"[^\w.=+-]+", "-", self.name)[:120].strip("-.")

    def run(self, pair: PromptPair) -> RunConfig:
        """Returns the run of this row for a pair of prompts, with the pair's own noise."""
        shift = SEEDS_A_PAIR * pair.number + (BOUND_NOISE if self.bound else 0)
        return self.base.model_copy(
            update={
                "image_prompt": self.style.replace("{}", pair.image_prompt),
                "audio_prompt": pair.audio_prompt,
                "seeds": tuple(seed + shift for seed in self.base.seeds),
            }
        )


@dataclass(frozen=True)
class Plan:
    """What an evaluation makes and measures.

    Attributes:
        pairs: Pairs of prompts.
        rows: Rows of the table; the others are compared with the first.
        scores: Scorers of samples.
        set_scores: Scorers of whole rows against samples of one model alone.
    """

    pairs: tuple[PromptPair, ...]
    rows: tuple[Row, ...]
    scores: tuple[str, ...]
    set_scores: tuple[str, ...]


def plan_evaluation(
    pairs: Sequence[PromptPair],
    methods: Sequence[str],
    given: dict[str, Any],
    *,
    presets: Sequence[str] = (),
    settings: Sequence[str] = (),
    vary: Sequence[str] = (),
    style: str = "{}",
    scores: Sequence[str] | None = None,
) -> Plan:
    """Returns the plan of an evaluation.

    Args:
        pairs: Pairs of prompts.
        methods: Names on the menu of methods, one row each.
        given: Values of the runs, such as `seeds` and `pair`.
        presets: Presets, which `given` overrides.
        settings: Settings that override `given`, such as `sampling.steps=8`.
        vary: Options with values, such as `sampling.steps=8,16`. Each value adds a row of the first
            method. Commas in brackets do not separate values; `style=` takes one value, a template.
            `preset=NAME` adds a row of that preset and its method.
        style: Template of the picture prompt, with `{}` for the pair's own prompt.
        scores: Scorers of samples and of sets. By default these are the selector and the judge for
            `mini`, CLIP and CLAP for other pairs, and FID and FAD if the plan has their references.

    Raises:
        InvalidInputError: A name is unknown, given twice or does not fit the others.
    """
    for name in methods:
        if name not in MENUS["method"]:
            load("method", name)  # raises unless it is the user's own
    if not methods:
        raise InvalidInputError("There is no method to evaluate; give at least one.")
    for option in (*settings, *vary):
        key = option.partition("=")[0].strip()
        if key in OWN_OPTIONS:
            raise InvalidInputError(f"In an evaluation, {key} is set by {OWN_OPTIONS[key]}.")
    varied = [("", ""), *_varied(vary)]
    rows = []
    for method, (key, value) in [(name, varied[0]) for name in methods] + [
        (methods[0], one) for one in varied[1:]
    ]:
        template = value if key == "style" else style
        changed = [f"{key}={value}"] if key not in ("", "style") else []
        values = {"image_prompt": "any", "audio_prompt": "any", "scores": (), **given}
        values = {"anyway": True, **values}  # unknown prompts are measured like any others
        name = f"{method}, {key}={value}" if key else method
        if key == "preset":  # its own method, if it names one
            name, own = f"preset {value}", [*presets, value]
            rows.append(Row(name, resolve(values, own, settings), template))
            continue
        base = resolve({**values, "method": {"name": method}}, presets, [*settings, *changed])
        rows.append(Row(name, base, template))
    _check_rows(rows)
    fewest = len(pairs) * min(row.base.keep or len(row.base.seeds) for row in rows)
    chosen = _default_scores(rows, fewest) if scores is None else list(scores)
    _check_scores(chosen, rows, fewest)
    of_sets = tuple(name for name in chosen if name in MENUS["set_scorer"])
    scorers = tuple(name for name in chosen if name not in of_sets)
    return Plan(tuple(pairs), tuple(rows), scorers, of_sets)


def _varied(vary: Sequence[str]) -> Iterator[tuple[str, str]]:
    for option in vary:
        key, equals, values = (part.strip() for part in option.partition("="))
        if not (key and equals and values):
            raise InvalidInputError(f"--vary {option!r} does not have the form 'key=value,value'.")
        several = [values] if key == "style" else re.split(r",(?![^\[]*\])", values)
        for value in several:
            yield key, value.strip()


def _check_rows(rows: Sequence[Row]) -> None:
    folders: dict[str, str] = {}
    first = rows[0].base
    for row in rows:
        if row.style.count("{}") != 1:
            raise InvalidInputError(
                f"The style {row.style!r} must contain {{}} once, for the prompt."
            )
        if row.folder in folders:
            raise InvalidInputError(
                f"The rows '{folders[row.folder]}' and '{row.name}' are the same; give each once."
            )
        folders[row.folder] = row.name
        for key in ("pair", *MODELS):
            if getattr(row.base, key) != getattr(first, key):
                raise InvalidInputError(f"{key} cannot be varied; evaluate each in its own folder.")
        if row.base.sampling.dtype != first.sampling.dtype:
            raise InvalidInputError(
                "sampling.dtype cannot be varied; evaluate each in its own folder."
            )
        if max(row.base.seeds) >= BOUND_NOISE:
            raise InvalidInputError(
                f"The seeds of an evaluation must be below {BOUND_NOISE}, not "
                f"{max(row.base.seeds)}, since every pair of prompts has its own noise."
            )


def _default_scores(rows: Sequence[Row], fewest: int) -> list[str]:
    own = rows[0].base.pair == "mini"
    methods = {row.name for row in rows}
    of_sets = REFERENCES if fewest > 1 else {}
    references = [name for name, method in of_sets.items() if method in methods]
    scorers = ["selector", "judge"] if own else ["clip", "clap"]
    chose = _selecting(rows)
    return [name for name in (*scorers, *references) if extractor_of(name, rows) not in chose]


def extractor_of(score: str, rows: Sequence[Row]) -> str:
    """Returns the scorer whose model a score uses, which is mostly its own."""
    if score in REFERENCES:
        return "judge" if rows[0].base.pair == "mini" else EXTRACTORS[score]
    return score


def _selecting(rows: Sequence[Row]) -> set[str]:
    chose: set[str] = set()
    for run in (row.base for row in rows):
        if run.keep or run.search.name:
            chose |= set(run.keep_by)
        if run.search.name:
            chose |= set(load("search", run.search.name).beside)
    return chose


def _check_scores(chosen: Sequence[str], rows: Sequence[Row], fewest: int) -> None:
    chose = _selecting(rows)
    if not chosen and chose:
        raise InvalidInputError(
            f"{', '.join(sorted(chose))} chose the samples of a row, and no other score "
            "is left to report; name one with --scores."
        )
    if not chosen or len(set(chosen)) < len(chosen):
        raise InvalidInputError(f"The scores must be one or more, each once, not {list(chosen)}.")
    known = [*MENUS["scorer"], *MENUS["set_scorer"]]
    for name in chosen:
        if OWN.fullmatch(name):
            load("scorer", name)
        elif name not in known:
            raise unknown("scorer", name, known)
        if (model := extractor_of(name, rows)) in chose:
            raise InvalidInputError(
                f"'{model}' chose the samples of a row, so '{name}' says nothing about them; "
                "report by another scorer, such as the judge."
            )
        if name in REFERENCES and REFERENCES[name] not in {row.name for row in rows}:
            raise InvalidInputError(
                f"'{name}' compares with the outputs of '{REFERENCES[name]}'; add that method."
            )
        if name in REFERENCES and fewest < 2:
            raise InvalidInputError(
                f"'{name}' compares at least two samples with at least two, but a row has one; "
                "give more pairs or seeds."
            )
