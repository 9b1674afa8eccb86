"""`local:FOLDER`: the user's own pair, in a folder of SonoCanvas's layout."""

import warnings
from collections.abc import Callable

import torch

from sonocanvas.errors import CheckpointError
from sonocanvas.pairs.folder import load_folder
from sonocanvas.types import ModelPair
from sonocanvas.values import expanded


def load(
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    folder: str = "",
    on_warning: Callable[[str], None] = warnings.warn,
) -> ModelPair:
    """Returns the pair in a folder that `save_folder` wrote; its licences are saved in it.

    Args:
        device: Device of the models.
        dtype: Dtype of their weights.
        folder: The folder.
        on_warning: Called with warnings about mismatches.

    Raises:
        CheckpointError: The folder is missing or is not a pair.
    """
    path = expanded(folder)
    if not path.is_dir():
        raise CheckpointError(f"There is no folder '{folder}'; give the pair as local:FOLDER.")
    return load_folder(path, device, dtype, on_warning)
