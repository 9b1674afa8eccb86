"""Checks and loads one part of a checkpoint: a subfolder with a description and weights.

Weights are safetensors. A published checkpoint without them may have pickles, of which only tensors
are read (`weights_only`): code in such a file raises an error.
"""

import contextlib
import importlib
import json
import pickle
import re
import struct
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePath, PureWindowsPath
from typing import Any

import diffusers.utils.logging
import safetensors
import torch
import transformers
import transformers.utils.logging
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers.utils import is_protobuf_available, is_sentencepiece_available

from sonocanvas.errors import CheckpointError
from sonocanvas.files.reading import read_text
from sonocanvas.stages import stage
from sonocanvas.types import VocoderWeights
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
MOST_LAYERS = 128
"""Limit on consecutive layers, or blocks times layers per block; the largest known models have
60."""

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


def check_description(folder: Path, part_class: Any, library: str) -> None:
    """Checks that a model is no larger than its weights, before memory is allocated for it.

    Args:
        folder: Folder of the part, checked by `check_weights`.
        part_class: Class of the model.
        library: Library of the class, such as `transformers`.

    Raises:
        CheckpointError: Its configuration describes a larger model.
    """
    described = read_json(folder / "config.json")
    layers = _layers_of(described)
    if layers > MOST_LAYERS:
        raise CheckpointError(
            f"{folder} cannot be loaded as {part_class.__name__}: it describes {layers} layers; at "
            f"most {MOST_LAYERS} are allowed."
        )
    with torch.device("meta"):  # shapes without numbers
        if library == "transformers":
            config = part_class.config_class.from_pretrained(folder, local_files_only=True)
            model = part_class(config)
        else:
            model = part_class.from_config(described)
    needed = sum(weights.numel() for weights in model.parameters())
    there = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    if needed > there:  # each number takes a byte or more
        raise CheckpointError(
            f"{folder} cannot be loaded as {part_class.__name__}: its description needs "
            f"{needed} numbers, but its files hold {there} bytes."
        )


def _layers_of(described: Any) -> int:
    """Returns the number of layers in a description: in sequence, or in all of its blocks."""
    if isinstance(described, list):
        return max(map(_layers_of, described), default=0)
    if not isinstance(described, dict):
        return 0
    in_a_row, in_a_block = 0, 1
    for key, value in described.items():
        counts = [
            one for one in (value if isinstance(value, list) else [value]) if isinstance(one, int)
        ]
        if "layers_per_block" in key:
            in_a_block *= max([1, *counts])
        elif "layers" in key:
            in_a_row = max([in_a_row, *counts])
    if any("layers_per_block" in key for key in described):
        blocks = [len(value) for value in described.values() if isinstance(value, list)]
        in_a_row = max(in_a_row, in_a_block * max([1, *blocks]))
    return max([in_a_row, *map(_layers_of, described.values())])


def load_part(
    folder: Path,
    kind: tuple[str, str],
    device: str | torch.device,
    dtype: torch.dtype,
    pickles: bool = False,
) -> torch.nn.Module | transformers.PreTrainedTokenizerBase:
    """Returns one part, in eval mode and without gradients.

    Args:
        folder: Folder of the part, checked by `check_weights`.
        kind: Library and class.
        device: Device of a model.
        dtype: Dtype of its weights.
        pickles: Whether pickles are accepted if there are no safetensors.

    Raises:
        CheckpointError: The class cannot be loaded from the folder.
    """
    library, name = kind
    part_class = getattr(importlib.import_module(library), name)
    options: dict[str, Any] = {"local_files_only": True}
    if not folder.name.endswith("tokenizer"):
        first = (weights_among([path.name for path in folder.glob("*")], pickles) or [""])[0]
        options |= {"use_safetensors": not PICKLES.fullmatch(first), "output_loading_info": True}
        options |= {"variant": "fp16" if HALVES.fullmatch(first) else None}
        options |= {"dtype": dtype} if library == "transformers" else {"torch_dtype": dtype}
        options |= {} if library == "transformers" else {"low_cpu_mem_usage": False}
    try:
        with stage(f"{name} loaded from {folder}"), quiet():
            if not folder.name.endswith("tokenizer"):
                check_description(folder, part_class, library)
            loaded = part_class.from_pretrained(folder, **options)
    except CheckpointError:
        raise
    except Exception as error:  # the libraries, one of them in Rust, can raise anything
        reason = " ".join(line.strip() for line in str(error).strip().splitlines()[:2])[:500]
        raise CheckpointError(f"{folder} cannot be loaded as {name}: {reason}") from error
    if folder.name.endswith("tokenizer"):
        return loaded
    model, report = loaded
    if report["missing_keys"]:
        first = sorted(report["missing_keys"])[0]
        raise CheckpointError(f"{folder} lacks weights of {name}, first of all {first}.")
    placed = model.to(device, memory_format=torch.channels_last)  # faster: docs/performance.md
    return placed.eval().requires_grad_(False)


def check_tokenizer(folder: Path) -> None:
    """Checks that a sentencepiece tokenizer, if there is one, can be read.

    Otherwise transformers takes the file for another format and its error names the wrong package.

    Args:
        folder: Folder of a tokenizer.

    Raises:
        CheckpointError: A required package is missing.
    """
    needed = {"sentencepiece": is_sentencepiece_available, "protobuf": is_protobuf_available}
    missing = [name for name, is_there in needed.items() if not is_there()]
    ready = (folder / "tokenizer.json").exists() or not (folder / "spiece.model").exists()
    if missing and not ready:
        raise CheckpointError(
            f"{folder} holds a sentencepiece tokenizer; to load it, "
            f"`pip install {' '.join(missing)}`."
        )


def read_vocoder(folder: Path, device: str | torch.device) -> VocoderWeights | None:
    """Returns the vocoder in a folder, as saved, or `None` if there is none.

    Args:
        folder: Folder with `config.json` and safetensors, or else `vocoder.pt`, a pickle of
            `{"generator": tensors by name}` as HiFi-GAN saves it.
        device: Device of the tensors.

    Raises:
        CheckpointError: A file is missing or broken, or has other content.
    """
    if not folder.is_dir():
        return None
    config = read_json(folder / "config.json")
    tensors: dict[str, Tensor] = {}
    for path in check_weights(folder, pickles=True):
        if path.suffix == ".safetensors":
            tensors |= load_file(path)
            continue
        content = read_pickle(path)
        content = content.get("generator") if isinstance(content, dict) else None
        if not isinstance(content, dict) or not all(
            isinstance(name, str) and torch.is_tensor(one) for name, one in content.items()
        ):
            raise CheckpointError(f"The weight file {path} must hold 'generator': its tensors.")
        tensors |= content
    return VocoderWeights(
        config, {name: one.to(device, torch.float32) for name, one in tensors.items()}
    )


def write_vocoder(vocoder: VocoderWeights, folder: Path) -> None:
    """Writes a vocoder as a folder that `read_vocoder` reads, its weights as safetensors."""
    write_json(folder / "config.json", vocoder.config)
    tensors = {name: tensor.cpu().contiguous() for name, tensor in vocoder.tensors.items()}
    save_file(tensors, folder / "model.safetensors")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silences both libraries' notes and progress bars; errors are raised instead."""
    loggings = (diffusers.utils.logging, transformers.utils.logging)
    before = [(logging.get_verbosity(), logging.is_progress_bar_enabled()) for logging in loggings]
    for logging in loggings:
        logging.set_verbosity_error()
        logging.disable_progress_bar()
    try:
        yield
    finally:
        for logging, (verbosity, progress_bar) in zip(loggings, before, strict=True):
            logging.set_verbosity(verbosity)
            if progress_bar:
                logging.enable_progress_bar()


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
