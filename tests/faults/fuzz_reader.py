"""What a reader is here, and how its files are made wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fuzz_values import damaged, trees
from hypothesis import strategies as st

from sonocanvas.errors import SonoCanvasError


@dataclass(frozen=True)
class Reader:
    """What reads a kind of file.

    Attributes:
        name: What is read.
        right: A file that is read.
        cases: What is written instead.
        file: Where it is written, within a folder of its own.
        read: Reads it, given that folder; it raises an error of ours, or nothing.
        prepare: Makes what else the folder needs.
    """

    name: str
    right: bytes
    cases: st.SearchStrategy[bytes]
    file: str
    read: Callable[[Path], object]
    prepare: Callable[[Path], object] = lambda folder: None


def each(*reads: Callable[[], object]) -> None:
    """Calls several readers of one file; one that refuses does not keep the others from it.

    Raises:
        SonoCanvasError: The last that was raised.
    """
    refusal: SonoCanvasError | None = None
    for read in reads:
        try:
            read()
        except SonoCanvasError as error:
            str(error).encode()  # it can be printed
            refusal = error
    if refusal is not None:
        raise refusal


def mixed(tree: Any, write: Callable[[Any], bytes]) -> st.SearchStrategy[bytes]:
    """Returns texts of trees with places changed, and three times fewer with bytes damaged."""
    changed = trees(tree).map(write)
    return st.one_of(changed, changed, damaged(write(tree)), changed.flatmap(damaged))
