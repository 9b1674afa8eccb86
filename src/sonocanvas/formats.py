"""Reads the format of a canvas from a file that may come from anywhere."""

import dataclasses
import math
from typing import Any

from sonocanvas.errors import InvalidInputError
from sonocanvas.types import CanvasFormat

HIGHEST = {"sample_rate_hz": 192_000, "n_fft": 32_768, "mels": 1_024}
MOST_OVERLAP = 128
"""Maximum hops per transform; with more, playing a small picture would take gigabytes."""
LONGEST_HOP_S = 1.0
"""Longest hop; with longer ones, a small picture could last for years."""
KINDS = {"int": (int,), "float": (int, float), "bool": (bool,)}


def read_format(values: Any) -> CanvasFormat:
    """Returns the format described by a table of its fields.

    Args:
        values: Fields by name; those with a default may be missing.

    Raises:
        InvalidInputError: A field is missing, unknown or of the wrong type, or the values make no
            valid format.
    """
    fields = {field.name: field for field in dataclasses.fields(CanvasFormat)}
    if not isinstance(values, dict) or not values.keys() <= fields.keys():
        raise InvalidInputError("A canvas format must be a table of the fields of CanvasFormat.")
    read: dict[str, Any] = {}
    for name, field in fields.items():
        value = values.get(name, field.default)  # older files may lack fields with a default
        if type(value) not in KINDS[str(field.type)]:
            raise InvalidInputError(f"The {name} of a canvas format must be a {field.type}.")
        if isinstance(value, int) and not -(2**31) < value < 2**31:
            raise InvalidInputError(f"The {name} of a canvas format is out of bounds.")
        read[name] = float(value) if field.type == "float" else value
    fmt = CanvasFormat(**read)
    if not _means_something(fmt):
        raise InvalidInputError(f"This canvas format is not valid: {read}.")
    return fmt


def _means_something(fmt: CanvasFormat) -> bool:
    sizes_fit = all(1 <= getattr(fmt, name) <= most for name, most in HIGHEST.items())
    windows_fit = fmt.hop_samples <= fmt.window_samples <= fmt.n_fft
    if not (sizes_fit and windows_fit):
        return False
    hops_fit = fmt.n_fft <= MOST_OVERLAP * fmt.hop_samples
    hops_fit = hops_fit and fmt.hop_samples <= LONGEST_HOP_S * fmt.sample_rate_hz
    bands_fit = 0 <= fmt.f_min_hz < fmt.f_max_hz <= fmt.sample_rate_hz / 2
    levels_fit = 0 < fmt.log_floor < fmt.log_ceiling and 0 <= fmt.power <= 1
    return hops_fit and bands_fit and levels_fit and math.isfinite(fmt.log_ceiling / fmt.log_floor)
