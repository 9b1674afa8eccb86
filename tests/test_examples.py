"""The examples in the docstrings hold."""

import doctest
import importlib
import re
from pathlib import Path

import pytest

import sonocanvas

PACKAGE = Path(sonocanvas.__file__).parent
MODULES = [
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    for path in sorted(PACKAGE.rglob("*.py"))
    if re.search(r">>> (?!.*# doctest: \+SKIP)", path.read_text("utf-8"))
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name):
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted
    assert not found.failed
