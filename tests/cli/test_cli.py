"""The command line as a whole: version, help, and one sentence for every error."""

import errno
import importlib
import importlib.metadata
import shlex
import subprocess
import sys
import warnings

import pytest
import torch
from tiny_asked import QUICKLY

from sonocanvas.cli.app import COMMANDS, main


def test_version_and_help_in_every_way(sonocanvas):
    version = f"sonocanvas {importlib.metadata.version('sonocanvas')}\n"
    assert sonocanvas("--version") == (0, version, "")
    for words in (["-h"], ["--help"], ["generate", "-h"]):
        code, output, errors = sonocanvas(*words)
        assert (code, errors) == (0, "")
        assert "Usage: " in output
    done = subprocess.run(
        [sys.executable, "-m", "sonocanvas", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == version


def test_a_warning_is_its_sentence_alone(capsys, monkeypatch):
    monkeypatch.setattr("sonocanvas.cli.app.app", lambda: warnings.warn("Mind this.", stacklevel=1))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        main()
    assert capsys.readouterr().err == "Mind this.\n"


@pytest.mark.parametrize("words", [("list", "rulez"), ("generate", "--sedes", "3")])
def test_unknown_word_on_the_command_line_is_a_usage_error(sonocanvas, words):
    code, output, errors = sonocanvas(*words)
    assert (code, output) == (2, "")
    assert "Traceback" not in errors


def test_too_little_memory_on_a_card_is_one_sentence_with_what_to_do(sonocanvas, monkeypatch):
    def full(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    module = importlib.import_module("sonocanvas.models")
    monkeypatch.setattr(module, "load_pair", full)
    code, _, errors = sonocanvas("generate", *QUICKLY)
    assert (code, errors.count("\n")) == (2, 1)
    assert "--set batch_size=1" in errors
    assert "--set sampling.dtype=float16" in errors
    assert "--offload" in errors


def test_another_fault_of_torch_is_not_taken_for_it(sonocanvas, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    module = importlib.import_module("sonocanvas.models")
    monkeypatch.setattr(module, "load_pair", broken)
    with pytest.raises(RuntimeError, match="mat1"):
        sonocanvas("generate", *QUICKLY)


@pytest.mark.parametrize("example", COMMANDS.values())
def test_the_help_of_a_command_ends_with_an_example_whose_options_it_has(sonocanvas, example):
    name, *words = shlex.split(example)
    _, told, _ = sonocanvas(name, "--help")
    assert f"Example: sonocanvas {name}" in told
    for word in words:
        if word.startswith("-"):
            assert word in told.partition("Example:")[0]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (MemoryError(), "There is not enough memory; try --set batch_size=1"),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 99 bytes"),
            "There is not enough memory; try --set batch_size=1",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device", "runs/owl"),
            "Cannot use 'runs/owl': No space left on device. Finished samples are kept.",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "runs/owl"),
            "Cannot use 'runs/owl': Permission denied. Finished samples are kept.",
        ),
        (
            OSError(errno.EMFILE, "Too many open files"),
            "Too many open files. Finished",
        ),
    ],
)
def test_an_error_of_the_machine_is_one_sentence(sonocanvas, monkeypatch, error, sentence):
    def broken(*_, **__):
        raise error

    monkeypatch.setattr(importlib.import_module("sonocanvas.models"), "load_pair", broken)
    code, _, errors = sonocanvas("generate", *QUICKLY)
    assert code == 2
    assert errors.startswith(sentence)
    assert errors.count("\n") == 1


def test_an_error_of_the_program_is_not_hidden(monkeypatch):
    for error in (RuntimeError("a bug"), FileNotFoundError(errno.ENOENT, "No such file")):

        def broken(error=error):
            raise error

        monkeypatch.setattr("sonocanvas.cli.app.app", broken)
        with pytest.raises(type(error)):
            main()
