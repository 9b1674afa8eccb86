"""How classifiers by others score recordings: areas under the curve, and which sounds differ."""

import csv
import math

import numpy as np
import pytest

from sonocanvas.scorers.strangers import Group
from sonocanvas.training.strangers import tried, write_table

LABELS = ["Dog", "Tawny Owl", "Common Raven"]
UNKNOWN = (0, float("nan"), (0.0,))
KNOWN = [
    Group("dog", frozenset({"dog"}), "^Dog$", *UNKNOWN),
    Group("owl", frozenset({"owl"}), "Owl$", *UNKNOWN),
    Group("bird", frozenset({"bird"}), "Owl$|Raven$", *UNKNOWN),
]


def test_a_class_that_knows_all_its_recordings_has_the_whole_area():
    logits = np.array([[3.0, -5, -5], [2.0, -6, -6], [-4, 1, -2], [-5, -3, 4]])
    dog, owl, bird = tried(KNOWN, LABELS, logits, ["dog", "dog", "owl", "bird"])
    assert (dog.recordings, dog.auc) == (2, 1)
    assert (owl.recordings, owl.auc) == (1, 1)
    assert (bird.recordings, bird.auc) == (1, 1)


def test_recordings_of_a_group_with_a_class_in_common_are_nothing_else():
    logits = np.array([[-5.0, 2, -5], [-5.0, 1, 3], [4, -7, -8]])
    _, owl, bird = tried(KNOWN, LABELS, logits, ["owl", "bird", "dog"])
    assert owl.others == pytest.approx([-7] * 21)  # not the bird, which may be an owl
    assert bird.others == pytest.approx([-7] * 21)


def test_a_thing_without_recordings_has_no_area():
    dog, owl, _ = tried(KNOWN, LABELS, np.array([[1.0, -1, -1], [-2, -2, -2]]), ["dog", "rain"])
    assert dog.auc == 1
    assert owl.recordings == 0
    assert math.isnan(owl.auc)


def test_words_and_classes_stay_when_the_table_is_written(tmp_path):
    path = tmp_path / "birdnet.tsv"
    head = "concept\twords\tclasses\trecordings\tauc\tothers\n"
    path.write_text(head + "dog\tdog,puppy\t^Dog$\t0\tnan\t0\n")
    write_table([Group("dog", frozenset({"dog"}), "^Dog$", 4, 0.931, (-9.0, 1.25))], path)
    row = next(csv.DictReader(path.read_text().splitlines(), delimiter="\t"))
    assert row == {
        "concept": "dog",
        "words": "dog,puppy",
        "classes": "^Dog$",
        "recordings": "4",
        "auc": "0.93",
        "others": "-9.00,1.25",
    }
