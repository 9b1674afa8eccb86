"""The readers, and a bound for the memory of the tests of this folder."""

import resource
from pathlib import Path

import pytest
from fuzz_readers import readers


@pytest.fixture(scope="session")
def table(tmp_path_factory):
    """Returns every reader by its name."""
    return {one.name: one for one in readers(tmp_path_factory.mktemp("right"))}


@pytest.fixture
def bounded():
    """Gives no memory beyond 4 GB more than now, where that can be told."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    most = int(statm.read_text().split()[0]) * resource.getpagesize() + 4 * 2**30
    resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)
