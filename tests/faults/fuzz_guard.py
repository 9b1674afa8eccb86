"""Runs one case of a reader under guard: which error it raised, its time and its memory."""

import contextlib
import signal
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import sonocanvas
from sonocanvas.errors import SonoCanvasError

MOST_SECONDS, MOST_MB = 10.0, 1000.0
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
SOURCE = str(Path(sonocanvas.__file__).parent)


class TooSlowError(BaseException):
    """A case exceeded its time limit; no reader catches this."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of a case.

    Attributes:
        seconds: How long it took.
        mb: By how much the resident memory rose.
        refused: Whether it was refused with one of our errors.
        defect: What went wrong, and where in our source; empty if nothing did.
    """

    seconds: float
    mb: float
    refused: bool
    defect: str = ""


@dataclass
class Tally:
    """The outcomes of all cases of a reader."""

    name: str
    cases: int = 0
    refused: int = 0
    seconds: float = 0.0
    mb: float = 0.0
    defects: dict[str, bytes] = field(default_factory=dict)

    def add(self, outcome: Outcome, case: bytes) -> None:
        """Counts a case, and keeps the smallest case of each defect."""
        self.cases += 1
        self.refused += outcome.refused
        self.seconds = max(self.seconds, outcome.seconds)
        self.mb = max(self.mb, outcome.mb)
        if outcome.defect:
            known = self.defects.get(outcome.defect)
            if known is None or len(case) < len(known):
                self.defects[outcome.defect] = case

    def __str__(self) -> str:
        """Returns a line of the table."""
        accepted = self.cases - self.refused
        return (
            f"{self.name:14} {self.cases:6} cases {self.refused:6} refused {accepted:6} accepted "
            f"{self.seconds:6.2f} s {self.mb:6.0f} MB {len(self.defects):3} defects"
        )


def guarded(read: Callable[[], object], most_seconds: float = MOST_SECONDS) -> Outcome:
    """Returns the outcome of a call that reads a file."""
    if CLEAR.exists():
        with contextlib.suppress(OSError):
            CLEAR.write_text("5")  # measures the peak from here
    before, begun, defect, refused = _memory_mb("VmRSS"), time.perf_counter(), "", False
    try:
        with _within(most_seconds), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read()
    except SonoCanvasError:
        refused = True
    except TooSlowError as error:
        defect = f"longer than {most_seconds:g} s at {_place(error)}"
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        defect = f"{type(error).__module__}.{type(error).__name__} at {_place(error)}"
    seconds, mb = time.perf_counter() - begun, _memory_mb("VmHWM") - before
    if not defect and seconds > most_seconds:
        defect = f"longer than {most_seconds:g} s"
    if not defect and mb > MOST_MB:
        defect = f"more than {MOST_MB:g} MB"
    return Outcome(seconds, mb, refused, defect)


@contextlib.contextmanager
def _within(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _memory_mb(what: str) -> float:
    """Returns a value in MB that Linux reports for this process; 0 on other systems."""
    if not STATUS.exists():
        return 0.0
    lines = (line.split() for line in STATUS.read_text().splitlines())
    return next((int(line[1]) / 1000 for line in lines if line[0] == f"{what}:"), 0.0)


def _place(error: BaseException) -> str:
    """Returns the innermost of our functions that an error passed through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(SOURCE)]
    last = ours[-1] if ours else frames[-1]
    return f"{Path(last.filename).name}:{last.name}"
