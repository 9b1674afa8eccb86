"""The table of words that the embedded pair reads as one of its own, made from WordNet.

`python -m sonocanvas.training.synonyms` downloads Debian's `wordnet-base` and writes
`synonyms.tsv` and WordNet's licence. With `--glosses` it prints instead which meanings the
pair's own words have. The format of the database is described in the manual page wndb(5).
"""

import argparse
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sonocanvas.concepts import Concept, pictures, sounds
from sonocanvas.pairs.mini import WEIGHTS
from sonocanvas.synonyms import singulars
from sonocanvas.training.packages import found, unpacked
from sonocanvas.training.views import concepts

DATA = Path(__file__).parent.parent / "data"
NOTICE = "# Made from WordNet 3.0, Copyright 2006 by Princeton University: see WORDNET-LICENSE.\n"
LEVELS = 5  # at most so many steps from a word up to a known one
FOOD = "13"  # number of WordNet's file of nouns for food

# what a known word stands for, where that is not WordNet's first sense of it alone
MEANINGS = {
    "accordion": "accordion free-reed_instrument",
    "airplane": "airplane heavier-than-air_craft",
    "alarm": "alarm.2",
    "alien": "alien.3",
    "banana": "banana.2",
    "basketball": "basketball.2",
    "bell": "bell bell.2 handbell carillon",
    "bird": "bird peafowl",
    "book": "book.2 book",
    "bow": "bow.4",
    "cake": "cake.3",
    "canary": "canary.4",
    "castle": "castle.2 castle.1 mansion.2 chateau",
    "cherry": "cherry.3",
    "chicken": "chicken.2",
    "church": "church.2 place_of_worship",
    "clock": "clock timepiece",
    "cock": "cock.4",
    "cow": "cow cattle calf bison buffalo yak.2",
    "crow": "crow corvine_bird",
    "crown": "crown.4",
    "cuckoo": "cuckoo.2",
    "dog": "dog pup",
    "dolphin": "dolphin.2",
    "donkey": "donkey.2",
    "doughnut": "doughnut.2",
    "drum": "drum percussion_instrument",
    "ewe": "ewe.3",
    "fire": "fire fire.3 fireplace",
    "flute": "flute woodwind",
    "forest": "forest forest.2 jungle.3",
    "fortress": "fortress citadel",
    "ghost": "ghost.3",
    "glass": "glass.2",
    "globe": "globe.3 globe",
    "guitar": "guitar stringed_instrument",
    "hammer": "hammer.2 mallet.3",
    "heart": "heart.2",
    "horn": "",
    "horse": "horse equine foal",
    "jellyfish": "jellyfish.2",
    "kite": "kite.3",
    "laser": "",
    "lightning": "lightning lightning.2",
    "lion": "lion big_cat",
    "lorry": "lorry.2",
    "modem": "",
    "morse": "",
    "octopus": "octopus.2",
    "piano": "piano keyboard_instrument",
    "pig": "pig swine",
    "pineapple": "pineapple.2",
    "pizzicato": "",
    "police": "",
    "pony": "pony.5",
    "pumpkin": "pumpkin.2",
    "radio": "radio.2",
    "ram": "",
    "recorder": "recorder.4",
    "ring": "ring.8",
    "river": "river stream",
    "saw": "saw.2 saw.3",
    "sea": "sea seashore beach",
    "shell": "seashell",
    "shield": "shield.2",
    "ship": "ship vessel.2",
    "sonar": "",
    "star": "star.3 star",
    "strings": "",
    "television": "television.3",
    "thunder": "thunder.2",
    "tower": "tower skyscraper",
    "train": "train streetcar",
    "tree": "tree sequoia",
    "triangle": "triangle.5",
    "trophy": "trophy.2",
    "trumpet": "trumpet brass_instrument",
    "turtle": "turtle.2",
    "umbrella": "umbrella parasol",
    "violin": "violin bowed_stringed_instrument",
    "volcano": "volcano.2",
    "wasp": "wasp.2",
    "water": "water.2",
    "watermelon": "watermelon.2",
    "whale": "whale.2",
    "whistle": "",
    "wizard": "wizard.2",
    "xylophone": "xylophone glockenspiel vibraphone",
}

# words that people mean in a later sense than WordNet's first, with its number
_LATER = """
adder.3 albatross.2 automaton.2 birch.2 boa.2 breaker.2 bullfinch.2 bunting.2 cab.3 capuchin.2
cardinal.4 cataract.2 chihuahua.3 chopper.3 chow.3 cuckoo.2 cyclone.2 cypress.2 dalmatian.2
deluge.2 dodo.2 donkey.2 drake.2 duckling.2 emu.2 falls.2 fir.2 flagship.2 foghorn.2 fort.2
gibbon.2 gnat.2 gondola.2 grouse.2 gull.2 heron.2 hog.3 hopper.4 howler.2 inferno.2 jay.2 jungle.3
kitty.3 kiwi.4 leopard.2 liner.4 loon.2 lute.2 lynx.2 mallet.3 mansion.2 maple.2 mongrel.2 nag.2
oak.2 omnibus.2 ostrich.2 palm.3 panther.2 partridge.4 peacock.2 pool.2 poplar.2 puddle.2 puss.2
quail.2 racer.2 redwood.2 reservoir.2 roan.2 rook.2 sax.2 schooner.2 setter.2 spruce.2 steamer.3
steer.2 swallow.3 sycamore.2 tempest.2 thoroughbred.2 thrush.3 tiger.2 tractor.2 tram.3 trotter.2
tug.2 tumbler.2 van.5 vessel.2 viola.3 warbler.2 warhorse.3 watchdog.2 wildcat.3 workhorse.2 wren.2
yak.2 yew.2
"""
LATER_SENSE = dict(item.split(".") for item in _LATER.split())

# words whose first sense is not what people mean, is mostly an adjective, or is hard to draw
LEFT_OUT = """
bbs blockbuster catling chatroom collimator delicious equatorial exocet hessian jonathan needle
portable sam shades sinker slipstick spawn strad waders website
abyssinian accipitriformes aegypiidae agua arbor beef beeves bethel blackburn blackjack blazing
bombard bones broody bumper cackler cassie charger cheviot coco commuter cotswold cruiser dominick
dominique dorking drone dun eggbeater electric elevated entire exmoor flamboyant flaming fuji
generic gig gourd hock hypercoaster ignition knockabout landfall launch lgb magnum main marabout
mei mere miro montezuma mount narrow nautilus newfoundland outboard pacer peckerwood pembroke plonk
puff rapid samba scooter shallow siding skyhook smudge swell tabor technical thermal ticker titi
tope transporter trestle turnpike twitterer varietal vibes vintage virginal wallow whiff
"""

# keywords of emojilib (MIT) that are another name of what the emoji shows; most of its keywords
# are what people think of when they see it ("milk" for a cow)
KEYWORDS = """
alligator:crocodile archer:bow buck:deer bullettrain:train bullhorn:megaphone bunny:rabbit cap:hat
carriage:train concertina:accordion doggo:dog dormouse:mouse earphones:headphones eyewear:glasses
fungus:mushroom gem:diamond gourd:pumpkin hatchet:axe home:house housecat:cat jewel:diamond
kettle:teapot lizard:crocodile mage:wizard martini:glass mic:microphone monitor:computer
novel:book pastry:cake pot:teapot pufferfish:fish railcar:train reptile:crocodile ruby:diamond
shinkansen:train shuttle:rocket slug:snail sneakers:shoe speaker:megaphone stiletto:shoe
sunset:sun sunshine:sun teddy:bear tee:shirt titanic:ship toadstool:mushroom tophat:hat
trainer:shoe trex:dinosaur tshirt:shirt vespa:motorcycle witch:wizard world:globe
"""


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
        senses: Word in lower case -> offsets of its meanings, the most frequent first.
        plurals: Irregular plural -> its singulars.
    """

    synsets: dict[str, Synset]
    senses: dict[str, list[str]]
    plurals: dict[str, list[str]]


def parse_synset(line: str) -> tuple[str, Synset]:
    """Returns offset and meaning of one line of `data.noun`.

    Only pointers `@` to a wider meaning are kept: what is an instance of something (`@i`) is a
    proper noun and leads nowhere.
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
    """Returns WordNet's licence, which opens `data.noun` in numbered lines."""
    lines = (folder / "data.noun").read_text("utf-8").splitlines()
    texts = [line[2:].partition(" ")[2].rstrip() for line in lines if line.startswith("  ")]
    return "\n".join(texts).strip() + "\n"


def meanings(wordnet: WordNet, known: Iterable[str]) -> dict[str, str]:
    """Returns offset of a meaning -> the first of the known words that has it.

    Args:
        wordnet: The nouns.
        known: Words of the pair, the likelier ones first; `MEANINGS` says what they stand for.
    """
    offsets: dict[str, str] = {}
    for word in known:
        for meaning in MEANINGS.get(word, word).split():
            lemma, _, rank = meaning.partition(".")
            forms = [form for form in (lemma, *singulars(lemma)) if form in wordnet.senses]
            if forms:
                offsets.setdefault(wordnet.senses[forms[0]][int(rank or 1) - 1], word)
    return offsets


def nearest(wordnet: WordNet, offset: str, targets: dict[str, str]) -> str | None:
    """Returns the known word the fewest levels above a meaning, or None beyond `LEVELS`.

    Of two at the same level the one that WordNet names first.
    """
    level = [offset]
    for _ in range(LEVELS + 1):
        near = next((targets[place] for place in level if place in targets), None)
        if near is not None:
            return near
        level = [wider for place in level for wider in wordnet.synsets[place].wider]
    return None


def target(wordnet: WordNet, word: str, targets: dict[str, str]) -> str | None:
    """Returns the known word that a noun is read as, or None.

    A noun counts in its first sense, or in that of `LATER_SENSE`. No fruit is read as its tree.
    """
    offsets = wordnet.senses[word]
    near = nearest(wordnet, offsets[int(LATER_SENSE.get(word, 1)) - 1], targets)
    is_food = any(wordnet.synsets[offset].topic == FOOD for offset in offsets)
    return None if near == "tree" and is_food else near


def synonym_table(
    wordnet: WordNet, known: Iterable[str], vocabulary: Collection[str]
) -> dict[str, str]:
    """Returns word -> known word in alphabetical order, for single words that are not known.

    Args:
        wordnet: The nouns.
        known: Words that a word may be read as.
        vocabulary: Every word that the pair knows.
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
    for pair in KEYWORDS.split():
        word, _, near = pair.partition(":")
        if near in vocabulary:
            table.setdefault(word, near)
    unwanted = {*vocabulary, *LEFT_OUT.split()}
    return {word: near for word, near in sorted(table.items()) if word not in unwanted}


def known_words(others: Sequence[Concept]) -> list[str]:
    """Returns the words of the shared concepts, each one's own name first, and others' names.

    Then come the plurals of the others' prompts: one model knows `birds` and not `bird`.
    """
    words = [word for row in concepts() for word in (row["id"], *row["image_words"].split(","))]
    plurals = [word for one in others for word in one.prompt.split() if word.endswith("s")]
    return list(dict.fromkeys([*words, *(one.name for one in others), *plurals]))


def vocabulary(tokenizer: Path) -> set[str]:
    """Returns the words that a tokenizer of the pair knows."""
    state = json.loads((tokenizer / "tokenizer.json").read_text("utf-8"))
    return set(state["model"]["vocab"])


def merged(image: dict[str, str], audio: dict[str, str]) -> dict[str, list[str]]:
    """Returns word -> what the picture model and what the sound model read it as."""
    return {
        word: list(dict.fromkeys(table[word] for table in (image, audio) if word in table))
        for word in sorted(image | audio)
    }


def print_glosses(wordnet: WordNet, targets: dict[str, str]) -> None:
    """Prints what each known word stands for, to be checked by eye."""
    for offset, word in targets.items():
        print(
            f"{word}: {', '.join(wordnet.synsets[offset].words)}: {wordnet.synsets[offset].gloss}"
        )


def _lines(path: Path) -> list[str]:
    """Returns the lines of a database file without the licence that it opens with."""
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
