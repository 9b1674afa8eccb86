"""Logs what is being done and how long it took, to the logger `sonocanvas`, for `--verbose`."""

import contextlib
import logging
import time
from collections.abc import Iterator

LOGGER = logging.getLogger("sonocanvas")


@contextlib.contextmanager
def stage(what: str) -> Iterator[None]:
    """Logs the block when it ends, with its duration in seconds.

    Args:
        what: Text of the log message, such as `pair 'mini' loaded`.
    """
    began = time.perf_counter()
    yield
    LOGGER.info("%s: %.2f s", what, time.perf_counter() - began)
