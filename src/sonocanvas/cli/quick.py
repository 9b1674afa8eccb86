"""A quicker start of the commands that need torch."""

import gc
import importlib
import sys

from sonocanvas.stages import stage


def import_quickly(*modules: str) -> None:
    """Imports modules without looking for garbage meanwhile, of which imports leave hardly any.

    torch, transformers and diffusers are thousands of modules, and Python would look through all
    objects that they make again and again. What they have made is left out of later searches too.

    Args:
        modules: Full names.
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
