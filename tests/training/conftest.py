"""Captions by number, and the reverse."""

import pytest

from sonocanvas.training.captions import Captions


@pytest.fixture
def captions():
    return Captions()


@pytest.fixture
def told(captions):
    """Returns a function that gives the captions for numbers."""

    def texts(numbers):
        spelt = {number: caption for caption, number in captions.numbers.items()}
        return [spelt[int(number)] for number in numbers]

    return texts
