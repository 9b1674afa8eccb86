"""Counts in English become the words that the pair has learned."""

import dataclasses

import pytest
import torch

from sonocanvas.pairs import mini
from sonocanvas.text import encode_text
from sonocanvas.words.counts import count_of, without_count


@pytest.fixture(scope="module")
def pair():
    return mini.load()


@pytest.mark.parametrize(
    ("asked", "count", "read"),
    [
        ("one owl", 1, "an owl"),
        ("a single castle", 1, "a castle with towers"),
        ("two owls", 2, "an owl"),
        ("Two owls.", 2, "an owl"),
        ("2 owl", 2, "an owl"),
        ("a pair of wolves", 2, "a wolf"),
        ("three geese", 3, "a goose"),
        ("two churches side by side", 2, "a church"),
        ("two sheep", 2, "a sheep"),
        ("two racing cars", 2, "a racing car"),
        ("three poodles", 3, "a dog"),
        ("four owls in a row", 4, "an owl"),
        ("4 dogs", 4, "a dog"),
        ("an owl", 0, "an owl"),
        ("two owls and a cat", 0, "two owls and a cat"),
        ("twofold owls", 0, "twofold owls"),
        ("a drawing of two owls", 0, "a drawing of two owls"),
        ("two zyxxyz", 2, "two zyxxyz"),
    ],
)
def test_a_count_is_found_and_the_thing_is_read_without_it(pair, asked, count, read):
    known = set(pair.image_tokenizer.get_vocab())
    assert count_of(asked) == count
    assert without_count(asked, known) == read
    assert without_count(read, known) == read


def test_english_is_embedded_as_the_caption_and_nothing_is_said(pair):
    found, told = encode_text(pair, "image", "two owls", "image prompt")
    assert torch.equal(found, encode_text(pair, "image", "an owl", "image prompt")[0])
    assert told == []


def test_sounds_and_pairs_of_open_vocabulary_are_read_as_they_are(pair):
    _, told = encode_text(pair, "audio", "two owls hooting", "audio prompt")
    assert any("'two'" in sentence for sentence in told)
    free = dataclasses.replace(pair, closed_vocabulary=False)
    read, alone = (encode_text(free, "image", text, "")[0] for text in ("two owls", "an owl"))
    assert not torch.equal(read, alone)
