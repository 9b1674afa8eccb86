"""`sonocanvas play`: a picture to sound."""

from pathlib import Path
from typing import Annotated

import typer


def play(
    canvas: Annotated[Path, typer.Argument(help="A PNG; one of ours knows what it means.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The WAV to write.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
) -> None:
    """Play any picture as a spectrogram."""
    from sonocanvas.canvas import fit_rows
    from sonocanvas.config import VocoderChoice
    from sonocanvas.media import check_target, read_canvas_png, write_wav
    from sonocanvas.registry import build
    from sonocanvas.types import MINI_FORMAT

    check_target(out, ".wav", overwrite)
    picture, canvas_format = read_canvas_png(canvas)
    canvas_format = canvas_format or MINI_FORMAT
    vocoder = build("vocoder", VocoderChoice().name, {})
    waveform = vocoder(fit_rows(picture, canvas_format), canvas_format)
    gain_db = write_wav(out, waveform)
    duration_s = waveform.samples.shape[1] / waveform.sample_rate_hz
    typer.echo(f"{out}: {duration_s:.2f} s, gain {gain_db:.1f} dB")
