"""A file imports only from layers above its own, or from its own layer.

A layer is a file of the package, a folder, or a single file listed apart from the rest of its
folder.
"""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "src" / "sonocanvas"
LAYERS = """
errors stages types words.synonyms words.concepts devices overlap
formats
values files.reading
protocols words.counts
registry
choose.ranking settings
scene.layers
config
words.atlas files.run_file
text canvas files.colour_maps compose experts files.writing scorers.frechet files.origin
evaluation.intervals files.remote
denoise pairs vocoders files.pictures files.sounds files.records
scorers sources
finish choose.scoring show.preview scene.placing pipeline.inputs pipeline.models pipeline.output
scene.composing scene.view
pipeline.layers
pipeline.pipeline
pipeline.saved
methods colourisers files.artifacts
choose
files.run_folder
models
making
batch
generate
show.morph
evaluation show files.inspection
figures study
web
cli training
__main__
"""
HEIGHT = {name: n for n, line in enumerate(LAYERS.split("\n")) for name in line.split()}
FILES = sorted(
    path
    for path in PACKAGE.rglob("*.py")
    if path.name != "__init__.py" and "weights" not in path.parts  # code that diffusers loads
)


def layer(module: str) -> str:
    """Returns the entry of `LAYERS` that a module below `sonocanvas` belongs to."""
    parts = module.split(".")
    return next(name for name in (".".join(parts[:2]), parts[0]) if name in HEIGHT)


def imported_modules(source: str) -> set[str]:
    """Returns the modules below `sonocanvas` that a source imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.partition(".")[2] for name in names if name.startswith("sonocanvas.")}


def module_of(path: Path) -> str:
    """Returns the name of a file below `sonocanvas`."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def test_files_import_only_from_layers_above_their_own():
    wrong = set()
    for path in FILES:
        own = layer(module_of(path))
        for one in map(layer, imported_modules(path.read_text("utf-8"))):
            if one != own and HEIGHT[one] >= HEIGHT[own]:
                wrong.add(f"{module_of(path)} imports {one}")
    assert wrong == set()


def test_every_entry_is_a_file_or_a_folder():
    there = set(map(module_of, FILES))
    there |= {path.parent.name for path in FILES}
    assert set(HEIGHT) <= there


def test_imports_are_found_in_every_form():
    source = (
        "import sonocanvas.a.b\nfrom sonocanvas.c import d\ndef f():\n from sonocanvas import e"
    )
    assert imported_modules(source) == {"a.b", "c.d", "e"}
