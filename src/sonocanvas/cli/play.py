"""`sonocanvas play`: a picture to sound."""

from pathlib import Path
from typing import Annotated

import typer

from sonocanvas.cli.own import allow_typed
from sonocanvas.cli.quick import import_quickly


def play(
    canvas: Annotated[
        Path, typer.Argument(help="A PNG; one of SonoCanvas says what its gray means.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="The WAV to write.")],
    vocoder: Annotated[
        str | None,
        typer.Option(help="How to play it; see docs/pairs.md."),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Folder of a vocoder, for canvases of other pairs."),
    ] = None,
    canvas_format: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="What gray means: auffusion, mini or riffusion; by default what the picture says, "
            "or what the vocoder was made for.",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Overwrite existing files.")
    ] = False,
) -> None:
    """Play any picture as a spectrogram."""
    import_quickly("sonocanvas.pairs.mini")
    allow_typed(vocoder)
    from sonocanvas.canvas import fit_rows, format_named
    from sonocanvas.errors import InvalidInputError
    from sonocanvas.files.origin import Origin, from_comment, software
    from sonocanvas.files.pictures import read_canvas_png
    from sonocanvas.files.sounds import FORMATS, write_sound
    from sonocanvas.files.writing import check_target, read_comment
    from sonocanvas.pairs import mini
    from sonocanvas.pairs.parts import read_vocoder
    from sonocanvas.settings import VocoderChoice
    from sonocanvas.types import MINI_FORMAT
    from sonocanvas.vocoders import parts
    from sonocanvas.vocoders.weights import build_vocoder

    asked = None if canvas_format is None else format_named(canvas_format)
    check_target(out, tuple(FORMATS), overwrite)
    picture, own_format = read_canvas_png(canvas)
    known = asked or own_format
    if weights is not None:
        carried, owner = read_vocoder(weights, "cpu"), f"'{weights}'"
        if carried is None:
            raise InvalidInputError(f"There is no folder '{weights}'; --weights must name one.")
        meaning = known or carried.canvas_format
    elif known in (None, MINI_FORMAT):
        carried, owner, meaning = mini.vocoder(), "The canvas' own pair", MINI_FORMAT
    else:
        carried, owner, meaning = None, "Without --weights the canvas", known
    default = VocoderChoice().name
    if carried is not None and (weights or own_format):
        default = carried.kind  # so it sounds as it did when made
    player = build_vocoder(vocoder or default, {}, carried, owner)
    waveform = parts.play(player, fit_rows(picture, meaning), meaning)
    played = Origin(software(), "play", generated=False)
    gain_db = write_sound(out, waveform, from_comment(read_comment(canvas)) or played)
    duration_s = waveform.samples.shape[1] / waveform.sample_rate_hz
    typer.echo(f"{out}: {duration_s:.2f} s, gain {gain_db:.1f} dB")
