import json
from importlib import resources

from sonocanvas.pairs.mini import WEIGHTS
from sonocanvas.words.synonyms import read_as, singulars, synonyms

FILE = resources.files("sonocanvas").joinpath("data/synonyms.tsv")
IMAGE, AUDIO = (
    set(json.loads((WEIGHTS / name / "tokenizer.json").read_text("utf-8"))["model"]["vocab"])
    for name in ("image_tokenizer", "audio_tokenizer")
)


def test_table_is_in_order_and_names_each_word_once():
    lines = FILE.read_text("utf-8").splitlines()
    words = [line.split("\t")[0] for line in lines[2:]]
    assert lines[1] == "word\twords"
    assert words == sorted(set(words)) == list(synonyms())


def test_table_is_small_and_carries_the_licence_of_wordnet():
    assert len(FILE.read_bytes()) < 300_000
    assert FILE.read_text("utf-8").startswith("# Made from WordNet 3.0, Copyright 2006")
    licence = resources.files("sonocanvas").joinpath("data/WORDNET-LICENSE").read_text("utf-8")
    assert "THIS SOFTWARE AND DATABASE IS PROVIDED" in licence


def test_every_word_leads_to_words_that_the_models_of_the_shipped_pair_know():
    for word, targets in synonyms().items():
        assert 1 <= len(targets) <= 2
        assert all(target in IMAGE | AUDIO for target in targets), word
        assert len(targets) == 1 or (targets[0] in IMAGE and targets[1] in AUDIO), word


def test_no_word_that_both_models_know_is_replaced():
    assert set(synonyms()) & IMAGE & AUDIO == set()


def test_each_model_reads_a_word_as_the_nearest_that_it_knows():
    for word, drawn, played in (
        ("pup", "dog", "dog"),
        ("poodle", "dog", "dog"),
        ("stallion", "horse", "horse"),
        ("calf", "cow", "cow"),
        ("hog", "pig", "pig"),
        ("leopard", "lion", "lion"),
        ("seagull", "bird", "seagull"),
        ("tiger", "tiger", "lion"),
        ("viper", "snake", "snake"),
        ("hornet", "wasp", None),
        ("palace", "castle", None),
        ("skyscraper", "tower", None),
        ("yacht", "ship", "ship"),
        ("limousine", "car", "car"),
        ("oboe", "flute", "oboe"),
        ("viola", "violin", "violin"),
        ("carillon", "bell", "bell"),
        ("breeze", "wind", "wind"),
        ("oak", "tree", None),
        ("bunny", "rabbit", None),
        ("laptop", "computer", None),
        ("wolves", "wolf", "wolf"),
        ("motorbike", "motorcycle", "motorcycle"),
    ):
        assert (read_as(word, IMAGE), read_as(word, AUDIO)) == (drawn, played), word


def test_words_that_mean_something_else_to_people_are_not_read_by_the_picture_model():
    words = ("vintage", "electric", "main", "fuji", "drone", "plane", "teal", "car", "milk")
    read = {target for word in words for target in synonyms().get(word, [])}
    assert not read & IMAGE


def test_plurals_are_read_by_their_singular():
    assert read_as("terriers", IMAGE) == "dog"
    assert read_as("finches", IMAGE) == "bird"
    assert read_as("castles", IMAGE) == "castle"
    assert read_as("puppies", IMAGE) == "puppy"


def test_a_word_of_two_letters_or_without_a_known_singular_is_left():
    assert singulars("as") == []
    assert read_as("as", {"a"}) is None
    assert read_as("buses", {"dog"}) is None


def test_nothing_is_read_as_a_word_that_is_not_known():
    assert read_as("poodle", {"cat"}) is None
    assert read_as("poodle", {"cat", "dog"}) == "dog"
