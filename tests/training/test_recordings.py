import dataclasses
import io
import random
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sonocanvas.errors import InvalidInputError, SonoCanvasError
from sonocanvas.training import recordings
from sonocanvas.training.recordings import (
    HELD_KIT,
    HELD_PITCH_CLASS,
    VOICES,
    figure,
    file_clips,
    label_test_file,
    noun,
    opensfx_clips,
    parse_opensfx,
    plan_phrases,
    prepare,
    sound_table,
)

BY = "License: Creative Commons Attribution 3.0 Unported."
SA = "License: Creative Commons Attribution-ShareAlike 3.0 Unported."
ZERO = "License: Creative Commons Zero 1.0."


def tone(frequency_hz=440.0, sample_rate_hz=44100, duration_s=0.5):
    seconds = np.arange(int(sample_rate_hz * duration_s)) / sample_rate_hz
    return (0.3 * np.sin(2 * np.pi * frequency_hz * seconds)).astype(np.float32)


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


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Tropical: Bird (1)", "bird"),
        ("Steam (of steam engine)", "steam"),
        ("perc_bell2", "perc bell"),
        ("Bird  2", "bird"),
        ("Stream/River", "stream/river"),
        ("guit_em9", "guit em"),
    ],
)
def test_names_are_spelt_as_in_the_table(name, expected):
    assert noun(name) == expected
    assert expected in sound_table()


def test_every_name_is_in_the_table_once():
    names = [
        name
        for line in recordings._SOUNDS.strip().splitlines()
        for name in line.split(" | ")[2].replace("start, pull", "start pull").split(", ")
    ]
    assert len(names) == len(set(names)) == len(sound_table())
    assert sound_table()["truck/old bus start, pull away"][0] == "truck"


def test_prepared_tone_keeps_its_pitch_and_loses_its_silence():
    silence = np.zeros(22050, np.float32)
    stereo = np.stack([np.concatenate([silence, tone(), silence])] * 2, axis=1)
    before = stereo.copy()
    samples = prepare(stereo, 44100)
    peak_hz = np.abs(np.fft.rfft(samples)).argmax() * 16000 / len(samples)
    assert peak_hz == pytest.approx(440, abs=3)
    assert len(samples) == pytest.approx(8000, abs=80)
    assert samples.dtype == np.float32
    assert np.abs(samples).max() == pytest.approx(0.9)
    assert np.array_equal(stereo, before)


def test_long_sounds_end_at_the_limit():
    assert len(prepare(tone(duration_s=12), 44100)) == 163840


@pytest.mark.parametrize("length", [0, 1000])
def test_silence_is_an_error(length):
    with pytest.raises(InvalidInputError, match="silent"):
        prepare(np.zeros(length, np.float32), 16000)


def test_the_plan_is_the_same_every_time_and_differs_between_phrases():
    for voice in VOICES:
        assert plan_phrases(voice) == plan_phrases(voice)
    phrases = plan_phrases(VOICES[0])
    assert len({phrase.notes for phrase in phrases}) == len(phrases) == VOICES[0].count


def test_held_keys_sound_in_held_phrases_alone():
    for voice in VOICES:
        if voice.preset[0] == 128 or voice.keys[0] == voice.keys[1]:
            continue
        for phrase in plan_phrases(voice):
            sounds = any(note.key % 12 == HELD_PITCH_CLASS for note in phrase.notes)
            assert sounds == phrase.held


def test_the_held_kit_plays_in_held_phrases_alone():
    kit = next(voice for voice in VOICES if voice.styles == "kit")
    phrases = plan_phrases(kit)
    assert {phrase.preset[1] == HELD_KIT for phrase in phrases if phrase.held} == {True}
    assert all(phrase.preset[1] != HELD_KIT for phrase in phrases if not phrase.held)


def test_about_a_tenth_is_held():
    phrases = [phrase for voice in VOICES for phrase in plan_phrases(voice)]
    assert 0.08 < np.mean([phrase.held for phrase in phrases]) < 0.13


def test_all_notes_can_be_played():
    for voice in VOICES:
        for phrase in plan_phrases(voice):
            assert all(0 <= note.key <= 127 and 1 <= note.velocity <= 127 for note in phrase.notes)
            assert min(note.start_s for note in phrase.notes) >= 0


def test_unknown_figure_is_an_error():
    with pytest.raises(InvalidInputError, match="waltz"):
        figure("waltz", random.Random(0))


def test_files_are_captioned_by_their_names(tmp_path: Path):
    for name in ("perc_bell2.flac", "glitch_perc1.flac"):
        soundfile.write(tmp_path / name, tone(), 44100)
    clips = list(file_clips(tmp_path, "*.flac", "Sonic Pi samples"))
    assert [(clip.id, clip.concept, clip.licence) for clip in clips] == [
        ("file-perc_bell2", "bell", "CC0-1.0")
    ]
    with pytest.raises(dataclasses.FrozenInstanceError):
        clips[0].caption = "other"


def test_test_recordings_are_labelled_by_a_word_of_the_name():
    assert label_test_file("HorseGallop2") == ("horse", "a horse galloping")
    assert label_test_file("phone_ring") == ("telephone", "a telephone ringing")
    assert label_test_file("menuclick") is None
    assert label_test_file("sea_lion") is None


def test_a_failed_download_is_one_readable_sentence(tmp_path: Path):
    with pytest.raises(SonoCanvasError, match="'ls no-such-file' failed: "):
        recordings._run(["ls", "no-such-file"], tmp_path)
    with pytest.raises(SonoCanvasError, match="not installed"):
        recordings._run(["no-such-program"], tmp_path)


def test_what_is_in_the_cache_is_not_downloaded(tmp_path: Path):
    (tmp_path / "some-package").mkdir()
    assert recordings._unpacked("some-package", tmp_path) == tmp_path / "some-package"
