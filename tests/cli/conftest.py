"""The command line in an empty folder, with a tiny pair instead of `mini`."""

import sys

import pytest
from tiny import tiny_pair

from sonocanvas.cli.app import main
from sonocanvas.pairs.folder import save_folder


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    save_folder(tiny_pair(), folder)
    return folder


@pytest.fixture
def sonocanvas(monkeypatch, capsys, tmp_path, weights):
    """Returns a function that runs a command in an empty folder: (code, output, errors)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr("sonocanvas.pairs.mini.WEIGHTS", weights)
    monkeypatch.setattr("sonocanvas.config.MINI", weights)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["sonocanvas", *map(str, words)])
        with pytest.raises(SystemExit) as stopped:
            main()
        captured = capsys.readouterr()
        return stopped.value.code or 0, captured.out, captured.err

    return run
