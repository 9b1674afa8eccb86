"""`mini`: the pair whose weights are shipped with the package."""

from pathlib import Path

import torch

from sonocanvas.errors import CheckpointError
from sonocanvas.pairs.folder import load_folder
from sonocanvas.types import ModelPair

WEIGHTS = Path(__file__).parent.parent / "weights" / "mini"


def load(device: str | torch.device = "cpu", dtype: torch.dtype = torch.float32) -> ModelPair:
    """Returns the embedded pair: shipped with the package, CC-BY-4.0.

    Args:
        device: Where the models go.
        dtype: Type of their weights.

    Raises:
        CheckpointError: The shipped weights are missing or broken.
    """
    if not (WEIGHTS / "model_index.json").is_file():
        raise CheckpointError(f"The weights of pair 'mini' are missing: there is no {WEIGHTS}.")
    return load_folder(WEIGHTS, device, dtype)
