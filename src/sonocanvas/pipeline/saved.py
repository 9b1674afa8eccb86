"""The entry point of `diffusers.DiffusionPipeline.from_pretrained(FOLDER, trust_remote_code=True)`.

diffusers finds `pipeline.py` in the folder of a pair, which names `SavedPipeline`. Its only
component is the whole pair, which diffusers loads through `SavedPair`. So a folder is checked as by
`SonoCanvasPipeline.from_pretrained`.
"""

import os
from typing import Any

import torch
from diffusers import DiffusionPipeline, ModelMixin

from sonocanvas.pipeline.pipeline import SonoCanvasPipeline


class SavedPair(ModelMixin):  # type: ignore[misc]
    """A folder in the role of a component of diffusers."""

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | os.PathLike[str],
        torch_dtype: torch.dtype | None = None,
        **ignored: Any,
    ) -> SonoCanvasPipeline:
        """Returns the pipeline of a folder, ignoring diffusers' arguments on devices and memory.

        Args:
            pretrained_model_name_or_path: The folder of a pair.
            torch_dtype: Dtype of the weights; float32 by default.
            ignored: Other arguments of diffusers.

        Raises:
            CheckpointError: As `SonoCanvasPipeline.from_pretrained`.
        """
        place = f"local:{pretrained_model_name_or_path}"
        return SonoCanvasPipeline.from_pretrained(place, dtype=torch_dtype)


class SavedPipeline(DiffusionPipeline):  # type: ignore[misc]
    """The class named in `pipeline.py` in a pair's folder; it returns a `SonoCanvasPipeline`."""

    def __new__(cls, pipeline: SonoCanvasPipeline) -> SonoCanvasPipeline:
        """Returns the pipeline that was loaded."""
        return pipeline

    def __init__(self, pipeline: SonoCanvasPipeline) -> None:
        """Exists only for its signature, which tells diffusers what to load."""

    @classmethod
    def extract_init_dict(
        cls, config_dict: dict[str, Any], **kwargs: Any
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """Returns what diffusers should load, whatever parts `model_index.json` has."""
        return {"pipeline": [__name__, SavedPair.__name__]}, kwargs, {}
