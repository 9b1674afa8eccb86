"""`sonocanvas play`: a picture to sound."""

from pathlib import Path
from typing import Annotated

import typer


def play(
    canvas: Annotated[Path, typer.Argument(help="A PNG; one of ours knows what it means.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The WAV to write.")],
    vocoder: Annotated[
        str | None, typer.Option(help="How it is played; see 'list vocoders'.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
) -> None:
    """Play any picture as a spectrogram."""
    from sonocanvas.canvas import fit_rows
    from sonocanvas.config import VocoderChoice
    from sonocanvas.media import check_target, read_canvas_png, write_wav
    from sonocanvas.pairs import mini
    from sonocanvas.types import MINI_FORMAT
    from sonocanvas.vocoders.weights import build_vocoder

    check_target(out, ".wav", overwrite)
    picture, canvas_format = read_canvas_png(canvas)
    canvas_format = canvas_format or MINI_FORMAT
    weights = mini.vocoder() if canvas_format == MINI_FORMAT else None
    name = vocoder or (VocoderChoice().name if weights is None else weights.kind)
    play_canvas = build_vocoder(name, {}, weights, "The canvas' own pair")
    waveform = play_canvas(fit_rows(picture, canvas_format), canvas_format)
    gain_db = write_wav(out, waveform)
    duration_s = waveform.samples.shape[1] / waveform.sample_rate_hz
    typer.echo(f"{out}: {duration_s:.2f} s, gain {gain_db:.1f} dB")
