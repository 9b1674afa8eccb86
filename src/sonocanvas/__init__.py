"""Images that sound: one canvas that is a picture and a spectrogram at once.

Public names are loaded on first use; importing the package loads nothing.
"""

import importlib.metadata
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sonocanvas.config import RunConfig
    from sonocanvas.files.artifacts import load_sample
    from sonocanvas.generate import generate
    from sonocanvas.pipeline.pipeline import SonoCanvasPipeline

    __version__: str

__all__ = ["RunConfig", "SonoCanvasPipeline", "generate", "load_sample"]

_HOMES = {
    "RunConfig": "sonocanvas.config",
    "SonoCanvasPipeline": "sonocanvas.pipeline.pipeline",
    "generate": "sonocanvas.generate",
    "load_sample": "sonocanvas.files.artifacts",
}


class _Package(ModuleType):
    """Keeps the function `generate` public when the module of the same name is imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in _HOMES:
            super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        if name == "__version__":
            return importlib.metadata.version("sonocanvas")
        if name not in _HOMES:
            raise AttributeError(f"module 'sonocanvas' has no attribute '{name}'")
        return getattr(importlib.import_module(_HOMES[name]), name)


sys.modules[__name__].__class__ = _Package
