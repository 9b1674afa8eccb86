from pathlib import Path

import numpy as np
import pytest
import soundfile
from test_clonk_group import group

from sonocanvas.errors import InvalidInputError, SonoCanvasError
from sonocanvas.training.attribution import LIBRARIES
from sonocanvas.training.listed import LICENCES, clips_of, listed
from sonocanvas.words.concepts import sounds

ROW = {
    "package": "some-package=1.0",
    "file": "bird*.wav",
    "concept": "bird",
    "caption": "birds singing",
    "library": "Some Game",
    "title": "birds (freesound.org/s/1)",
    "author": "A. Person",
    "licence": "CC-BY-3.0",
}


def write_noise(path: Path, duration_s: float):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, int(16000 * duration_s))
    soundfile.write(path, noise, 16000)
    return path.read_bytes()


def test_every_line_is_complete_and_of_a_sound_that_the_pair_knows():
    known = {sound.name for sound in sounds()}
    rows = listed()
    assert all(row[key] for row in rows for key in ROW)
    assert {row["concept"] for row in rows} <= known
    assert all(row["library"].startswith(tuple(LIBRARIES)) for row in rows)
    assert len({(row["package"], row["file"]) for row in rows}) == len(rows)


def test_every_package_has_one_pinned_version():
    packages = {row["package"] for row in listed()}
    assert all("=" in package for package in packages)
    assert len({package.split("=")[0] for package in packages}) == len(packages)


@pytest.mark.parametrize("licence", ["GPL-2.0-or-later", "CC-BY-SA-3.0", "CC-BY-NC-4.0", ""])
def test_a_licence_that_asks_for_more_than_credit_is_refused(licence):
    assert licence not in LICENCES
    table = "\t".join(ROW) + "\n" + "\t".join({**ROW, "licence": licence}.values())
    with pytest.raises(InvalidInputError, match=r"'bird\*\.wav' is under '" + licence):
        listed(table)


def test_files_that_match_become_clips_with_author_and_licence(tmp_path: Path):
    write_noise(tmp_path / "sounds" / "bird 1.wav", 1.0)
    write_noise(tmp_path / "sounds" / "bird 2.wav", 20.0)
    write_noise(tmp_path / "sounds" / "dog.wav", 1.0)
    clips = list(clips_of(ROW, tmp_path))
    assert [clip.id.removeprefix(tmp_path.name) for clip in clips] == [
        "-bird-1-0",
        "-bird-2-0",
        "-bird-2-1",
    ]
    assert {clip.source for clip in clips} == {"Some Game: birds (freesound.org/s/1) by A. Person"}
    assert {(clip.concept, clip.licence) for clip in clips} == {("bird", "CC-BY-3.0")}
    assert not np.array_equal(clips[1].samples, clips[2].samples)


def test_a_file_inside_a_group_is_found(tmp_path: Path):
    content = write_noise(tmp_path / "outside.wav", 1.0)
    (tmp_path / "Sound.ocg").write_bytes(
        group({"Fire.ocg": {"Blast1.wav": content, "Hiss.wav": content}})
    )
    clips = list(clips_of({**ROW, "file": "Sound.ocg/Fire.ocg/Blast*.wav"}, tmp_path))
    assert [clip.id.removeprefix(tmp_path.name) for clip in clips] == ["-Fire.ocg-Blast1-0"]


@pytest.mark.parametrize("file", ["cow.wav", "Sound.ocg/cow.wav"])
def test_a_line_that_matches_nothing_is_an_error(tmp_path: Path, file):
    (tmp_path / "Sound.ocg").write_bytes(group({"dog.wav": b"RIFF"}))
    with pytest.raises(SonoCanvasError, match=f"No '{file}'"):
        list(clips_of({**ROW, "file": file}, tmp_path))
