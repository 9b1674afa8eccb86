"""Maps from gray to colour and back, so that a canvas in false colour is read exactly."""

import csv
import functools
from importlib import resources

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from sonocanvas.errors import InvalidInputError, unknown

Pixels = npt.NDArray[np.uint8]

FARTHEST = 24.0
"""Largest distance of a pixel from the nearest colour of its map, in 8-bit levels."""


@functools.cache
def colour_tables() -> dict[str, Pixels]:
    """Returns all maps by name: the distinct colours `(256, 3)` of gray levels 0 to 255.

    The arrays are shared by all callers: never write to them.
    """
    text = resources.files("sonocanvas").joinpath("data/colour_maps.tsv").read_text("utf-8")
    names, *rows = csv.reader(text.splitlines(), delimiter="\t")
    columns = zip(*rows, strict=True)
    return {
        name: np.array([list(bytes.fromhex(colour[1:])) for colour in column], np.uint8)
        for name, column in zip(names, columns, strict=True)
    }


def map_gray(gray: Pixels, name: str) -> Pixels:
    """Returns the colours `(height, width, 3)` of a gray picture `(height, width)`.

    Raises:
        InvalidInputError: There is no such map.
    """
    return _table(name)[gray]


def unmap_colour(rgb: Pixels, name: str) -> Pixels:
    """Returns the gray picture `(height, width)` with the nearest colours; inverts `map_gray`.

    Args:
        rgb: `(height, width, 3)`; in the map's own colours, the result is exact.
        name: A map.

    Raises:
        InvalidInputError: There is no such map, or a pixel is more than `FARTHEST` levels
            (Euclidean) from all its colours, because the picture was changed afterwards.
    """
    colours, places = np.unique(rgb.reshape(-1, 3), axis=0, return_inverse=True)
    distances, levels = KDTree(_table(name)).query(colours)
    if distances.max() > FARTHEST:
        strange = "#" + bytes(colours[distances.argmax()].tolist()).hex()
        raise InvalidInputError(
            f"The colour {strange} is not in the map '{name}' (it is {distances.max():.0f} levels "
            f"from it; at most {FARTHEST:.0f} are allowed): the picture was changed."
        )
    gray: Pixels = levels.astype(np.uint8)[places.reshape(rgb.shape[:2])]
    return gray


def _table(name: str) -> Pixels:
    tables = colour_tables()
    if name not in tables:
        raise unknown("colour map", name, tables)
    return tables[name]
