"""Where a run is made and kept, as options of commands name it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sonocanvas.cli.console import RunDisplay
    from sonocanvas.protocols import Make

On = Annotated[
    str | None,
    typer.Option(
        metavar="CLUSTER", help="Run on a Ray cluster: ray or ray://HOST:PORT; see docs/cluster.md."
    ),
]


@contextmanager
def made_on(cluster: str | None, display: RunDisplay) -> Iterator[Make | None]:
    """Yields a pool of workers on a cluster; `None` if no cluster is named.

    Raises:
        InvalidInputError: The cluster cannot be used, or Ray is not installed.
    """
    if cluster is None:
        yield None
        return
    from sonocanvas.batch.cluster import Cluster
    from sonocanvas.errors import InvalidInputError

    where = Cluster.parse(cluster)
    try:
        from sonocanvas.batch.pool import Pool
    except ModuleNotFoundError:
        raise InvalidInputError(
            "A cluster needs Ray: `pip install -c constraints.txt -e '.[cluster]'`."
        ) from None
    with Pool(where, display.on_worker, display.on_warning) as pool:
        yield pool


@contextmanager
def kept_in(out: str) -> Iterator[tuple[Path, Callable[[], None]]]:
    """Yields the folder to work in, and a function that uploads it if it is kept in a store.

    Raises:
        InvalidInputError: The store cannot be reached, read or written.
    """
    from sonocanvas.files.remote import is_remote, working_copy

    if not is_remote(out):
        yield Path(out), lambda: None
        return
    with working_copy(out) as copy:
        yield copy.local, copy.send
