"""Readers of pictures, sounds and videos."""

import dataclasses
import io
from pathlib import Path

import fuzz_files
import torch
from fuzz_reader import Reader, each
from fuzz_values import damaged
from hypothesis import strategies as st
from PIL import Image
from tiny import TINY_FORMAT
from tiny_sample import make_sample

from sonocanvas.files.inspection import inspect
from sonocanvas.files.origin import Origin
from sonocanvas.files.pictures import (
    read_canvas_png,
    read_colour_png,
    read_picture,
    write_canvas_png,
    write_colour_png,
)
from sonocanvas.files.sounds import read_sound, write_sound
from sonocanvas.files.writing import read_comment
from sonocanvas.show.video import write_video
from sonocanvas.sources.picture_file import PictureFile
from sonocanvas.types import MINI_FORMAT, Waveform

ORIGIN = Origin("SonoCanvas 1", "compose", "tiny", 7, {"weights": "CC-BY-4.0"})


def pictures(home: Path) -> list[Reader]:
    canvas = torch.rand(32, 64, generator=torch.Generator().manual_seed(0))
    gray, colour = home / "gray.png", home / "colour.png"
    write_canvas_png(gray, canvas, TINY_FORMAT, 1.0, ORIGIN)
    write_colour_png(colour, canvas.expand(3, -1, -1), TINY_FORMAT, {"name": "latent"}, "", ORIGIN)
    seeds = [path.read_bytes() for path in (gray, colour)]

    def png(folder: Path) -> None:
        path = folder / "one.png"
        each(
            lambda: read_canvas_png(path),
            lambda: read_colour_png(path),
            lambda: read_comment(path),
            lambda: PictureFile(str(path))(MINI_FORMAT),
            lambda: inspect(path),
        )

    def other(folder: Path) -> None:
        path = folder / "one.png"  # the content tells the real format
        each(lambda: read_picture(path), lambda: read_comment(path))

    picture = Image.open(gray).convert("RGB")
    kinds = ("JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF", "JPEG2000", "TGA", "ICO")
    return [
        Reader("png", seeds[1], st.one_of(*map(fuzz_files.pngs, seeds)), "one.png", png),
        Reader(
            "pictures",
            _as(picture, "JPEG"),
            st.one_of(*(damaged(_as(picture, kind)) for kind in kinds)),
            "one.png",
            other,
        ),
    ]


def _as(picture: Image.Image, kind: str) -> bytes:
    kept = io.BytesIO()
    picture.save(kept, kind)
    return kept.getvalue()


def sounds(home: Path) -> list[Reader]:
    sound = Waveform(make_sample(1).waveform.samples[:, :3600], 16000)
    waves = [("wav", fuzz_files.waves), ("flac", fuzz_files.flacs), ("ogg", fuzz_files.oggs)]
    made = []
    for kind, strategy in [*waves, ("mp3", damaged)]:
        path = home / f"sound.{kind}"
        write_sound(path, sound, ORIGIN)
        seed = path.read_bytes()
        cases = st.one_of(strategy(seed), strategy(seed), damaged(seed))

        def read(folder: Path, kind: str = kind) -> None:
            path = folder / f"one.{kind}"
            each(
                lambda: read_sound(path, 16000), lambda: read_comment(path), lambda: inspect(path)
            )  # fmt: skip

        made.append(Reader(kind, seed, cases, f"one.{kind}", read))
    write_video(home / "one.mp4", dataclasses.replace(make_sample(), canvas=torch.rand(16, 128)))
    video = (home / "one.mp4").read_bytes()
    return [
        *made,
        Reader("mp4", video, damaged(video), "one.mp4", lambda folder: inspect(folder / "one.mp4")),
    ]
