"""Loads published models that score, from a folder or from the Hub and its cache."""

import contextlib
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import huggingface_hub
import torch
import transformers
from huggingface_hub.errors import LocalEntryNotFoundError
from torch import Tensor
from torch.nn import functional

from sonocanvas.errors import CheckpointError, InvalidInputError
from sonocanvas.pairs.hub import ABOUT, Source, files_of, mended, source_of
from sonocanvas.pairs.part_files import check_weights, weights_among
from sonocanvas.pairs.parts import load_part, quiet

DESCRIPTIONS = (".json", "merges.txt", "vocab.txt")


@dataclass(frozen=True)
class PublishedEmbedder:
    """A model that reads prompts; its subclasses see or hear.

    Attributes:
        model, processor: The model, and the processor of its inputs.
    """

    model: Any
    processor: Any

    def embed_text(self, prompt: str) -> Tensor:
        """Returns the vector `(width,)` of a prompt, float32."""
        read = self.processor.tokenizer(prompt, truncation=True, return_tensors="pt")
        return unit_vectors(self.model.get_text_features(**read.to(self.model.device)))[0]


def unit_vectors(found: Any) -> Tensor:
    """Returns the features `(batch, width)` of a model's output, float32 and of length 1."""
    return functional.normalize(found.pooler_output.float().cpu(), dim=-1)


def load_published(
    given: str, default: Source, kind: str, processor: str, device: str
) -> tuple[Any, Any]:
    """Returns a model in float32, without gradients, and its processor.

    Args:
        given: A folder, or `OWNER/NAME` or `OWNER/NAME@REVISION` on the Hub.
        default: The model that defines the score.
        kind: Class of the model in transformers.
        processor: Class of the processor.
        device: Device of the model.

    Raises:
        InvalidInputError: The device is not available.
        CheckpointError: The model is missing and cannot be downloaded, or is not of that class.
    """
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InvalidInputError(f"The device '{device}' cannot be used here: {reason}") from None
    folder = find_folder(source_of(given, default), "the option 'model': a")
    check_weights(folder, pickles=True)
    model = load_part(folder, ("transformers", kind), device, torch.float32, pickles=True)
    try:
        with quiet():
            loaded = getattr(transformers, processor).from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, TypeError, KeyError) as error:
        reason = str(error).strip().splitlines()[0]
        raise CheckpointError(f"{folder} cannot be loaded as {processor}: {reason}") from error
    return model, loaded


def find_folder(source: Source, option: str) -> Path:
    """Returns the folder of a model, downloading it from the Hub if needed.

    Args:
        source: Its source.
        option: The option that names it, for the message.

    Raises:
        CheckpointError: It is missing and cannot be downloaded.
    """
    if Path(source.place).is_dir():
        return Path(source.place)
    with contextlib.suppress(LocalEntryNotFoundError):
        cached = Path(
            huggingface_hub.snapshot_download(
                source.place, revision=source.revision, local_files_only=True
            )
        )
        if (cached / "config.json").is_file() and weights_among(
            [path.name for path in cached.iterdir()], pickles=True
        ):
            return cached
    with mended({option: source}):
        names = files_of(source)
        described = [name for name in names if "/" not in name and name.endswith(DESCRIPTIONS)]
        wanted = {*described, *weights_among(names, pickles=True), *(set(names) & set(ABOUT))}
        warnings.warn(
            f"Downloading {source}; licence of the weights: {source.licence}.", stacklevel=2
        )
        return Path(
            huggingface_hub.snapshot_download(
                source.place, revision=source.revision, allow_patterns=sorted(wanted)
            )
        )
