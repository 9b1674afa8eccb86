"""Makes the table of words that the embedded pair reads as one of its own, from WordNet.

`python -m sonocanvas.training.synonyms` downloads Debian's `wordnet-base` and writes `synonyms.tsv`
and WordNet's licence. With `--glosses` it prints the meanings of the pair's own words instead. The
manual page wndb(5) describes the format of the database.
"""

import argparse
import csv
import functools
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from sonocanvas.pairs.mini import WEIGHTS
from sonocanvas.training.packages import found, unpacked
from sonocanvas.training.views import concepts
from sonocanvas.words.concepts import Concept, pictures, sounds
from sonocanvas.words.synonyms import singulars

DATA = Path(__file__).parent.parent / "data"
NOTICE = "# Made from WordNet 3.0, Copyright 2006 by Princeton University: see WORDNET-LICENSE.\n"
LEVELS = 5  # most levels between a word and a known word above it
FOOD = "13"  # number of WordNet's file of food nouns


@dataclass(frozen=True)
class Synset:
    """One meaning: its words, the offsets of the wider meanings, its file number, its gloss."""

    words: tuple[str, ...]
    wider: tuple[str, ...]
    topic: str
    gloss: str


@dataclass(frozen=True)
class WordNet:
    """WordNet's nouns.

    Attributes:
        synsets: Offset in the file -> meaning.
        senses: Word in lower case -> offsets of its meanings, most frequent first.
        plurals: Irregular plural -> its singulars.
    """

    synsets: dict[str, Synset]
    senses: dict[str, list[str]]
    plurals: dict[str, list[str]]


def parse_synset(line: str) -> tuple[str, Synset]:
    """Returns offset and meaning in one line of `data.noun`.

    Only pointers `@` to a wider meaning are kept. Instances of something (`@i`) are proper nouns,
    which are not followed.
    """
    fields, _, gloss = line.partition(" | ")
    offset, topic, _, count, *rest = fields.split()
    end = 2 * int(count, 16)
    pointers = rest[end + 1 :]
    pairs = zip(pointers[::4], pointers[1::4], strict=True)
    wider = tuple(target for kind, target in pairs if kind == "@")
    return offset, Synset(tuple(rest[:end:2]), wider, topic, gloss.strip())


def read_wordnet(folder: Path) -> WordNet:
    """Returns WordNet's nouns from the folder of `data.noun`, `index.noun` and `noun.exc`."""
    synsets = dict(map(parse_synset, _lines(folder / "data.noun")))
    senses = {}
    for line in _lines(folder / "index.noun"):
        word, _, count, *rest = line.split()
        senses[word] = rest[-int(count) :]
    plurals = {plural: words for plural, *words in map(str.split, _lines(folder / "noun.exc"))}
    return WordNet(synsets, senses, plurals)


def read_licence(folder: Path) -> str:
    """Returns WordNet's licence, the numbered lines at the start of `data.noun`."""
    lines = (folder / "data.noun").read_text("utf-8").splitlines()
    texts = [line[2:].partition(" ")[2].rstrip() for line in lines if line.startswith("  ")]
    return "\n".join(texts).strip() + "\n"


@functools.cache
def choices(kind: str) -> dict[str, str]:
    """Returns word -> value for one kind of choice in `data/word_choices.tsv`, made by hand.

    Args:
        kind: `"meanings"`: the meanings of a known word, if not just WordNet's first sense.
            `"later sense"`: number of the sense that people usually mean. `"left out"`: a word
            whose first sense is not what people mean, is mostly an adjective, or is hard to draw.
            `"keyword"`: a keyword of emojilib (MIT) that is another name for what the emoji shows;
            most of its keywords are associations ("milk" for a cow).
    """
    table = resources.files("sonocanvas.training").joinpath("data/word_choices.tsv")
    rows = csv.DictReader(table.read_text("utf-8").splitlines(), delimiter="\t")
    return {row["word"]: row["value"] for row in rows if row["kind"] == kind}


def meanings(wordnet: WordNet, known: Iterable[str]) -> dict[str, str]:
    """Returns offset of a meaning -> the first of the known words that has it.

    Args:
        wordnet: The nouns.
        known: Words of the pair, likelier ones first; `choices` gives their meanings.
    """
    offsets: dict[str, str] = {}
    for word in known:
        for meaning in choices("meanings").get(word, word).split():
            lemma, _, rank = meaning.partition(".")
            forms = [form for form in (lemma, *singulars(lemma)) if form in wordnet.senses]
            if forms:
                offsets.setdefault(wordnet.senses[forms[0]][int(rank or 1) - 1], word)
    return offsets


def nearest(wordnet: WordNet, offset: str, targets: dict[str, str]) -> str | None:
    """Returns the nearest known word at or above a meaning, or None beyond `LEVELS`.

    Of several at the same level, it is the one that WordNet lists first.
    """
    level = [offset]
    for _ in range(LEVELS + 1):
        near = next((targets[place] for place in level if place in targets), None)
        if near is not None:
            return near
        level = [wider for place in level for wider in wordnet.synsets[place].wider]
    return None


def target(wordnet: WordNet, word: str, targets: dict[str, str]) -> str | None:
    """Returns the known word that replaces a noun, or None.

    A noun has its first sense, or the one in `choices`. A fruit is never read as its tree.
    """
    offsets = wordnet.senses[word]
    near = nearest(wordnet, offsets[int(choices("later sense").get(word, 1)) - 1], targets)
    is_food = any(wordnet.synsets[offset].topic == FOOD for offset in offsets)
    return None if near == "tree" and is_food else near


def synonym_table(
    wordnet: WordNet, known: Iterable[str], vocabulary: Collection[str]
) -> dict[str, str]:
    """Returns word -> known word in alphabetical order, for unknown single words.

    Args:
        wordnet: The nouns.
        known: Words that may replace others.
        vocabulary: All words that the pair knows.
    """
    targets = meanings(wordnet, [word for word in known if word in vocabulary])
    table = {}
    for word in wordnet.senses:
        if word.isalpha() and len(word) > 2:
            near = target(wordnet, word, targets)
            if near is not None:
                table[word] = near
    own = {near: near for near in targets.values()}
    for plural, words in wordnet.plurals.items():
        singulars = own if plural in wordnet.senses else table | own
        near = next((singulars[word] for word in words if word in singulars), None)
        if near is not None and plural.isalpha():
            table[plural] = near
    for word, near in choices("keyword").items():
        if near in vocabulary:
            table.setdefault(word, near)
    unwanted = {*vocabulary, *choices("left out")}
    return {word: near for word, near in sorted(table.items()) if word not in unwanted}


def known_words(others: Sequence[Concept]) -> list[str]:
    """Returns the words of the shared concepts, each with its name first, then the others' names.

    The plurals in the others' prompts follow: one model knows `birds` but not `bird`.
    """
    words = [word for row in concepts() for word in (row["id"], *row["image_words"].split(","))]
    plurals = [word for one in others for word in one.prompt.split() if word.endswith("s")]
    return list(dict.fromkeys([*words, *(one.name for one in others), *plurals]))


def vocabulary(tokenizer: Path) -> set[str]:
    """Returns the words that a tokenizer of the pair knows."""
    state = json.loads((tokenizer / "tokenizer.json").read_text("utf-8"))
    return set(state["model"]["vocab"])


def merged(image: dict[str, str], audio: dict[str, str]) -> dict[str, list[str]]:
    """Returns word -> its replacements for the picture model and for the sound model."""
    return {
        word: list(dict.fromkeys(table[word] for table in (image, audio) if word in table))
        for word in sorted(image | audio)
    }


def print_glosses(wordnet: WordNet, targets: dict[str, str]) -> None:
    """Prints the meaning of each known word, for a check by eye."""
    for offset, word in targets.items():
        print(
            f"{word}: {', '.join(wordnet.synsets[offset].words)}: {wordnet.synsets[offset].gloss}"
        )


def _lines(path: Path) -> list[str]:
    """Returns the lines of a database file without the licence at its start."""
    return [line for line in path.read_text("utf-8").splitlines() if not line.startswith("  ")]


def main() -> None:
    """Reads WordNet and writes the table and the licence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path("packs/cache/sounds"))
    parser.add_argument("--pair", type=Path, default=WEIGHTS, help="folder with the tokenizers")
    parser.add_argument("--out", type=Path, default=DATA)
    parser.add_argument("--glosses", action="store_true")
    arguments = parser.parse_args()
    folder = found(unpacked("wordnet-base", arguments.cache), "data.noun").parent
    wordnet = read_wordnet(folder)
    tables = []
    for model, others in (("image", pictures()), ("audio", sounds())):
        words = vocabulary(arguments.pair / f"{model}_tokenizer")
        known = [word for word in known_words(others) if word in words]
        tables.append(synonym_table(wordnet, known, words))
        if arguments.glosses:
            print(f"--- {model}")
            print_glosses(wordnet, meanings(wordnet, known))
    if arguments.glosses:
        return
    table = merged(*tables)
    rows = "".join(f"{word}\t{' '.join(near)}\n" for word, near in table.items())
    (arguments.out / "synonyms.tsv").write_text(f"{NOTICE}word\twords\n{rows}", "utf-8")
    (arguments.out / "WORDNET-LICENSE").write_text(read_licence(folder), "utf-8")
    print(f"{len(table)} words written to {arguments.out / 'synonyms.tsv'}")


if __name__ == "__main__":
    main()
