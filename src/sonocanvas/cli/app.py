"""The command line: one file per command, each importing what it needs only when it runs."""

import errno
import io
import sys
import warnings
from collections.abc import Callable
from typing import Annotated, TextIO

import typer

from sonocanvas.cli.colour import colour
from sonocanvas.cli.defaults import WithDefaults
from sonocanvas.cli.evaluate import evaluate
from sonocanvas.cli.figure import figure
from sonocanvas.cli.generate import generate
from sonocanvas.cli.haptics import haptics
from sonocanvas.cli.inspect import inspect
from sonocanvas.cli.list_ import list_
from sonocanvas.cli.own import allow_typed
from sonocanvas.cli.play import play
from sonocanvas.cli.scene import scene
from sonocanvas.cli.see import see
from sonocanvas.cli.studio import studio
from sonocanvas.cli.study import study
from sonocanvas.cli.verbose import Verbose
from sonocanvas.cli.video import video
from sonocanvas.errors import SonoCanvasError

KEPT = "Finished samples are kept."
OUT_OF_MEMORY = (
    "The graphics card does not have enough memory; try --set batch_size=1, --set "
    "sampling.dtype=float16 or, with 'generate', --offload, close other programs that use the "
    f"card, or use --device cpu. {KEPT}"
)
NO_MEMORY = (
    "There is not enough memory; try --set batch_size=1 or a shorter --duration, or close other "
    f"programs. {KEPT}"
)
ALLOCATOR = "DefaultCPUAllocator"
"""Marks torch's out-of-memory error on the CPU, which is a plain `RuntimeError`."""
MACHINE = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM),
    *(errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM),
}
"""Errors of the machine rather than of the program."""

INTERRUPTED = 130
"""Exit code after Ctrl+C, as in other programs."""

app = typer.Typer(
    help="Images that sound: one canvas that is a picture and a spectrogram at once.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(asked: bool) -> None:
    """Prints the version and exits if asked to."""
    if asked:
        from importlib.metadata import version

        typer.echo(f"sonocanvas {version('sonocanvas')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
    allow_code: Annotated[
        list[str] | None,
        typer.Option(metavar="MODULE:CLASS", help="Allow files to run this code of yours."),
    ] = None,
    verbose: Verbose = False,
) -> None:
    allow_typed(allow_code)


COMMANDS: dict[Callable[..., None], str] = {
    generate: 'generate --image "an owl" --audio "an owl hooting" --seeds 0-3',
    studio: "studio runs --no-open",
    play: "play castle.png -o castle.wav",
    see: "see birds.wav -o birds.png",
    video: "video runs/owl-hoot",
    haptics: "haptics runs/owl-hoot",
    evaluate: "evaluate --benchmark --pairs 10 --seeds 0 --methods compose,imprint",
    colour: "colour runs/owl-hoot",
    figure: "figure grid runs/owl-hoot -o grid.pdf",
    inspect: "inspect castle.wav",
    list_: "list methods",
}
"""Each command with the example that its help shows."""

for command, example in COMMANDS.items():
    name = command.__name__.rstrip("_")
    app.command(name, cls=WithDefaults, epilog=f"Example: sonocanvas {example}")(command)
app.add_typer(scene, name="scene")
app.add_typer(study, name="study")


def main() -> None:
    """Runs the command line; an error that the user can fix is one sentence and exit code 2."""
    warnings.showwarning = _tell
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # file names may be invalid text
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except SystemExit as stopped:
        if stopped.code == INTERRUPTED:
            sys.stderr.write(f"Interrupted. {KEPT}\n")
        raise
    except (SonoCanvasError, MemoryError, OSError, RuntimeError) as error:
        sentence = _sentence(error)
        if not sentence:
            raise
        sys.stderr.write(f"{sentence}\n")
        sys.exit(2)


def _sentence(error: Exception) -> str:
    """Returns the error message for the user; empty if the error is a bug."""
    if isinstance(error, SonoCanvasError):
        return str(error)
    if type(error).__name__ == "OutOfMemoryError":  # torch's, without importing torch
        return OUT_OF_MEMORY
    if isinstance(error, MemoryError) or ALLOCATOR in str(error):
        return NO_MEMORY
    if isinstance(error, OSError) and error.errno in MACHINE:
        place = f"Cannot use '{error.filename}': " if error.filename else ""
        return f"{place}{error.strerror}. {KEPT}"
    return ""


def _tell(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Shows a warning as a sentence, without the source line that caused it."""
    sys.stderr.write(f"{message}\n")
