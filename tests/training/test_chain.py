"""The chain: every part exists, shares add up, finished parts are skipped; and the loss plot."""

import importlib.util

import pytest
from PIL import Image

from sonocanvas.training.chain import CHAIN, commands
from sonocanvas.training.loop import LOG_FILE
from sonocanvas.training.plot import draw_losses


def test_every_part_is_a_program_and_the_shares_add_up():
    assert sum(part.share for part in CHAIN) == pytest.approx(1)
    for part in CHAIN:
        assert importlib.util.find_spec(f"sonocanvas.training.{part.module}")


def test_what_is_done_is_skipped(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = [line[2] for line in commands(100, "cpu")]
    (tmp_path / "packs").mkdir()
    (tmp_path / "packs/mini.zip").touch()
    after = [line[2] for line in commands(100, "cpu")]
    assert before[0] == "sonocanvas.training.pack"
    assert after == before[1:]
    trainer = next(line for line in commands(100, "cuda") if "sonocanvas.training.judge" in line)
    assert trainer[-4:] == ["--minutes", "12", "--device", "cuda"]


def test_losses_are_drawn_and_a_folder_without_a_log_is_passed_over(tmp_path):
    (tmp_path / "vae").mkdir()
    (tmp_path / "vae" / LOG_FILE).write_text("10,15,0.5\n20,30,0.25\n")
    draw_losses([tmp_path / "vae", tmp_path], tmp_path / "losses.png")
    with Image.open(tmp_path / "losses.png") as picture:
        assert picture.size == (960, 540)
    with pytest.raises(FileNotFoundError, match="None of 1 folders"):
        draw_losses([tmp_path], tmp_path / "other.png")
