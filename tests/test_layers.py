"""A file imports only from layers above its own, or from its own folder."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "src" / "sonocanvas"
LAYERS = """
errors types synonyms concepts devices overlap
values
protocols
registry
ranking settings
scene
config
atlas run_file
text canvas colour_maps compose experts files frechet intervals origin
denoise pairs vocoders picture_files sound_files
scorers sources
finish scoring preview placing pipeline_inputs pipeline_models pipeline_output
composing scene_view
pipeline_layers
pipeline
methods colourisers artifacts
keeping search
generate
morph
evaluation gallery video haptics colour batch inspection
figures study
web
cli training
__main__
"""
HEIGHT = {name: n for n, line in enumerate(LAYERS.split("\n")) for name in line.split()}
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def imported_parts(source: str) -> set[str]:
    """Returns the first-level parts of `sonocanvas` that a source imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "sonocanvas":
            names |= {f"sonocanvas.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.split(".")[1] for name in names if name.startswith("sonocanvas.")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_file_imports_only_from_layers_above_its_own(path):
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    wrong = {
        part
        for part in imported_parts(path.read_text("utf-8")) - {own}
        if HEIGHT[part] >= HEIGHT[own]
    }
    assert wrong == set()


def test_imports_are_found_in_every_form():
    source = (
        "import sonocanvas.a.b\nfrom sonocanvas.c import d\ndef f():\n from sonocanvas import e"
    )
    assert imported_parts(source) == {"a", "c", "e"}
