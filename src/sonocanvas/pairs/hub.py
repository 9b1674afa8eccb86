"""Where a checkpoint comes from: a folder of the user, or the Hugging Face Hub and its cache."""

import dataclasses
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import huggingface_hub
from huggingface_hub.errors import HFValidationError, HTTPError  # type: ignore[attr-defined]

from sonocanvas.errors import CheckpointError
from sonocanvas.pairs.parts import weights_among

REPOSITORY = re.compile(r"([\w.-]+/[\w.-]+?)(?:@([\w./-]+))?")
LICENCE = re.compile(r"^license: *[\"']?([\w.-]+)", re.MULTILINE)
PARTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
DESCRIPTIONS = (".json", ".txt")
ABOUT = ("README.md", "LICENSE", "LICENSE.md", "LICENSE.txt")
UNKNOWN_LICENCE = "not known; see where the checkpoint came from"


@dataclass(frozen=True)
class Source:
    """A checkpoint: a repository of the Hub at a revision, or a folder.

    Attributes:
        place: `OWNER/NAME` on the Hub, or a folder.
        revision: Branch, tag or commit on the Hub.
        licence: Licence of the weights.
        vocoder: Whether it must come with a vocoder.
    """

    place: str
    revision: str = "main"
    licence: str = UNKNOWN_LICENCE
    vocoder: bool = False


def source_of(given: str, default: Source) -> Source:
    """Returns what a user asked for: a folder, `OWNER/NAME` or `OWNER/NAME@REVISION`.

    Args:
        given: The user's words; empty stands for the default.
        default: What the pair is made of by itself; its licence holds at every revision.

    Raises:
        CheckpointError: It is no folder that is there, and no name of a repository.
    """
    if not given:
        return default
    if Path(given).expanduser().is_dir():
        return Source(str(Path(given).expanduser()))
    named = REPOSITORY.fullmatch(given)
    if named is None or given.startswith("."):
        raise CheckpointError(
            f"There is no folder '{given}'; a model is a folder, OWNER/NAME of the Hub or "
            "OWNER/NAME@REVISION."
        )
    place, revision = named.groups()
    if place == default.place:
        return dataclasses.replace(default, revision=revision or default.revision)
    return Source(place, revision or "main")


def fetch(source: Source, option: str, on_warning: Callable[[str], None]) -> Path:
    """Returns the folder of a checkpoint, downloaded if it is on the Hub and not here yet.

    What is downloaded is told with its licence first; the Hub's client shows the progress.

    Args:
        source: Where it comes from.
        option: How the user names it, such as `--audio-model`, for the messages.
        on_warning: Called with the sentence that tells the licence.

    Raises:
        CheckpointError: It is not here and cannot be downloaded.
    """
    if Path(source.place).is_dir():
        return Path(source.place)
    place, revision = source.place, source.revision
    parts = (*PARTS, "vocoder") if source.vocoder else PARTS
    try:
        cached = huggingface_hub.try_to_load_from_cache(place, "unet/config.json", None, revision)
        if isinstance(cached, str):
            folder = Path(cached).parent.parent
            if all(_is_whole(folder / part) for part in parts):
                return folder
        wanted = wanted_files(huggingface_hub.HfApi().list_repo_files(place, revision=revision))
        on_warning(f"Downloading {place} at {revision}; licence of the weights: {source.licence}.")
        return Path(
            huggingface_hub.snapshot_download(place, revision=revision, allow_patterns=wanted)
        )
    except (OSError, HTTPError, HFValidationError) as error:
        raise CheckpointError(
            f"The checkpoint {place} at {revision} is not on this machine and "
            f"cannot be downloaded ({type(error).__name__}): give a folder that holds it with "
            f"{option} FOLDER, or run once with the network and without HF_HUB_OFFLINE."
        ) from error


def wanted_files(names: Iterable[str]) -> list[str]:
    """Returns the files of a repository that are needed: one form of weights for each part.

    Args:
        names: All files, with folders.
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
    """Returns name, commit and licence of a checkpoint, as they are kept in a sample.

    Args:
        source: Where the checkpoint comes from.
        folder: Where it is; its `README.md` tells the licence if the source does not.
    """
    local = Path(source.place).is_dir()  # the cache names a snapshot by its commit
    name = folder.resolve().name if local else f"{source.place}@{folder.name}"
    licence, card = source.licence, folder / "README.md"
    if licence == UNKNOWN_LICENCE and card.is_file():
        told = LICENCE.search(card.read_text(encoding="utf-8", errors="replace")[:4000])
        licence = told.group(1) if told else licence
    return f"{name}: {licence}"


def _is_whole(part: Path) -> bool:
    """Returns whether a part of a cached snapshot has all that is needed of it.

    The client shows a file under its name only when it is complete.
    """
    names = [path.name for path in part.glob("*")]
    weights = weights_among(names, pickles=True)
    shards = [count for name in weights if (count := re.search(r"-of-(\d+)\.", name))]
    described = any(name.endswith(".json") for name in names)
    all_shards = not shards or len(shards) == int(shards[0].group(1))
    modelless = part.name in ("tokenizer", "scheduler")
    return described and (modelless or bool(weights)) and all_shards
