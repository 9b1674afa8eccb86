import io
import struct
from pathlib import Path

import pytest
import soundfile
from test_clips import tone

from sonocanvas.errors import InvalidInputError
from sonocanvas.training.recordings import file_clips, opensfx_clips, parse_opensfx

BY = "License: Creative Commons Attribution 3.0 Unported."
SA = "License: Creative Commons Attribution-ShareAlike 3.0 Unported."
ZERO = "License: Creative Commons Zero 1.0."


def riff():
    file = io.BytesIO()
    soundfile.write(file, tone(), 44100, format="WAV")
    return file.getvalue()


def cat(titles):
    table, body, offset = b"", b"", 8 * len(titles)
    for title in titles:
        name = title.encode("latin-1") + b"\0"
        entry = bytes([len(name)]) + name + riff()
        table += struct.pack("<II", (offset + len(body)) | 0x80000000, len(riff()))
        body += entry
    return table + body


def test_opensfx_titles_and_sounds_come_back():
    titles = [f'"Tropical: Bird (1)". By A. {ZERO}', f'"Wind". By B. {BY}']
    parsed = parse_opensfx(cat(titles))
    assert [title for title, _ in parsed] == titles
    assert all(sound == riff() for _, sound in parsed)


def test_opensfx_clips_keep_author_and_licence_and_leave_share_alike_out():
    content = cat(
        [
            f'"Tropical: Bird (1)". By A. {ZERO}',
            f'"Helicopter". By B. {SA}',
            f'"Good Year". By C. {BY}',
            f'"Ship horn". By Leon Milo. {BY}',
        ]
    )
    clips = list(opensfx_clips(content))
    assert [(c.id, c.concept, c.caption, c.licence) for c in clips] == [
        ("opensfx-00", "bird", "birds singing", "CC0-1.0"),
        ("opensfx-03", "ship", "a ship horn blowing", "CC-BY-3.0"),
    ]
    assert "Leon Milo" in clips[1].source


def test_truncated_opensfx_is_an_error():
    content = cat([f'"Wind". By B. {BY}'])
    with pytest.raises(InvalidInputError, match="Sound 0 "):
        parse_opensfx(content[:40])


def test_title_without_licence_is_an_error():
    with pytest.raises(InvalidInputError, match="No licence"):
        list(opensfx_clips(cat(['"Wind". By B.'])))


def test_files_are_captioned_by_their_names(tmp_path: Path):
    for name in ("perc_bell2.flac", "glitch_perc1.flac"):
        soundfile.write(tmp_path / name, tone(), 44100)
    clips = list(file_clips(tmp_path, "*.flac", "Sonic Pi samples"))
    assert [(clip.id, clip.concept, clip.licence) for clip in clips] == [
        ("file-perc_bell2", "bell", "CC0-1.0")
    ]
