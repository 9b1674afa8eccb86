"""The terminal: progress during a run, and a table at its end."""

from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text
from torch import Tensor
from torch.nn.functional import interpolate

from sonocanvas.show.meters import EMPTY, FULL, is_plain, numbers, told
from sonocanvas.types import Sample, Step

PLAIN = str.maketrans({FULL: "#", EMPTY: "-"})
"""Replacements for an ASCII terminal."""


class RunDisplay:
    """Progress in steps and seeds; its methods are `generate`'s callbacks.

    It is shown on standard error if that is a terminal, from the first step on, since earlier
    downloads show their own progress.
    """

    def __init__(self, count: int, what: str = "seeds") -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._done = self._progress.add_task(what, total=count)
        self._steps = self._progress.add_task("steps", total=None)
        self._workers: dict[str, TaskID] = {}

    def __enter__(self) -> "RunDisplay":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._progress.console.is_terminal:
            self._progress.stop()

    def on_step(self, step: Step, clean: Tensor) -> None:
        """Shows the progress of this batch of seeds."""
        if self._progress.console.is_terminal:
            self._progress.start()
        self._progress.update(self._steps, total=step.count, completed=step.index + 1)

    def on_worker(self, name: str, state: str) -> None:
        """Shows the state of a cluster's worker instead of the steps; hides it if empty."""
        if self._progress.console.is_terminal:
            self._progress.start()
        self._progress.update(self._steps, visible=False)
        if name not in self._workers:
            self._workers[name] = self._progress.add_task(name, total=None)
        shown = f"{name}: {state}" if state else name
        self._progress.update(self._workers[name], description=shown, visible=bool(state))

    def on_sample(self, sample: object) -> None:
        """Shows that a sample is finished."""
        self.advance()

    def advance(self) -> None:
        """Shows that one more item is done."""
        self._progress.advance(self._done)

    def on_warning(self, sentence: str) -> None:
        """Shows a warning about the prompts or the models."""
        self._progress.console.print(
            sentence, style="yellow", markup=False, highlight=False, soft_wrap=True
        )


def show_run(samples: list[Sample], index: str, raw: bool = False) -> None:
    """Prints the samples of a run with their scores, best first, and the address of the page.

    Args:
        samples: All samples of the run.
        index: The page of the run.
        raw: Whether to also print raw scores that no meter shows.
    """
    if "rank" in samples[0].record:
        samples = sorted(samples, key=lambda sample: int(sample.record["rank"]["place"]))
    console = Console()
    rows = [_row(sample, raw) for sample in samples]
    table = Table(box=None, pad_edge=False)
    for heading in rows[0]:
        table.add_column(heading, justify="right")
    for row in rows:
        cells = (cell.translate(PLAIN) for cell in row.values())
        table.add_row(*(cells if console.options.ascii_only else row.values()))
    console.print(table)
    console.print(f"Look and listen: {index}", markup=False, highlight=False, soft_wrap=True)


def show_scene(rows: list[dict[str, str]]) -> None:
    """Prints the layers of a scene as a table."""
    table = Table(box=None, pad_edge=False)
    for heading in rows[0] if rows else ():
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row.values()))
    Console().print(table)


def show_canvas(canvas: Tensor) -> None:
    """Draws a canvas `(mels, frames)` in half blocks across a terminal that has colours."""
    console = Console()
    if console.color_system is None:
        return
    rows = max(1, round(console.width * canvas.shape[0] / canvas.shape[1] / 2))
    size = (2 * min(rows, console.width // 2), console.width)
    gray = interpolate(canvas[None, None].float(), size=size, mode="bilinear", antialias=True)
    levels = (gray[0, 0].clamp(0, 1) * 255).round().int().tolist()
    for upper, lower in zip(levels[::2], levels[1::2], strict=True):
        line = Text(no_wrap=True, end="\n")
        for above, below in zip(upper, lower, strict=True):
            line.append("▀", f"rgb({above},{above},{above}) on rgb({below},{below},{below})")
        console.print(line)


def _row(sample: Sample, raw: bool) -> dict[str, str]:
    """Returns the table row of a sample, by heading."""
    rank, row = sample.record.get("rank"), {}
    if rank is not None:
        row["place"] = f"kept {rank['place']}" if rank["kept"] else str(rank["place"])
    row["seed"] = str(sample.seed)
    plain = is_plain(sample.prompts.image, sample.record)
    row |= told({score.name: score.value for score in sample.scores}, plain)
    values = {score.name: f"{score.value:.2f} {score.unit}".strip() for score in sample.scores}
    row |= numbers(values, (rank or {}).get("by", ()), raw, plain)
    duration_s = sample.waveform.samples.shape[1] / sample.waveform.sample_rate_hz
    return row | {"length": f"{duration_s:.2f} s"}
