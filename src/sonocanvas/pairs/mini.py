"""`mini`: the pair whose weights are shipped with the package."""

from pathlib import Path

import torch

from sonocanvas.errors import CheckpointError
from sonocanvas.pairs.folder import load_folder
from sonocanvas.pairs.parts import read_vocoder
from sonocanvas.types import ModelPair, VocoderWeights

SHIPPED = Path(__file__).parent.parent / "weights"
WEIGHTS = SHIPPED / "mini"


def load(device: str | torch.device = "cpu", dtype: torch.dtype = torch.float32) -> ModelPair:
    """Returns the embedded pair: shipped with the package, CC-BY-4.0.

    Args:
        device: Device of the models.
        dtype: Dtype of their weights.

    Raises:
        CheckpointError: The shipped weights are missing or broken.
    """
    if not (WEIGHTS / "model_index.json").is_file():
        raise CheckpointError(f"The weights of pair 'mini' are missing: there is no {WEIGHTS}.")
    return load_folder(WEIGHTS, device, dtype)


def vocoder() -> VocoderWeights | None:
    """Returns only the vocoder of the embedded pair, or `None` if it has none.

    Raises:
        CheckpointError: The shipped weights are broken.
    """
    return read_vocoder(WEIGHTS / "vocoder", "cpu")
