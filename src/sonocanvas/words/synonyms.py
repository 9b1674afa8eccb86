"""Maps words to known words: `puppy` is read as `dog` if only `dog` is known."""

import functools
from collections.abc import Collection
from importlib import resources


@functools.cache
def synonyms() -> dict[str, list[str]]:
    """Returns word -> nearest words of the embedded pair; `training.synonyms` writes the table.

    The first is the nearest word that the picture model knows. The second, if there is one, is the
    nearest that the sound model knows.
    """
    text = resources.files("sonocanvas").joinpath("data/synonyms.tsv").read_text("utf-8")
    rows = [line.partition("\t") for line in text.splitlines() if not line.startswith("#")]
    return {word: targets.split() for word, _, targets in rows[1:]}


def singulars(word: str) -> list[str]:
    """Returns the words of which a word may be the regular plural, likeliest first.

    Example:
        >>> singulars("puppies"), singulars("finches"), singulars("as")
        (['puppy', 'puppie', 'puppi'], ['finche', 'finch'], [])
    """
    endings = (("ies", "y"), ("s", ""), ("es", ""))
    stems = [word.removesuffix(end) + new for end, new in endings if word.endswith(end)]
    return [stem for stem in stems if len(stem) > 2]


def read_as(word: str, known: Collection[str]) -> str | None:
    """Returns the known word that replaces an unknown word, or None.

    It is the word's synonym in the table, or else its singular or the synonym of its singular.

    Args:
        word: An unknown word in lower case.
        known: The words that may be returned.

    Example:
        >>> read_as("poodles", {"dog"}), read_as("castles", {"castle"}), read_as("idea", {"dog"})
        ('dog', 'castle', None)
    """
    for form in (word, *singulars(word)):
        for target in (form, *synonyms().get(form, [])):
            if target in known:
                return target
    return None
