"""The recipe for a Space names only files that exist."""

import re
from pathlib import Path

from typer.testing import CliRunner

from sonocanvas.cli.app import app

ROOT = Path(__file__).parents[2]


def test_the_dockerfile_installs_what_the_project_names_and_starts_a_command_that_there_is():
    recipe = (ROOT / "docs" / "space" / "Dockerfile").read_text()
    version = re.search(r"torch==([\d.]+)", recipe)[1]
    assert f"torch=={version}" in (ROOT / "constraints.txt").read_text()
    assert "'.[studio]'" in recipe
    assert 'studio = ["gradio' in (ROOT / "pyproject.toml").read_text()
    options = re.findall(r'"(--[\w-]+)"', recipe)
    told = CliRunner().invoke(app, ["studio", "--help"], terminal_width=200).output
    assert all(option in told for option in options)
    port = re.search(r"EXPOSE (\d+)", recipe)[1]
    assert port in told
    assert f"app_port: {port}" in (ROOT / "docs" / "space" / "README.md").read_text()
