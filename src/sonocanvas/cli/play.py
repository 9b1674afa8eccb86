"""`sonocanvas play`: a picture to sound."""

from pathlib import Path
from typing import Annotated

import typer


def play(
    canvas: Annotated[Path, typer.Argument(help="A PNG; one of ours knows what it means.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The WAV to write.")],
    vocoder: Annotated[
        str | None, typer.Option(help="How it is played; see docs/pairs.md.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
) -> None:
    """Play any picture as a spectrogram."""
    from sonocanvas.canvas import fit_rows
    from sonocanvas.config import VocoderChoice
    from sonocanvas.files import check_target, read_comment
    from sonocanvas.origin import Origin, from_comment, software
    from sonocanvas.pairs import mini
    from sonocanvas.picture_files import read_canvas_png
    from sonocanvas.sound_files import write_wav
    from sonocanvas.types import MINI_FORMAT
    from sonocanvas.vocoders.weights import build_vocoder

    check_target(out, ".wav", overwrite)
    picture, own_format = read_canvas_png(canvas)
    canvas_format = own_format or MINI_FORMAT
    weights = mini.vocoder() if canvas_format == MINI_FORMAT else None
    default = VocoderChoice().name
    if own_format is not None and weights is not None:
        default = weights.kind  # as it sounded when it was made
    play_canvas = build_vocoder(vocoder or default, {}, weights, "The canvas' own pair")
    waveform = play_canvas(fit_rows(picture, canvas_format), canvas_format)
    played = Origin(software(), "play", generated=False)
    gain_db = write_wav(out, waveform, from_comment(read_comment(canvas)) or played)
    duration_s = waveform.samples.shape[1] / waveform.sample_rate_hz
    typer.echo(f"{out}: {duration_s:.2f} s, gain {gain_db:.1f} dB")
