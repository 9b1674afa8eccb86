from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import torch
from tiny_scorers import Means, noise, sample_of

from sonocanvas.errors import InvalidInputError
from sonocanvas.scorers.set_distance import SetDistance

LOW, HIGH = ([sample_of(torch.full((4, 8), level), noise(count=8))] * 2 for level in (0.2, 0.5))


@dataclass(frozen=True)
class MeanDistance(SetDistance):
    name = "mean_distance"
    extractors: ClassVar = {"means": lambda model, device: Means()}


def test_it_has_the_closed_form_of_two_means():
    score = MeanDistance("means")(LOW, HIGH)
    wanted = (np.cos(0.2) - np.cos(0.5)) ** 2 + (np.sin(0.2) - np.sin(0.5)) ** 2
    assert score.value == pytest.approx(wanted, rel=1e-5)
    assert (score.name, score.unit) == ("mean_distance", "means, n = 2 and 2")
    assert score.higher_is_better is MeanDistance.higher_is_better is False


def test_sets_of_fewer_than_two_are_refused():
    with pytest.raises(InvalidInputError, match=r"mean_distance compares .* not 2 with 1"):
        MeanDistance("means")(LOW, HIGH[:1])


def test_another_extractor_is_refused():
    with pytest.raises(InvalidInputError, match="Unknown extractor of mean_distance 'judge'"):
        MeanDistance()
