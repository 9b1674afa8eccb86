"""A quicker start for the commands that need torch."""

import gc
import importlib
import sys

from sonocanvas.stages import stage


def import_quickly(*modules: str) -> None:
    """Imports modules with garbage collection off, since imports leave hardly any garbage.

    torch, transformers and diffusers are thousands of modules, and Python would search all the
    objects that they make again and again. Later searches skip these objects too.

    Args:
        modules: Full module names.
    """
    if all(module in sys.modules for module in modules):
        return
    collects = gc.isenabled()
    gc.disable()
    try:
        with stage(f"{' and '.join(modules)} imported"):
            for module in modules:
                importlib.import_module(module)
    finally:
        if collects:
            gc.freeze()
            gc.enable()
