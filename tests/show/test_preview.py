"""The preview of a running run: updated now and then, and removed at the end."""

import functools
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from test_generate import config, files
from tiny import LATENT_SHAPE, tiny_pair

from sonocanvas import generate
from sonocanvas.canvas import canvas_to_bytes, decode_latents, image_to_canvas
from sonocanvas.files.origin import NOTE
from sonocanvas.files.run_folder import PREVIEW_FILE
from sonocanvas.files.writing import read_comment
from sonocanvas.show import preview
from sonocanvas.show.preview import previewing

CLEAN = torch.randn(2, *LATENT_SHAPE, generator=torch.Generator().manual_seed(0))


def test_the_canvases_of_a_batch_stand_below_one_another_and_the_file_says_what_it_is(tmp_path):
    pair, calls = tiny_pair(crop_columns=8), []
    path = tmp_path / PREVIEW_FILE
    told = previewing(
        path, pair, lambda *words: calls.append("step"), lambda: calls.append("before"), every_s=0
    )
    told(None, CLEAN)
    assert calls == ["step", "before"]
    canvases = image_to_canvas(decode_latents(pair.vae, CLEAN))[..., :56]
    wanted = canvas_to_bytes(torch.cat(list(canvases)))
    with Image.open(path) as picture:
        assert (np.asarray(picture) == wanted).all()
    assert read_comment(path).startswith(NOTE)
    assert [one.name for one in tmp_path.iterdir()] == [PREVIEW_FILE]


def test_it_is_drawn_every_so_many_seconds_and_not_at_first(tmp_path, monkeypatch):
    now_s, drawn = [100.0], []
    monkeypatch.setattr(preview.time, "monotonic", lambda: now_s[0])
    told = previewing(
        tmp_path / PREVIEW_FILE, tiny_pair(), None, lambda: drawn.append(now_s[0]), every_s=10
    )
    for second in (100, 109, 110, 115, 119, 125, 126):
        now_s[0] = float(second)
        told(None, CLEAN)
    assert drawn == [110, 125]


def kill_at_the_second_preview(monkeypatch):
    def killed(path, pair, on_step, before):
        def counted():
            before()
            if path.exists():
                raise KeyboardInterrupt

        return previewing(path, pair, on_step, counted, every_s=0)

    monkeypatch.setattr(sys.modules["sonocanvas.generate"], "previewing", killed)


@pytest.mark.parametrize("method", ["compose", "sds"])
def test_a_run_shows_it_while_it_goes_on_and_leaves_the_same_files(method, tmp_path, monkeypatch):
    run = config(seeds=[0, 1], method={"name": method, **({"steps": 2} if method == "sds" else {})})
    generate(run, tmp_path / "plain", pair=tiny_pair())
    always = functools.partial(previewing, every_s=0)
    monkeypatch.setattr(sys.modules["sonocanvas.generate"], "previewing", always)
    there = []

    def kill(sample):
        there.extend(path.name for path in (tmp_path / "run").iterdir())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(run, tmp_path / "run", pair=tiny_pair(), on_sample=kill)
    assert sorted(there) == [".lock", "0000", PREVIEW_FILE, "run.toml"]
    (tmp_path / "run" / f"{PREVIEW_FILE}.partial").write_text("a kill while it was drawn")
    generate(run, tmp_path / "run", pair=tiny_pair())
    assert files(tmp_path / "run") == files(tmp_path / "plain")


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_run_killed_before_its_first_sample_goes_on(overwrite, tmp_path, monkeypatch):
    kill_at_the_second_preview(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        generate(config(), tmp_path / "run", pair=tiny_pair(), overwrite=overwrite)
    assert sorted(files(tmp_path / "run")) == [PREVIEW_FILE, "run.toml"]
    monkeypatch.undo()
    generate(config(), tmp_path / "run", pair=tiny_pair())
    generate(config(), tmp_path / "plain", pair=tiny_pair())
    assert files(tmp_path / "run") == files(tmp_path / "plain")


def test_a_run_to_be_overwritten_is_there_until_the_first_new_sample(tmp_path, monkeypatch):
    generate(config(), tmp_path, pair=tiny_pair())
    before = files(tmp_path)
    kill_at_the_second_preview(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        generate(config(image_prompt="a dog"), tmp_path, pair=tiny_pair(), overwrite=True)
    after = files(tmp_path)
    assert after.pop(PREVIEW_FILE)
    assert after == before
