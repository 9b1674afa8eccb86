"""Maps file names and preset names of sound libraries to concepts and captions."""

import csv
import functools
import re
from importlib import resources

# words in file names of test recordings, where they differ from the concept's name
_TEST_WORDS = {
    "bark": "dog", "kitten": "cat", "meow": "cat", "tweet": "bird", "canary": "bird",
    "lamb": "sheep", "goat": "sheep", "bull": "cow", "plane": "airplane", "jet": "airplane",
    "bus": "truck", "siren": "fire-truck", "phone": "telephone", "snare": "drum", "tom": "drum",
    "cello": "violin", "clarinet": "flute", "saxophone": "flute", "water": "river",
    "waves": "sea", "ocean": "sea", "explosion": "bomb", "cannon": "bomb", "grasshopper": "cricket",
}  # fmt: skip
_NO_LABEL = {"station", "machine", "close", "mill", "drop", "parkland"}
_TEST_CAPTIONS = {
    "bee": "a bee buzzing",
    "cricket": "crickets chirping",
    "clock": "a clock ticking",
    "fire": "a fire crackling",
    "snake": "a snake hissing",
}


@functools.cache
def sound_table() -> dict[str, tuple[str, str]]:
    """Returns name in a library -> (concept, caption), in the order of the table."""
    text = resources.files("sonocanvas.training").joinpath("data/sounds.tsv").read_text("utf-8")
    return {
        name: (row["concept"], row["caption"])
        for row in csv.DictReader(text.splitlines(), delimiter="\t")
        for name in row["names"].split("; ")
    }


def noun(name: str) -> str:
    """Returns the name of a file, preset or OpenSFX sound as spelled in the table.

    It is in lower case, without scenery prefix (``Tropical: ``), final parenthesis or final number.

    Example:
        >>> noun("Tropical: Bird (1)"), noun("perc_bell2"), noun("Bird  2")
        ('bird', 'perc bell', 'bird')
    """
    name = re.sub(r"^[\w ]+: | \(.*$", "", name).replace("_", " ").lower()
    return " ".join(name.rstrip("0123456789 ").split())


def label_test_file(stem: str) -> tuple[str, str] | None:
    """Returns (concept, caption) of a test recording from its file name, or None.

    Example:
        >>> label_test_file("HorseGallop2"), label_test_file("SeaLion")
        (('horse', 'a horse galloping'), None)
    """
    words = [word.lower() for word in re.findall("[A-Z]?[a-z]+", stem)]
    if " ".join(words) in sound_table():
        return sound_table()[" ".join(words)]
    # a sea lion is neither; a fire station is a siren; a closing door does not creak; a windmill
    # is not wind; a drop of water does not flow; a park with an airplane is mostly birds
    if words == ["sea", "lion"] or _NO_LABEL & set(words):
        return None
    captions = dict(_TEST_CAPTIONS)
    for concept, caption in sound_table().values():
        captions.setdefault(concept, caption)
    for word in words:
        concept = _TEST_WORDS.get(word, word)
        if concept in captions:
            return concept, captions[concept]
    return None
