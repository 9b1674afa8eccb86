"""A quicker start for the commands that need torch."""

import gc
import importlib
import sys

from sonocanvas.stages import stage


def import_quickly(*modules: str) -> None:
    """Imports modules with garbage collection off, since imports leave hardly any garbage.

    torch, transformers and diffusers have thousands of modules, and the collector would scan all
    their objects again and again. Later collections skip these objects too.

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
