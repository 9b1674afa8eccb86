import pytest

from sonocanvas.errors import InvalidInputError
from sonocanvas.sources.text import Text
from sonocanvas.types import MINI_FORMAT


def test_letters_are_opaque_and_what_is_between_them_is_free():
    letters, opacity = Text("HELLO")(MINI_FORMAT)
    assert letters.equal(opacity)
    assert letters.shape[1] > 2 * letters.shape[0]
    assert (float(letters.min()), float(letters.max())) == (0.0, 1.0)
    assert not letters[0].any()
    wide, tall = (Text(words)(MINI_FORMAT)[0].shape for words in ("HELLO HELLO", "HELLO\nHELLO"))
    assert wide[1] > letters.shape[1] > 0.9 * tall[1]
    assert tall[0] > 1.5 * wide[0]


@pytest.mark.parametrize("words", ["", "  ", "x" * 201])
def test_words_that_cannot_be_seen_are_refused(words):
    with pytest.raises(InvalidInputError, match="words must be 1 to 200 visible characters"):
        Text(words)
