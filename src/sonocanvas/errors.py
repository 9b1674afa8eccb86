"""The package's exceptions, all of which are errors that the user can fix."""

import difflib
from collections.abc import Iterable


class SonoCanvasError(Exception):
    """An error that the user can fix; the command line prints it as one sentence."""


class InvalidInputError(SonoCanvasError, ValueError):
    """A value that cannot be used; the message names it and what is allowed."""


class CheckpointError(SonoCanvasError, RuntimeError):
    """Weights that are missing, broken or incompatible."""


def unknown(what: str, name: str, known: Iterable[str]) -> InvalidInputError:
    """Returns the error for a name that is not on a menu, with the nearest known name.

    Args:
        what: Kind of name, such as ``"rule"``.
        name: The given name.
        known: The allowed names.
    """
    allowed = sorted(known)
    near = difflib.get_close_matches(name, allowed, n=1, cutoff=0.5)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    told = f"Known: {', '.join(allowed)}." if allowed else "There is none."
    return InvalidInputError(f"Unknown {what} '{name}'.{hint} {told}")
