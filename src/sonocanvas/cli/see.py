"""`sonocanvas see`: sound to a picture."""

import math
from pathlib import Path
from typing import Annotated

import typer

PEAK = 0.95


def see(
    sound: Annotated[Path, typer.Argument(help="A WAV, FLAC, OGG or MP3.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The PNG to write.")],
    keep_level: Annotated[
        bool, typer.Option("--keep-level", help="Do not bring the peak to 0.95.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
) -> None:
    """Draw any sound as a canvas."""
    from sonocanvas.canvas import waveform_to_canvas
    from sonocanvas.media import check_target, read_comment, read_sound, write_canvas_png
    from sonocanvas.origin import Origin, from_comment, software
    from sonocanvas.types import MINI_FORMAT

    check_target(out, ".png", overwrite)
    waveform = read_sound(sound, MINI_FORMAT.sample_rate_hz)
    peak = float(waveform.samples.abs().max())
    gain = 1.0 if keep_level or peak == 0.0 else PEAK / peak
    gain_db = 20 * math.log10(gain)
    canvas = waveform_to_canvas(waveform.samples * gain, MINI_FORMAT)[0]
    seen = Origin(software(), "see", generated=False)
    origin = from_comment(read_comment(sound)) or seen
    write_canvas_png(out, canvas, MINI_FORMAT, gain_db, origin)
    typer.echo(f"{out}: {canvas.shape[1]} x {canvas.shape[0]}, gain {gain_db:.1f} dB")
