"""Importing does nothing, and the command line loads only what a command needs."""

import subprocess
import sys
from pathlib import Path

import pytest

import sonocanvas

PACKAGE = Path(sonocanvas.__file__).parent
HEAVY = {"torch", "diffusers", "transformers", "gradio", "ray", "librosa", "rich", "pydantic"}
HELP = "import sys\nsys.argv = ['sonocanvas', '--help']\nfrom sonocanvas.cli.app import main\n"
HELP += "try:\n    main()\nexcept SystemExit:\n    pass\n"


def run(program, cwd):
    environment = {"PYTHONPATH": str(PACKAGE.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {"HOME": "/", "PATH": "/usr/bin"}  # Gradio asks for the second
    command = [sys.executable, "-c", program]
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("program", ["import sys, sonocanvas\n", HELP], ids=["import", "help"])
def test_nothing_heavy_is_imported(program, tmp_path):
    printed = run(program + "print(sorted({name.split('.')[0] for name in sys.modules}))", tmp_path)
    assert set(ast_list(printed.splitlines()[-1])) & HEAVY == set()


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


def ast_list(text):
    return [word.strip(" '[]") for word in text.split(",")]
