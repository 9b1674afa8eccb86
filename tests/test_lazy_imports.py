"""Importing does nothing, and the command line loads only what a command needs."""

import subprocess
import sys
from pathlib import Path

import pytest

import sonocanvas

PACKAGE = Path(sonocanvas.__file__).parent
HEAVY = {"torch", "diffusers", "transformers", "gradio", "ray", "librosa", "rich", "pydantic"}


def run(program, cwd):
    environment = {"PYTHONPATH": str(PACKAGE.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {"HOME": "/", "PATH": "/usr/bin"}  # Gradio needs PATH
    command = [sys.executable, "-c", program]
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def imported(program, cwd):
    """Returns the names of all packages that a program imports."""
    told = "\nimport sys\nprint(*{name.partition('.')[0] for name in sys.modules})"
    return set(run(program + told, cwd).splitlines()[-1].split())


def test_the_package_imports_nothing_heavy(tmp_path):
    assert imported("import sonocanvas", tmp_path) & HEAVY == set()


@pytest.mark.parametrize("name", ["", "generate", "evaluate", "scene check", "play", "colour"])
def test_the_help_of_a_command_imports_nothing_heavy(name, tmp_path):
    program = (
        f"import sys\nsys.argv = ['sonocanvas', *{name.split()}, '--help']\n"
        "from sonocanvas.cli.app import main\ntry:\n    main()\nexcept SystemExit:\n    pass"
    )
    heavy = HEAVY - {"pydantic"} if name else HEAVY  # the defaults of a run are its fields
    assert imported(program, tmp_path) & heavy == set()


def test_importing_every_module_makes_no_file_and_keeps_the_public_names(tmp_path):
    names = [
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for path in sorted(PACKAGE.rglob("*.py"))
        if "training" not in path.parts
    ]
    program = f"import importlib\nfor name in {names}: importlib.import_module(name)\n"
    program += "import sonocanvas\nfrom sonocanvas import generate, RunConfig, load_sample\n"
    program += "print(sonocanvas.generate is generate, type(generate).__name__)"
    assert run(program, tmp_path).split() == ["True", "function"]
    assert list(tmp_path.iterdir()) == []


def test_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'generat'"):
        sonocanvas.generat  # noqa: B018
