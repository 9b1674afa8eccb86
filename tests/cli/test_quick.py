"""Imports of the commands: garbage collection pauses meanwhile and is restored afterwards."""

import gc
import sys

import pytest

from sonocanvas.cli.quick import import_quickly


@pytest.fixture
def module(tmp_path, monkeypatch):
    def write(source):
        (tmp_path / "imported_quickly.py").write_text(source)
        return "imported_quickly"

    monkeypatch.syspath_prepend(tmp_path)
    yield write
    sys.modules.pop("imported_quickly", None)
    gc.unfreeze()


def test_garbage_waits_for_the_import(module):
    import_quickly(module("import gc\ncollects = gc.isenabled()\n"))
    assert sys.modules["imported_quickly"].collects is False
    assert gc.isenabled()


def test_garbage_is_looked_for_after_an_import_that_fails(module):
    with pytest.raises(ZeroDivisionError):
        import_quickly(module("1 / 0\n"))
    assert gc.isenabled()


def test_who_collects_no_garbage_still_does_not(module):
    gc.disable()
    try:
        import_quickly(module(""))
        assert not gc.isenabled()
    finally:
        gc.enable()
