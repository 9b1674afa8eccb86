"""Logs what is being done and how long it took, to the logger `sonocanvas`, for `--verbose`."""

import contextlib
import logging
import time
from collections.abc import Iterator

LOGGER = logging.getLogger("sonocanvas")


@contextlib.contextmanager
def stage(what: str) -> Iterator[None]:
    """Logs at its end what was done inside, with its seconds.

    Args:
        what: Such as `pair 'mini' loaded`.
    """
    began = time.perf_counter()
    yield
    LOGGER.info("%s: %.2f s", what, time.perf_counter() - began)
