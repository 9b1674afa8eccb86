"""The user's own code, `module:Class`: it may run if typed, but not if only a file names it."""

import re
import sys
from collections.abc import Iterable

NAME = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def allow_typed(*typed: str | Iterable[str] | None) -> None:
    """Allows every `module:Class` that is typed on the command line.

    Modules are also searched for in the current folder, after all other places.

    Args:
        typed: Values of options; `None` if not given.
    """
    texts = [[one] if isinstance(one, str) else one or () for one in typed]
    names = [name for several in texts for text in several for name in NAME.findall(text)]
    if not names:
        return
    from sonocanvas.registry import OWN, allow

    for name in filter(OWN.fullmatch, names):
        allow(name)
    if "" not in sys.path:
        sys.path.append("")
