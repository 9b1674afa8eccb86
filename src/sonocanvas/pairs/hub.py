"""Finds checkpoints: in the user's folders, or on the Hugging Face Hub and in its cache."""

import contextlib
import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import huggingface_hub
from huggingface_hub.errors import (  # type: ignore[attr-defined]
    HFValidationError,
    HTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

from sonocanvas.errors import CheckpointError
from sonocanvas.pairs.part_files import missing_description, weights_among
from sonocanvas.stages import LOGGER
from sonocanvas.values import expanded

REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")
LICENCE = re.compile(r"^license: *[\"']?([\w.-]+)", re.MULTILINE)
PARTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
DESCRIPTIONS = (".json", ".txt")
ABOUT = ("README.md", "LICENSE", "LICENSE.md", "LICENSE.txt")
PAIR_FILES = ("model_index.json", "*/*.json", "*/*.txt", "*/*.safetensors", *ABOUT)
"""Files to download for a pair on the Hub: no pickles and no programs."""
UNKNOWN_LICENCE = "not known; see where the checkpoint came from"


@dataclass(frozen=True)
class Source:
    """A checkpoint: a Hub repository at a revision, or a folder.

    Attributes:
        place: `OWNER/NAME` on the Hub, or a folder.
        revision: Branch, tag or commit on the Hub.
        licence: Licence of the weights.
        vocoder: Whether it must have a vocoder.
    """

    place: str
    revision: str = "main"
    licence: str = UNKNOWN_LICENCE
    vocoder: bool = False

    def __str__(self) -> str:
        """Returns the place as shown in messages, with the first seven digits of a commit."""
        commit = re.fullmatch(r"[0-9a-f]{40}", self.revision)
        return f"{self.place} at {self.revision[:7] if commit else self.revision}"


def source_of(given: str, default: Source) -> Source:
    """Returns the source that a user names: a folder, `OWNER/NAME` or `OWNER/NAME@REVISION`.

    Args:
        given: The user's text; empty for the default.
        default: The pair's own checkpoint; its licence applies to all of its revisions.

    Raises:
        CheckpointError: It is a file, or neither an existing folder nor the name of a repository.
    """
    if not given:
        return default
    path = expanded(given)
    if path.is_dir():
        return Source(str(path))
    if path.is_file():
        raise CheckpointError(
            f"'{given}' is a file, but a model must be a folder: convert it with diffusers' "
            "StableDiffusionPipeline.from_single_file(FILE).save_pretrained(FOLDER)."
        )
    place, _, revision = given.partition("@")
    try:
        validate_repo_id(place)
        named = REPOSITORY.fullmatch(given)
    except HFValidationError:
        named = None
    if named is None:
        raise CheckpointError(
            f"There is no folder '{given}'; a model is a folder, OWNER/NAME on the Hub or "
            "OWNER/NAME@REVISION."
        )
    if place == default.place:
        return dataclasses.replace(default, revision=revision or default.revision)
    return Source(place, revision or "main")


def fetch(sources: Mapping[str, Source], on_warning: Callable[[str], None]) -> list[Path]:
    """Returns the folders of checkpoints, downloading them from the Hub if needed.

    Before each download, a warning names it and its licence; the Hub's client shows the progress.

    Args:
        sources: The sources, by the option that names each, such as `--audio-model`.
        on_warning: Called with the warnings about licences.

    Raises:
        CheckpointError: One is missing and cannot be downloaded; the message names all of them.
    """
    folders = {option: _here(source) for option, source in sources.items()}
    missing = {option: sources[option] for option, folder in folders.items() if folder is None}
    with mended(missing):
        wanted = {option: wanted_files(files_of(source)) for option, source in missing.items()}
        for source in missing.values():
            on_warning(f"Downloading {source}; licence of the weights: {source.licence}.")
        for option, source in list(missing.items()):
            folder = huggingface_hub.snapshot_download(
                source.place, revision=source.revision, allow_patterns=wanted[option]
            )
            folders[option] = Path(folder)
            del missing[option]
    for option, found in folders.items():
        LOGGER.info("%s is %s, in %s", option, sources[option], found)
    return [folder for folder in folders.values() if folder is not None]


def fetch_pair(given: str, on_warning: Callable[[str], None]) -> Path:
    """Returns the folder of a pair on the Hub, downloading it if needed.

    Args:
        given: `OWNER/NAME` or `OWNER/NAME@REVISION`.
        on_warning: Called with the warning about the licence.

    Raises:
        CheckpointError: It is not such a name, or is missing and cannot be downloaded.
    """
    source = source_of(given, Source(""))
    asked: dict[str, Any] = {"revision": source.revision, "allow_patterns": list(PAIR_FILES)}
    with mended({"a": source}):
        try:
            huggingface_hub.snapshot_download(source.place, local_files_only=True, **asked)
        except LocalEntryNotFoundError:
            files_of(source)
            on_warning(f"Downloading {source}; licence of the weights: {source.licence}.")
        return Path(huggingface_hub.snapshot_download(source.place, **asked))


@contextlib.contextmanager
def mended(missing: Mapping[str, Source]) -> Iterator[None]:
    """Turns an error of the Hub's client into one sentence that says what to do.

    Args:
        missing: The sources that are not cached, by the option that names each.

    Raises:
        CheckpointError: The client raised an error.
    """
    try:
        yield
    except (OSError, HTTPError) as error:
        places = " and ".join(map(str, missing.values()))
        given = " and ".join(f"{option} FOLDER" for option in missing)
        cause = error.__cause__ or error
        told = f" ({cause.strerror})" if isinstance(cause, OSError) and cause.strerror else ""
        reason, remedy = f"it ended in {type(cause).__name__}{told}", "run once while online"
        if huggingface_hub.is_offline_mode():
            reason, remedy = "HF_HUB_OFFLINE is set", f"{remedy} and without HF_HUB_OFFLINE"
        elif isinstance(error, RepositoryNotFoundError | RevisionNotFoundError):
            remedy = "check name and revision, and log in with `hf auth login` if it is not public"
        raise CheckpointError(
            f"Not on this machine and cannot be downloaded, since {reason}: {places}; give your "
            f"own copy as {given}, or {remedy}."
        ) from error


def wanted_files(names: Iterable[str]) -> list[str]:
    """Returns the files of a repository to download: one form of weights for each part.

    Args:
        names: All files, with their folders.
    """
    names = list(names)
    wanted = [name for name in names if name in ABOUT]
    for part in (*PARTS, "vocoder"):
        inside = [name.removeprefix(f"{part}/") for name in names if name.startswith(f"{part}/")]
        weights = weights_among(inside, pickles=True)
        described = [name for name in inside if name.endswith(DESCRIPTIONS) and "/" not in name]
        wanted += [f"{part}/{name}" for name in sorted({*weights, *described})]
    return wanted


def licence_of(source: Source, folder: Path) -> str:
    """Returns name, commit and licence of a checkpoint, as recorded in samples.

    Args:
        source: Source of the checkpoint.
        folder: Its folder; `README.md` in it gives the licence if the source does not.
    """
    local = Path(source.place).is_dir()  # folders in the cache are named by their commit
    name = folder.resolve().name if local else f"{source.place}@{folder.name}"
    licence, card = source.licence, folder / "README.md"
    if licence == UNKNOWN_LICENCE and card.is_file():
        told = LICENCE.search(card.read_text(encoding="utf-8", errors="replace")[:4000])
        licence = told.group(1) if told else licence
    return f"{name}: {licence}"


def _here(source: Source) -> Path | None:
    """Returns the folder of a checkpoint that is complete on this machine, or nothing."""
    if Path(source.place).is_dir():
        return Path(source.place)
    cached = huggingface_hub.try_to_load_from_cache(
        source.place, "unet/config.json", None, source.revision
    )
    parts = (*PARTS, "vocoder") if source.vocoder else PARTS
    if not isinstance(cached, str):
        return None
    folder = Path(cached).parent.parent
    return folder if all(_is_whole(folder / part) for part in parts) else None


def files_of(source: Source) -> list[str]:
    """Returns the files of a repository; without retries, so that errors are immediate."""
    about = huggingface_hub.HfApi().model_info(source.place, revision=source.revision)
    return [file.rfilename for file in about.siblings or []]


def _is_whole(part: Path) -> bool:
    """Returns whether a part of a cached snapshot has all the files that it needs.

    The client gives a file its name only once it is complete.
    """
    if missing_description(part):
        return False
    if part.name in ("tokenizer", "scheduler"):
        return True
    weights = weights_among([path.name for path in part.glob("*")], pickles=True)
    shards = [count for name in weights if (count := re.search(r"-of-(\d+)\.", name))]
    return bool(weights) and (not shards or len(shards) == int(shards[0].group(1)))
