"""Code of one's own, `module:Class`: what is typed may run, what stands in a file may not."""

import re
import sys
from collections.abc import Iterable

NAME = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def allow_typed(*typed: str | Iterable[str] | None) -> None:
    """Allows every `module:Class` among texts that stand on the command line.

    Modules are also looked for in the folder where the command runs, after all others.

    Args:
        typed: Values of options; `None` where one is not given.
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
