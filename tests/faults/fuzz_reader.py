"""Describes a reader, and how its files are broken."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fuzz_values import damaged, trees
from hypothesis import strategies as st

from sonocanvas.errors import SonoCanvasError


@dataclass(frozen=True)
class Reader:
    """A reader of one kind of file.

    Attributes:
        name: Name of the kind.
        right: A valid file.
        cases: Broken files that replace it.
        file: Path of the file within its own folder.
        read: Reads the file, given that folder; it may raise only our errors.
        prepare: Adds whatever else the folder needs.
    """

    name: str
    right: bytes
    cases: st.SearchStrategy[bytes]
    file: str
    read: Callable[[Path], object]
    prepare: Callable[[Path], object] = lambda folder: None


def each(*reads: Callable[[], object]) -> None:
    """Calls several readers of one file, going on when one refuses.

    Raises:
        SonoCanvasError: The last error raised.
    """
    refusal: SonoCanvasError | None = None
    for read in reads:
        try:
            read()
        except SonoCanvasError as error:
            str(error).encode()  # the message can be printed
            refusal = error
    if refusal is not None:
        raise refusal


def mixed(tree: Any, write: Callable[[Any], bytes]) -> st.SearchStrategy[bytes]:
    """Returns a strategy for texts of changed trees, damaged texts, and texts with both."""
    changed = trees(tree).map(write)
    return st.one_of(changed, changed, damaged(write(tree)), changed.flatmap(damaged))
