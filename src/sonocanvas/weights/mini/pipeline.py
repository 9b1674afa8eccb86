"""For `diffusers.DiffusionPipeline.from_pretrained(FOLDER, trust_remote_code=True)`."""

from sonocanvas.pipeline.saved import SavedPipeline

__all__ = ["SavedPipeline"]
