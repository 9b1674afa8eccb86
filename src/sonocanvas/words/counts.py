"""Counts the things that a picture prompt asks for.

`mini` draws four things in a row on a whole canvas. The counting captions of its training, `one
owl` and `two owl`, mostly get lost next to a sound (docs/prompts.md), so counted things become that
many square layers.
"""

import re
from collections.abc import Collection

from sonocanvas.words.concepts import pictures
from sonocanvas.words.synonyms import read_as

COUNTS = {
    **{"one": 1, "1": 1, "a single": 1, "two": 2, "2": 2, "a pair of": 2},
    **{"three": 3, "3": 3, "four": 4, "4": 4},
}
COUNTED = re.compile(
    rf"(?P<count>{'|'.join(COUNTS)})\s+(?P<thing>[\w -]+?)"
    r"(\s+(in a row|side by side|in a line))?\s*\.?",
    re.IGNORECASE,
)
IRREGULAR = {
    **{"geese": "goose", "wolves": "wolf", "mice": "mouse", "knives": "knife", "leaves": "leaf"},
    **{"loaves": "loaf", "oxen": "ox"},
}


def count_of(text: str) -> int:
    """Returns how many things a picture prompt asks for, or 0 if it does not say.

    Example:
        >>> count_of("one owl"), count_of("two owls"), count_of("four owls in a row")
        (1, 2, 4)
        >>> count_of("an owl"), count_of("two owls and a cat")
        (0, 0)
    """
    found = COUNTED.fullmatch(text.strip())
    if found is None or "and" in found["thing"].lower().split():
        return 0
    return COUNTS[found["count"].lower()]


def without_count(text: str, known: Collection[str]) -> str:
    """Returns a picture prompt without its count, and any other prompt unchanged.

    Args:
        text: A prompt.
        known: The words that the pair knows.

    Example:
        >>> without_count("four owls in a row", {"owl"}), without_count("an owl", {"owl"})
        ('an owl', 'an owl')
    """
    found = COUNTED.fullmatch(text.strip())
    if found is None or not count_of(text):
        return text
    *before, last = found["thing"].lower().split()
    last = IRREGULAR.get(last, last)
    one = last if last in known else read_as(last, known)
    if one is None:
        return text
    thing = " ".join([*before, one])
    for concept in pictures():
        if thing in (re.sub(r"^(an?|the) ", "", concept.prompt), concept.name.replace("-", " ")):
            return concept.prompt
    return f"a {thing}"
