"""Prompt pairs: the hundred of the protocol, and a user's own file with bad lines."""

from collections import Counter

import pytest

from sonocanvas.errors import InvalidInputError
from sonocanvas.evaluation.prompts import (
    PromptPair,
    benchmark,
    choose,
    draw_benchmark,
    read_prompts,
    to_tsv,
)
from sonocanvas.words.concepts import shared

HEADER = "image_prompt\taudio_prompt\n"


@pytest.fixture
def table(tmp_path):
    def write(text):
        path = tmp_path / "prompts.tsv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_the_shipped_hundred_are_those_that_are_drawn():
    assert benchmark() == draw_benchmark()
    assert draw_benchmark("another seed") != draw_benchmark()


def test_the_hundred_are_ten_pictures_by_ten_sounds_of_two_sorts_each():
    pairs = benchmark()
    assert len(pairs) == len({pair.id for pair in pairs}) == 100
    pictures = {(pair.image_prompt, pair.image_kind) for pair in pairs}
    sounds = {(pair.audio_prompt, pair.audio_kind) for pair in pairs}
    assert Counter(kind for _, kind in pictures) == {"object": 5, "scene": 5}
    assert Counter(kind for _, kind in sounds) == {"discrete": 5, "continuous": 5}
    known = {(row["image_prompt"], row["visual"]) for row in shared()}
    heard = {(row["audio_prompt"], row["onset"]) for row in shared()}
    assert pictures <= known
    assert sounds <= heard


@pytest.mark.parametrize("count", [4, 10, 20, 50])
def test_a_choice_is_even_over_sorts_and_prompts(count):
    chosen = choose(benchmark(), count)
    assert len(set(chosen)) == count
    for key, sorts in (
        (lambda pair: (pair.image_kind, pair.audio_kind), 4),
        (lambda pair: pair.image_prompt, 10),
        (lambda pair: pair.audio_prompt, 10),
    ):
        counts = Counter(map(key, chosen)).values()
        assert max(counts) <= -(-count // sorts)


def test_a_choice_lies_within_a_larger_one_and_keeps_the_numbers():
    smaller, larger = choose(benchmark(), 10), choose(benchmark(), 20)
    assert set(smaller) < set(larger)
    assert [pair.number for pair in larger] == sorted(pair.number for pair in larger)
    assert all(benchmark()[pair.number] == pair for pair in larger)
    assert choose(benchmark(), 100) == benchmark()
    for count in (0, 101):
        with pytest.raises(InvalidInputError, match=f"from 1 to .*, not {count}"):
            choose(benchmark(), count)


def test_own_table_is_read_with_any_order_of_columns_and_empty_lines(table):
    path = table(
        "\ufeffaudio_prompt\timage_prompt\taudio_kind\n\nbells\ta castle, “old”\tpitched\n"
    )
    assert read_prompts(path) == [
        PromptPair(0, "0000", "a castle, “old”", "bells", audio_kind="pitched")
    ]


def test_what_is_written_is_read_back(table):
    assert read_prompts(table(to_tsv(benchmark()))) == benchmark()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "holds no pair of prompts"),
        (HEADER, "holds no pair of prompts"),
        (
            "image_prompt\taudio_promt\na castle\tbells\n",
            "line 1: 'audio_promt'. Did you mean 'audio_prompt'",
        ),
        ("image_prompt\tid\na castle\tb\n", "line 1: it has no column audio_prompt; it needs"),
        ("audio_prompt\t" + HEADER + "a\tb\tc\n", "line 1: it names a column twice"),
        (HEADER + "a castle bells\n", "line 2: it has 1 columns separated by tabs, but the first"),
        (HEADER + "a castle\tbells\tmore\n", "line 2: it has 3 columns"),
        (HEADER + "a castle\tbells\n \tbells\n", "line 3: it has an empty image_prompt"),
        (HEADER + "a castle\tbells\n\na castle\tbells\n", "line 4: it repeats the pair"),
        ("id\t" + HEADER + "../up\ta\tb\n", "line 2: it has the id '../up'; allowed are letters"),
        ("id\t" + HEADER + "x\ta\tb\nx\tc\td\n", "line 3: it repeats the id 'x' of line 2"),
        (b"image_prompt\taudio_prompt\na\tb\n\xff\tb\n", "line 3: it is not UTF-8 text"),
    ],
)
def test_a_bad_line_is_told_by_file_line_and_reason(table, text, told):
    with pytest.raises(InvalidInputError) as error:
        read_prompts(table(text))
    assert told in str(error.value)
    assert "prompts.tsv" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InvalidInputError, match=r"Cannot read .*none\.tsv': No such file"):
        read_prompts(tmp_path / "none.tsv")
