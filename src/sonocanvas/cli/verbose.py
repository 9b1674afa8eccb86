"""`-v`: prints what is loaded, from where, and how long each stage takes, to standard error."""

import logging
import sys
from typing import Annotated

import typer


class _ErrorStream(logging.Handler):
    """Writes to the current `sys.stderr`, which a progress bar may replace to stay intact."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one line, with the seconds since the start."""
        sys.stderr.write(f"{record.relativeCreated / 1000:7.2f} s  {record.getMessage()}\n")


def speak_up(asked: bool) -> None:
    """Shows the messages of the package's logger if asked to."""
    logger = logging.getLogger("sonocanvas")
    if asked and not is_verbose():
        logger.setLevel(logging.INFO)
        logger.addHandler(_ErrorStream())


def is_verbose() -> bool:
    """Returns whether `-v` was given."""
    return logging.getLogger("sonocanvas").isEnabledFor(logging.INFO)


Verbose = Annotated[
    bool,
    typer.Option(
        "-v",
        "--verbose",
        callback=speak_up,
        help="Show what is loaded and how long each stage takes; print all scores.",
    ),
]
