"""Checks and reads the files of one part of a checkpoint, before anything is built from them.

Weights are safetensors. A published checkpoint without them may have pickles, of which only tensors
are read (`weights_only`): code in such a file raises an error.
"""

import json
import pickle
import re
import struct
import warnings
import zipfile
from pathlib import Path, PurePath, PureWindowsPath
from typing import Any

import safetensors
import torch
from torch import Tensor

from sonocanvas.errors import CheckpointError
from sonocanvas.files.reading import read_text
from sonocanvas.values import shown

NAMES = "diffusion_pytorch_model|pytorch_model|model|vocoder"
SAFETENSORS = re.compile(rf"({NAMES})(-\d+-of-\d+)?\.safetensors(\.index\.json)?")
HALVES = re.compile(
    rf"({NAMES})(\.fp16(-\d+-of-\d+)?\.safetensors|\.safetensors\.index\.fp16\.json)"
)
PICKLES = re.compile(rf"({NAMES})(-\d+-of-\d+)?\.(bin|pt)(\.index\.json)?")
"""Names of files of weights, without variants other than `fp16`."""

BROKEN = (
    *(pickle.UnpicklingError, zipfile.BadZipFile, struct.error, EOFError, OSError, RuntimeError),
    *(AssertionError, AttributeError, LookupError, TypeError, ValueError, ArithmeticError),
    *(MemoryError, NotImplementedError),
)
"""Errors that torch raises for a truncated or damaged pickle."""

MOST_BYTES = 16 * 2**20
"""Size limit of a description; published ones are a hundred times smaller."""

POINTER = b"version https://git-lfs"
"""How a Git LFS pointer file starts."""


def weights_among(names: list[str], pickles: bool = False) -> list[str]:
    """Returns the files of weights among the files of a part, in one form, preferably safetensors.

    The variant `fp16` of safetensors is accepted if there are no others.

    Args:
        names: File names without folders.
        pickles: Whether pickles are accepted if there are no safetensors.
    """
    safe = [name for name in names if SAFETENSORS.fullmatch(name)]
    pickled = [name for name in names if pickles and PICKLES.fullmatch(name)]
    return safe or pickled or [name for name in names if HALVES.fullmatch(name)]


def missing_description(folder: Path) -> str:
    """Returns the first missing file of a part, not counting weights; empty if there is none.

    Args:
        folder: Folder of the part, whose name identifies the part.
    """
    if folder.name == "scheduler":
        needed = ["scheduler_config.json"]
    elif folder.name.endswith("tokenizer"):
        whole = (folder / "tokenizer.json").is_file()
        needed = ["tokenizer_config.json", *([] if whole else ["vocab.json", "merges.txt"])]
    else:
        needed = ["config.json"]
    return next((name for name in needed if not (folder / name).is_file()), "")


def check_weights(folder: Path, pickles: bool = False) -> list[Path]:
    """Returns the files of weights of one part, after checking that each is complete.

    Args:
        folder: Folder of the part.
        pickles: Whether pickles are accepted if there are no safetensors.

    Raises:
        CheckpointError: There is none, or one is missing, broken or holds more than tensors.
    """
    found = weights_among(sorted(path.name for path in folder.glob("*")), pickles)
    names = {name for name in found if not name.endswith(".json")}
    for index in (name for name in found if name.endswith(".json")):
        names |= _names_in(folder / index)
    if not names:
        kind = "weights (safetensors or pickled)" if pickles else "safetensors weights"
        held = ", ".join(sorted(path.name for path in folder.glob("*"))) or "nothing"
        raise CheckpointError(
            f"{folder} holds no {kind}, such as diffusion_pytorch_model.safetensors, but {held}."
        )
    paths = [folder / name for name in sorted(names)]
    for path in paths:
        if not path.is_file():
            raise CheckpointError(f"The weight file {path} is missing.")
        with path.open("rb") as opened:
            pointer = opened.read(len(POINTER)) == POINTER
        if pointer:
            raise CheckpointError(
                f"The weight file {path} is a Git LFS pointer, not the weights; run `git lfs "
                "pull` in its clone."
            )
        if path.suffix == ".safetensors":
            try:
                with safetensors.safe_open(path, framework="pt"):
                    pass
            except (safetensors.SafetensorError, OSError) as error:
                raise CheckpointError(f"The weight file {path} is broken: {error}.") from error
        else:
            read_pickle(path)
    return paths


def _names_in(index: Path) -> set[str]:
    """Returns the files next to an index that it names."""
    named = read_json(index).get("weight_map", {})
    for name in named.values() if isinstance(named, dict) else [named]:
        plain = isinstance(name, str) and name == PurePath(name).name == PureWindowsPath(name).name
        if not plain or name in ("", ".", "..") or "\0" in name:
            raise CheckpointError(
                f"The checkpoint file {index} names the weights {shown(name)}; they must be files "
                "next to it."
            )
    return set(named.values())


def read_pickle(path: Path) -> Any:
    """Returns the content of a pickle of tensors, on the CPU; nothing in it is executed.

    Raises:
        CheckpointError: The file is broken, or holds anything other than tensors.
    """
    try:
        mapped = zipfile.is_zipfile(path)
        if mapped:
            _check_stored(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns about pickles that it has not written
            content = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
        _check_held(content)
        return content
    except BROKEN as error:
        raise CheckpointError(
            f"The weight file {path} is broken or holds more than tensors, such as code, which "
            "is never executed."
        ) from error


def _check_stored(path: Path) -> None:
    """Raises ValueError if an archive expands beyond its size, which torch never writes."""
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    if any(one.compress_type != zipfile.ZIP_STORED for one in members):
        raise ValueError("it is compressed")
    if sum(one.file_size for one in members) > path.stat().st_size:
        raise ValueError("its files overlap")


def _check_held(content: Any) -> None:
    """Raises ValueError if a tensor claims more numbers than the file holds."""
    waiting, seen = [content], set()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list | tuple):
            waiting += one
        elif isinstance(one, Tensor):
            plain = one.layout is torch.strided and one.device.type == "cpu"
            if not plain or one.numel() * one.element_size() > one.untyped_storage().nbytes():
                raise ValueError("a tensor is larger than its saved data")


def read_json(path: Path) -> dict[str, Any]:
    """Returns a JSON object from a file."""
    if not path.exists():
        raise CheckpointError(f"The checkpoint file {path} is missing.")
    try:
        content = json.loads(read_text(path, MOST_BYTES))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"The checkpoint file {path} is not JSON: {error}.") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"The checkpoint file {path} does not hold a JSON object.")
    return content


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Writes a JSON object to a file in a folder that may be new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
