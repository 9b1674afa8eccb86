"""The readers, and a memory limit for the tests in this folder."""

import resource
from pathlib import Path

import pytest
from fuzz_readers import readers


@pytest.fixture(scope="session")
def table(tmp_path_factory):
    """Returns all readers by name."""
    return {one.name: one for one in readers(tmp_path_factory.mktemp("right"))}


@pytest.fixture
def bounded():
    """Limits address space to 4 GB above current use, where `/proc` shows it."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    most = int(statm.read_text().split()[0]) * resource.getpagesize() + 4 * 2**30
    resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)
