"""The records of a study: its key, and the results of each rater."""

from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field, ValidationError

from sonocanvas.config import Seed
from sonocanvas.errors import InvalidInputError
from sonocanvas.settings import Part

QUESTIONS = ("looks", "sounds", "aligns")
"""Which video looks most like the picture prompt, sounds most like the sound prompt, aligns
better."""

KeyFormat = Literal["sonocanvas-study-key-1"]
ResultsFormat = Literal["sonocanvas-study-results-1"]
RESULTS_FORMAT: ResultsFormat = "sonocanvas-study-results-1"

Name = Annotated[str, Field(pattern="^[0-9a-f]{12,16}$")]
Pair = tuple[Name, Name]


class Clip(Part):
    """The origin of a video."""

    method: str
    image_prompt: str
    audio_prompt: str
    seed: Seed
    sample: str


class Key(Part):
    """The method of each video, which raters must not know.

    Attributes:
        format: Format of this file.
        study: Name of the study, a digest of the rest.
        method: The method that is compared with every other.
        clips: Origins by video name.
        pairs: The compared videos, that of `method` first.
    """

    format: KeyFormat
    study: Name
    method: str
    clips: dict[Name, Clip]
    pairs: tuple[Pair, ...]


class Choice(Part):
    """The video that was chosen for each question."""

    looks: Name
    sounds: Name
    aligns: Name


class Answer(Part):
    """A rater's answers about one pair.

    Attributes:
        shown: The first and the second video, as shown.
        repeat: Whether the pair was shown before, with its sides swapped.
        seconds: Time taken.
        chosen: The answers; `None` if a video could not be played.
    """

    shown: Pair
    repeat: bool
    seconds: Annotated[float, Field(ge=0)]
    chosen: Choice | None


class Results(Part):
    """The results of one rater.

    Attributes:
        format: Format of this file.
        study: Name of the study.
        rater: A random name.
        planned: Number of planned pairs.
        answers: The answers in the order given.
    """

    format: ResultsFormat
    study: Name
    rater: Name
    planned: Annotated[int, Field(ge=1)]
    answers: tuple[Answer, ...]


Record = TypeVar("Record", Key, Results)


def read_key(path: Path) -> Key:
    """Returns the key of a study.

    Raises:
        InvalidInputError: The file is missing or is not the key of a study.
    """
    key = _read(path, Key, "the key of a study")
    if not key.clips.keys() >= {name for pair in key.pairs for name in pair}:
        raise InvalidInputError(f"'{path}' is not the key of a study: a pair has no clip.")
    return key


def read_results(paths: list[Path], key: Key) -> list[Results]:
    """Returns the results of all raters of a study, checked against its key.

    Args:
        paths: The files that the raters sent.
        key: The key of their study.

    Raises:
        InvalidInputError: A file is missing, does not have results of this study, names a video or
            pair that is not in the study, answers a pair twice, or has the same rater as another
            file.
    """
    files: dict[str, Path] = {}
    results = []
    for path in paths:
        one = _read(path, Results, "the results of a study")
        if one.study != key.study:
            raise InvalidInputError(
                f"'{path}' belongs to study {one.study}, but the key to study {key.study}."
            )
        if one.rater in files:
            raise InvalidInputError(
                f"'{path}' is by the same rater as '{files[one.rater]}'; give one of the two files."
            )
        reason = _contradiction(one, key)
        if reason:
            raise InvalidInputError(f"'{path}' does not fit its study: {reason}.")
        files[one.rater] = path
        results.append(one)
    return results


def _contradiction(results: Results, key: Key) -> str:
    """Returns the first mismatch between results and this study; empty if there is none."""
    pairs = {frozenset(pair) for pair in key.pairs}
    seen: set[tuple[frozenset[str], bool]] = set()
    for number, answer in enumerate(results.answers, start=1):
        pair = frozenset(answer.shown)
        if pair not in pairs:
            return f"answer {number} is about {' and '.join(answer.shown)}, not one of its pairs"
        if answer.chosen and not pair >= set(answer.chosen.model_dump().values()):
            return f"answer {number} chooses a video that was not shown"
        if (pair, answer.repeat) in seen:
            return f"answer {number} repeats a pair that was answered before"
        seen.add((pair, answer.repeat))
    return ""


def _read(path: Path, record: type[Record], what: str) -> Record:
    try:
        return record.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InvalidInputError(f"Cannot read '{path}': {error.strerror}.") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        reason = first["msg"].replace("\n", " ").rstrip(".")
        place = f"{where}: " if where else ""
        raise InvalidInputError(f"'{path}' is not {what}: {place}{reason}.") from None
