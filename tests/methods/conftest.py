"""A tiny pair, and runs of it with any method."""

import pytest
from tiny import tiny_pair, watching

from sonocanvas import RunConfig
from sonocanvas.registry import build


@pytest.fixture(scope="session")
def pair():
    return tiny_pair()


@pytest.fixture(scope="session")
def config():
    """Returns a function that makes a run from a method's name, its options and other values."""

    def make(name, options=(), **values):
        given = {"image_prompt": "a castle", "audio_prompt": "bells ringing", "batch_size": 2}
        given |= {"sampling": {"steps": 2}, "vocoder": {"name": "griffin_lim", "iterations": 1}}
        return RunConfig(**(given | {"method": {"name": name, **dict(options)}} | values))

    return make


@pytest.fixture(scope="session")
def samples(config):
    """Returns a function that makes the samples of a run, before they are saved."""

    def make(pair, name, options=(), chunks=((3,),), on_step=None, **values):
        run = config(name, options, **values)
        method = build("method", name, run.method.options)
        return list(method(run, pair, chunks, on_step, lambda sentence: None))

    return make


@pytest.fixture
def evaluations(pair):
    """Yields the shapes of the inputs that each model of the pair received."""
    with watching(pair) as shapes:
        yield shapes
