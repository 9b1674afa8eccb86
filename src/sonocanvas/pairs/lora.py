"""A LoRA: a small change of one model's UNet, read from safetensors and merged into its weights."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import huggingface_hub
import safetensors
from diffusers.loaders import StableDiffusionLoraLoaderMixin
from diffusers.utils import USE_PEFT_BACKEND, convert_unet_state_dict_to_peft
from huggingface_hub.errors import LocalEntryNotFoundError
from safetensors import SafetensorError
from torch import Tensor

from sonocanvas.errors import CheckpointError
from sonocanvas.pairs.hub import ABOUT, UNKNOWN_LICENCE, Source, licence_of, mended, source_of
from sonocanvas.pairs.parts import quiet
from sonocanvas.values import expanded, shown

LORA_ERRORS = (
    *(OSError, SafetensorError, ValueError, LookupError, AttributeError, RuntimeError, TypeError),
    *(ArithmeticError, MemoryError),
)
OPTIONS = ("r", "lora_alpha", "rank_pattern", "alpha_pattern", "target_modules", "use_rslora")
"""The options saved by peft that are used: the scale of the change, and where it applies. The
others name modules to import or configure training."""
PLAIN = re.compile(r"[\w.]+")
SUFFIX = ".safetensors"
MOST_RANK = 65_536
USUAL_NAME = "pytorch_lora_weights.safetensors"


@dataclass(frozen=True)
class Lora:
    """A LoRA that is on this machine.

    Attributes:
        file: Its weights.
        about: Name, commit and licence, as recorded in samples.
    """

    file: Path
    about: str


def find_lora(given: str, option: str, on_warning: Callable[[str], None]) -> Lora:
    """Returns the LoRA that a user names, downloading it from the Hub if needed.

    Args:
        given: A `.safetensors` file, a folder with one, `OWNER/NAME` or `OWNER/NAME@REVISION`.
        option: The option that names it in messages, such as `--image-lora`.
        on_warning: Called with a warning about the download.

    Raises:
        CheckpointError: It is missing, cannot be downloaded, or peft is not installed.
    """
    if not USE_PEFT_BACKEND:
        raise CheckpointError(
            f"{option} needs peft, which is not installed or too old: pip install 'peft>=0.17'."
        )
    path = expanded(given)
    if path.suffix == SUFFIX and not path.is_dir():
        if not path.is_file():
            raise CheckpointError(f"There is no file '{given}' for {option}.")
        return Lora(path, f"{path.name}: {UNKNOWN_LICENCE}")
    source = source_of(given, Source(given))
    folder = _fetch(source, option, on_warning)
    return Lora(_weights_in(folder, option), licence_of(source, folder))


def merge_lora(unet: Any, lora: Lora, scale: float, on_warning: Callable[[str], None]) -> None:
    """Adds `scale * B @ A` of a LoRA to the weights of a UNet, in place.

    The layouts of diffusers, peft and Kohya are supported. Weights for the text encoder are
    ignored, since both models may share it.

    Args:
        unet: A `UNet2DConditionModel`.
        lora: The LoRA.
        scale: Its strength; 1 as in its training.
        on_warning: Called with a warning about parts that are not used.

    Raises:
        CheckpointError: The file is broken, is not a LoRA or is for another model.
    """
    try:
        with quiet():
            state, alphas, metadata = _read(lora.file)
            texts = [name for name in state if name.startswith("text_encoder")]
            prefix = "unet" if texts or any(name.startswith("unet.") for name in state) else None
            rank = _check_fit(unet, {name: state[name] for name in state.keys() - set(texts)})
            _check_rank(metadata or {}, rank)
            unet.load_lora_adapter(state, prefix, network_alphas=alphas, metadata=metadata)
            unet.fuse_lora(scale)
            unet.unload_lora()
    except LORA_ERRORS as error:
        reason = " ".join(str(error).split())
        raise CheckpointError(f"{lora.file} is not a LoRA for this model: {reason}") from error
    if texts:
        on_warning(f"{lora.file.name} also changes the text encoder; only the unet is changed.")
    unet.eval().requires_grad_(False)


def _read(file: Path) -> tuple[dict[str, Tensor], dict[str, float] | None, dict[str, Any] | None]:
    """Returns tensors by peft's names, Kohya's alphas and peft's options."""
    with safetensors.safe_open(file, framework="pt") as opened:
        kinds = ("dora_scale", "lora_magnitude_vector", "lokr_", "hada_")
        others = [name for name in opened.keys() if any(kind in name for kind in kinds)]  # noqa: SIM118
    if others:
        raise ValueError(f"{others[0]} belongs to a DoRA, LoKr or LoHa, which are not supported.")
    state, alphas, metadata = StableDiffusionLoraLoaderMixin.lora_state_dict(
        str(file.parent),
        weight_name=file.name,
        use_safetensors=True,
        local_files_only=True,
        return_lora_metadata=True,
    )
    return convert_unet_state_dict_to_peft(state), alphas, _options(metadata)


def _options(metadata: Any) -> dict[str, Any] | None:
    """Returns the options of peft that are used, checked; a name may follow `unet.`."""
    if metadata is None:
        return None
    if not isinstance(metadata, dict):
        raise ValueError("its options are not a table.")
    kept = {key: value for key, value in metadata.items() if key.split(".")[-1] in OPTIONS}
    for key, value in kept.items():
        name = key.split(".")[-1]
        if name == "target_modules":
            fits = isinstance(value, list) and all(map(_is_plain, value))
        elif name.endswith("_pattern"):
            fits = isinstance(value, dict) and all(map(_is_plain, value))
            fits = fits and all(_is_scale(one, name == "rank_pattern") for one in value.values())
        else:
            fits = (
                isinstance(value, bool) if name == "use_rslora" else _is_scale(value, name == "r")
            )
        if not fits:
            raise ValueError(f"its option {shown(key)} is {shown(value)}.")
    return kept


def _is_plain(name: Any) -> bool:
    """Returns whether a module name is plain: peft reads other names as patterns."""
    return isinstance(name, str) and PLAIN.fullmatch(name) is not None


def _is_scale(value: Any, whole: bool) -> bool:
    kinds = (int,) if whole else (int, float)
    return type(value) in kinds and 0 < value <= MOST_RANK


def _check_rank(metadata: dict[str, Any], highest: int) -> None:
    """Checks that peft's options do not exceed the file, since peft allocates memory for them."""
    for key, value in metadata.items():
        name = "" if key.startswith("text_encoder") else key.split(".")[-1]
        ranks = [value] if name == "r" else []
        for rank in value.values() if name == "rank_pattern" else ranks:
            if rank > highest:
                raise ValueError(f"its options have the rank {rank}, and its weights {highest}.")


def _check_fit(unet: Any, state: dict[str, Tensor]) -> int:
    """Returns the highest rank; the factors A and B of each module have the shape of its weight."""
    highest = 0
    modules = sorted({name.split(".lora_")[0] for name in state})
    if not modules:
        raise ValueError("it holds nothing for the unet.")
    for module in modules:
        needed = tuple(unet.get_submodule(module.removeprefix("unet.")).weight.shape)
        inner, outer = (state.get(f"{module}.lora_{factor}.weight") for factor in "AB")
        if inner is None or outer is None:
            raise ValueError(f"it lacks one of {module}.lora_A.weight and {module}.lora_B.weight.")
        if min(inner.ndim, outer.ndim) < 2:
            raise ValueError(f"{module} has factors of {inner.ndim} and {outer.ndim} axes.")
        given = (outer.shape[0], *inner.shape[1:])
        highest = max(highest, inner.shape[0])
        if inner.shape[0] != outer.shape[1]:
            raise ValueError(f"{module} has the ranks {inner.shape[0]} and {outer.shape[1]}.")
        if given != needed:
            raise ValueError(f"{module} is {given} in the file and {needed} in the unet.")
    return highest


def _fetch(source: Source, option: str, on_warning: Callable[[str], None]) -> Path:
    """Returns the folder with the top-level files of a repository."""
    if Path(source.place).is_dir():
        return Path(source.place)
    wanted: dict[str, Any] = {
        "repo_id": source.place,
        "revision": source.revision,
        "allow_patterns": [f"*{SUFFIX}", *ABOUT],
        "ignore_patterns": "*/*",
    }
    try:
        return Path(huggingface_hub.snapshot_download(**wanted, local_files_only=True))
    except LocalEntryNotFoundError:
        with mended({option: source}):
            on_warning(f"Downloading {source}; licence of the weights: {source.licence}.")
            return Path(huggingface_hub.snapshot_download(**wanted))


def _weights_in(folder: Path, option: str) -> Path:
    """Returns the only file of weights in a folder."""
    names = sorted(path.name for path in folder.glob(f"*{SUFFIX}"))
    if USUAL_NAME in names:
        names = [USUAL_NAME]
    if len(names) != 1:
        there = f" ({', '.join(names)})" if names else ""
        raise CheckpointError(
            f"{folder} holds {len(names)} safetensors files{there}; give the one that is the LoRA "
            f"as {option} FILE."
        )
    return folder / names[0]
