import doctest
import json
from importlib import resources

import pytest

from sonocanvas import synonyms as module
from sonocanvas.pairs.mini import WEIGHTS
from sonocanvas.synonyms import read_as, singulars, synonyms

FILE = resources.files("sonocanvas").joinpath("data/synonyms.tsv")
VOCABULARY = set(
    json.loads((WEIGHTS / "tokenizer" / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
)


def test_table_is_in_order_and_names_each_word_once():
    lines = FILE.read_text("utf-8").splitlines()
    words = [line.split("\t")[0] for line in lines[2:]]
    assert lines[1] == "word\tconcept"
    assert words == sorted(set(words)) == list(synonyms())


def test_table_is_small_and_carries_the_licence_of_wordnet():
    assert len(FILE.read_bytes()) < 300_000
    assert FILE.read_text("utf-8").startswith("# Made from WordNet 3.0, Copyright 2006")
    licence = resources.files("sonocanvas").joinpath("data/WORDNET-LICENSE").read_text("utf-8")
    assert "THIS SOFTWARE AND DATABASE IS PROVIDED" in licence


def test_every_word_leads_to_a_word_that_the_shipped_pair_knows():
    assert set(synonyms().values()) <= VOCABULARY


def test_no_word_that_the_shipped_pair_knows_is_replaced():
    assert set(synonyms()) & VOCABULARY == set()


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("pup", "dog"),
        ("poodle", "dog"),
        ("kitty", "kitten"),
        ("stallion", "horse"),
        ("donkey", "horse"),
        ("calf", "cow"),
        ("hog", "pig"),
        ("tiger", "lion"),
        ("penguin", "bird"),
        ("peacock", "bird"),
        ("hen", "chicken"),
        ("viper", "snake"),
        ("hornet", "wasp"),
        ("raven", "crow"),
        ("mosque", "church"),
        ("palace", "castle"),
        ("skyscraper", "tower"),
        ("yacht", "ship"),
        ("kayak", "boat"),
        ("limousine", "car"),
        ("tuba", "trumpet"),
        ("oboe", "flute"),
        ("viola", "violin"),
        ("carillon", "bell"),
        ("hurricane", "storm"),
        ("jungle", "forest"),
        ("oak", "tree"),
        ("lake", "water"),
        ("wolves", "wolf"),
        ("oxen", "ox"),
    ],
)
def test_words_are_read_as_what_they_look_or_sound_like(word, expected):
    assert synonyms()[word] == read_as(word, VOCABULARY) == expected


@pytest.mark.parametrize(
    "word",
    ["vintage", "electric", "main", "fuji", "drone", "kite", "plane", "peach", "teal", "car"],
)
def test_words_that_mean_something_else_to_people_are_not_in_the_table(word):
    assert word not in synonyms()


def test_plurals_are_read_by_their_singular():
    assert read_as("terriers", VOCABULARY) == "dog"
    assert read_as("finches", VOCABULARY) == "bird"
    assert read_as("pups", VOCABULARY) == read_as("poodles", VOCABULARY) == "dog"
    assert read_as("castles", VOCABULARY) == "castle"
    assert read_as("puppies", VOCABULARY) == "puppy"


def test_a_word_of_two_letters_or_without_a_known_singular_is_left():
    assert singulars("as") == []
    assert read_as("as", {"a"}) is None
    assert read_as("buses", {"dog"}) is None


def test_nothing_is_read_as_a_word_that_is_not_known():
    assert read_as("poodle", {"cat"}) is None
    assert read_as("poodle", {"cat", "dog"}) == "dog"


def test_examples_in_the_docstrings_hold():
    assert doctest.testmod(module).failed == 0
