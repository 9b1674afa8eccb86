"""Any file is written whole or not at all, and its comment is read back."""

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image
from tiny_sample import ORIGIN

from sonocanvas.errors import InvalidInputError
from sonocanvas.files.origin import from_comment
from sonocanvas.files.pictures import write_canvas_png
from sonocanvas.files.sounds import write_sound
from sonocanvas.files.writing import (
    check_finite,
    check_target,
    read_comment,
    write_beside,
    write_text,
)
from sonocanvas.types import MINI_FORMAT, Waveform


@pytest.mark.parametrize(
    ("name", "overwrite", "sentence"),
    [
        ("sound.mp3", False, "must end in '.wav'"),
        ("none/sound.wav", False, "no folder"),
        ("there.wav", False, "use --overwrite to replace it"),
        ("folder.wav", True, "exists"),
    ],
)
def test_target_that_cannot_be_written_is_refused(tmp_path, name, overwrite, sentence):
    (tmp_path / "there.wav").touch()
    (tmp_path / "folder.wav").mkdir()
    with pytest.raises(InvalidInputError, match=sentence):
        check_target(tmp_path / name, ".wav", overwrite)
    check_target(tmp_path / "there.wav", ".wav", overwrite=True)


def test_a_file_whose_writing_fails_leaves_what_was_there(tmp_path):
    def fail(beside):
        beside.write_text("half")
        raise OSError(28, "No space left on device")

    write_text(tmp_path / "words.txt", "whole é")
    with pytest.raises(InvalidInputError, match=r"Cannot write '.*words\.txt': No space left"):
        write_beside(tmp_path / "words.txt", fail)
    assert [path.name for path in tmp_path.iterdir()] == ["words.txt"]
    assert (tmp_path / "words.txt").read_bytes() == "whole é".encode()


def test_the_comment_of_a_picture_and_of_a_sound_is_read(tmp_path):
    write_canvas_png(tmp_path / "canvas.png", torch.rand(8, 9), MINI_FORMAT, origin=ORIGIN)
    write_sound(tmp_path / "sound.wav", Waveform(torch.rand(1, 99), 16000), ORIGIN)
    for name in ("canvas.png", "sound.wav"):
        assert from_comment(read_comment(tmp_path / name)) == ORIGIN


def test_a_file_without_a_comment_has_none_and_text_is_refused(tmp_path):
    Image.new("L", (5, 4)).save(tmp_path / "picture.png")
    Image.new("L", (5, 4)).save(tmp_path / "picture.jpg", comment=b"\xff words")
    soundfile.write(tmp_path / "sound.wav", np.zeros(99), 16000)
    for name in ("picture.png", "picture.jpg", "sound.wav"):
        assert read_comment(tmp_path / name) == ""
    (tmp_path / "text.png").write_text("text")
    with pytest.raises(InvalidInputError, match="neither a picture nor a sound"):
        read_comment(tmp_path / "text.png")


@pytest.mark.parametrize("wrong", [torch.nan, torch.inf, -torch.inf])
def test_values_that_are_not_finite_are_refused(wrong):
    check_finite("canvas", torch.tensor([0.0, 1e30]))
    with pytest.raises(InvalidInputError, match="The canvas has values that are NaN or infinite"):
        check_finite("canvas", torch.tensor([0.0, wrong]))
