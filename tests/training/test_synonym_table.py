"""The synonym table of a small WordNet, written by hand in the format of wndb(5)."""

import re
from importlib import resources

import pytest

from sonocanvas.pairs.mini import WEIGHTS
from sonocanvas.training import synonyms
from sonocanvas.training.synonyms import (
    choices,
    known_words,
    meanings,
    merged,
    nearest,
    parse_synset,
    read_licence,
    read_wordnet,
    synonym_table,
    vocabulary,
)
from sonocanvas.words.concepts import sounds

LICENCE = "  1 This software is free.  \n  2   \n  3 Copyright by nobody.  \n"
NOUNS = """\
00000001 05 n 01 animal 0 000 | a living thing
00000002 05 n 02 dog 0 domestic_dog 0 001 @ 00000001 n 0000 | a member of the genus Canis
00000003 05 n 01 hunter 0 001 @ 00000002 n 0000 | a dog that hunts
00000004 05 n 02 terrier 0 ratter 0 002 @ 00000003 n 0000 ~ 00000005 n 0000 | a small dog
00000005 05 n 01 airedale 0 001 @ 00000004 n 0000 | a large terrier
00000006 18 n 01 airedale 1 001 @ 00000001 n 0000 | a person
00000007 05 n 01 Rex 0 001 @i 00000002 n 0000 | one dog by name
00000008 05 n 01 cat 0 001 @ 00000001 n 0000 | a feline
00000009 05 n 01 catdog 0 002 @ 00000008 n 0000 @ 00000002 n 0000 | of two kinds
0000000a 05 n 01 dogcat 0 002 @ 00000003 n 0000 @ 00000008 n 0000 | nearer to one
0000000b 18 n 01 boxer 0 001 @ 00000001 n 0000 | someone who fights
0000000c 05 n 01 boxer 0 001 @ 00000003 n 0000 | a stocky dog
0000000d 20 n 01 tree 0 001 @ 00000001 n 0000 | a tall plant
0000000e 20 n 01 fig 0 001 @ 0000000d n 0000 | a tree of the Mediterranean
0000000f 13 n 01 fig 0 000 | a fleshy fruit
00000010 05 n 01 hound 0 001 @ 0000000e n 0000 | deep below
"""
INDEX = """\
airedale n 2 1 @ 2 0 00000005 00000006
animal n 1 1 ~ 1 1 00000001
boxer n 2 1 @ 2 1 0000000b 0000000c
cat n 1 1 @ 1 1 00000008
catdog n 1 1 @ 1 0 00000009
dog n 1 1 @ 1 1 00000002
dogcat n 1 1 @ 1 0 0000000a
domestic_dog n 1 1 @ 1 0 00000002
fig n 2 1 @ 2 1 0000000e 0000000f
hunter n 1 2 @ ~ 1 1 00000003
ox n 1 1 @ 1 0 00000008
ratter n 1 1 @ 1 0 00000004
rex n 1 1 @i 1 0 00000007
terrier n 1 1 @ 1 0 00000004
tree n 1 1 @ 1 1 0000000d
"""
PLURALS = "dogwives dogwife dog\nhunterren hunter\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "data.noun").write_text(LICENCE + NOUNS)
    (tmp_path / "index.noun").write_text(LICENCE + INDEX)
    (tmp_path / "noun.exc").write_text(PLURALS)
    return tmp_path


@pytest.fixture
def wordnet(folder):
    return read_wordnet(folder)


def table(wordnet, known=("dog", "cat"), also=()):
    return synonym_table(wordnet, known, {*known, *also})


def test_a_line_holds_words_wider_meanings_topic_and_gloss():
    line = "00001740 13 n 0b " + " ".join(f"w{n} 0" for n in range(11))
    line += " 003 @ 00000001 n 0000 @i 00000002 n 0000 @ 00000003 n 0000 | what it is; as said  "
    offset, synset = parse_synset(line)
    assert offset == "00001740"
    assert synset.words == tuple(f"w{n}" for n in range(11))
    assert synset.wider == ("00000001", "00000003")
    assert (synset.topic, synset.gloss) == ("13", "what it is; as said")


def test_files_are_read_without_the_licence_that_opens_them(wordnet, folder):
    assert len(wordnet.synsets) == 16
    assert wordnet.senses["boxer"] == ["0000000b", "0000000c"]
    assert wordnet.plurals["dogwives"] == ["dogwife", "dog"]
    assert read_licence(folder) == "This software is free.\n\nCopyright by nobody.\n"


def test_words_below_and_beside_a_known_one_are_read_as_it(wordnet):
    rows = table(wordnet)
    assert [rows[word] for word in ("hunter", "terrier", "ratter", "airedale")] == ["dog"] * 4
    assert list(rows) == sorted(rows)
    assert {"dog", "cat", "domestic_dog", "rex", "animal"} & set(rows) == set()


def test_the_known_word_of_the_fewest_levels_wins(wordnet):
    assert table(wordnet)["dogcat"] == "cat"
    assert table(wordnet, ("dog", "hunter"))["airedale"] == "hunter"


def test_of_two_at_the_same_level_the_one_that_wordnet_names_first_wins(wordnet):
    assert table(wordnet)["catdog"] == table(wordnet, ("cat", "dog"))["catdog"] == "cat"


def test_of_two_known_words_of_one_meaning_the_first_wins(wordnet):
    assert set(meanings(wordnet, ["terrier", "ratter"]).values()) == {"terrier"}


def test_a_word_counts_in_its_first_sense_unless_the_program_says_otherwise(wordnet, monkeypatch):
    assert "boxer" not in table(wordnet)
    monkeypatch.setitem(choices("later sense"), "boxer", "2")
    assert table(wordnet)["boxer"] == "dog"


def test_every_choice_is_made_once_and_in_the_form_of_its_kind():
    lines = (resources.files("sonocanvas.training") / "data/word_choices.tsv").read_text("utf-8")
    forms = {"meanings": r"([\w-]+(\.\d)?( |$))*", "later sense": r"[2-9]"}
    forms |= {"keyword": r"[a-z]+", "left out": ""}
    assert sum(len(choices(kind)) for kind in forms) == len(lines.splitlines()) - 1
    for kind, form in forms.items():
        assert [value for value in choices(kind).values() if not re.fullmatch(form, value)] == []
    known = vocabulary(WEIGHTS / "image_tokenizer") | vocabulary(WEIGHTS / "audio_tokenizer")
    assert {*choices("keyword").values(), *choices("meanings")} <= known


def test_more_levels_than_allowed_lead_nowhere(wordnet, monkeypatch):
    targets = meanings(wordnet, ["dog"])
    monkeypatch.setattr(synonyms, "LEVELS", 2)
    assert nearest(wordnet, "00000004", targets) == "dog"
    assert nearest(wordnet, "00000005", targets) is None


def test_a_fruit_is_not_read_as_its_tree(wordnet):
    assert "fig" not in table(wordnet, ("tree",))


def test_words_that_the_pair_knows_are_not_in_the_table(wordnet):
    assert "terrier" not in table(wordnet, also=["terrier"])
    assert table(wordnet, also=["terrier"])["ratter"] == "dog"


def test_irregular_plurals_are_read_as_their_singular(wordnet):
    rows = table(wordnet)
    assert (rows["dogwives"], rows["hunterren"]) == ("dog", "dog")


def test_a_known_plural_stands_for_its_singular(wordnet):
    assert table(wordnet, ("dogs", "cat"))["terrier"] == "dogs"


def test_a_keyword_of_an_emoji_is_read_as_what_it_shows_if_that_is_known(wordnet):
    assert table(wordnet, ("rabbit",))["bunny"] == "rabbit"
    assert "bunny" not in table(wordnet)


def test_each_model_reads_a_word_as_the_nearest_that_it_knows():
    assert merged({"tom": "cat", "pup": "dog"}, {"pup": "wolf", "puss": "cat", "tom": "cat"}) == {
        "pup": ["dog", "wolf"],
        "puss": ["cat"],
        "tom": ["cat"],
    }


def test_the_words_of_the_shared_concepts_come_before_the_others():
    words = known_words(sounds())
    assert words[:2] == ["dog", "puppy"]
    assert words.index("heart") < words.index("gong")
    assert len(words) == len(set(words))
