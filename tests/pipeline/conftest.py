"""One pipeline of tiny models for each module."""

import pytest
from tiny_pipe import make_pipe


def pytest_collection_modifyitems(items):
    quiet = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
    for item in items:
        if item.path.parent.name == "pipeline":
            item.add_marker(quiet)


@pytest.fixture(scope="module")
def pipe():
    return make_pipe()
