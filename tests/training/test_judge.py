"""The judge: stronger augmentation, no held-out items in its batches, and never a selector."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import sonocanvas
from sonocanvas.training import judge as judging
from sonocanvas.training.ranking import Ranking
from sonocanvas.training.towers import Batches, new_tokenizer, save_towers, words_of
from sonocanvas.training.views import concepts

SOURCE = Path(sonocanvas.__file__).parent


@pytest.fixture
def batches(tmp_path):
    """Returns batches of white dogs and gray cats; every held-out view is black."""
    for name, width in (("drawings", 256), ("sounds", 1024)):
        shades = (255, 120, 0)
        labels = [
            {"caption": caption, "concept": caption, "held": shade == 0}
            for caption, shade in zip(("dog", "cat", "dog"), shades, strict=True)
        ]
        (tmp_path / f"{name}.json").write_text(json.dumps(labels))
        views = [np.full((256, width), shade, np.uint8) for shade in shades]
        np.save(tmp_path / f"{name}.npy", np.stack(views))
    return Batches(tmp_path, new_tokenizer(["cat", "dog"]), 0, "cpu")


def test_what_is_held_out_never_comes_up(batches):
    canvases, _, ids = batches("picture", 64)
    assert canvases.amin() > 0.4
    assert set(ids.tolist()) == {0, 1}


def test_damage_keeps_the_shape_and_stays_finite(batches):
    for tower, width in (("picture", 64), ("sound", 256)):
        canvases, _, _ = batches(tower, 16)
        damaged = judging.damaged(batches, tower, canvases)
        assert damaged.shape == (16, 64, width)
        assert torch.isfinite(damaged).all()
        assert (damaged - canvases).abs().mean() > 0.05


def test_bands_move_and_what_leaves_the_canvas_is_gone(batches):
    canvases = torch.zeros(64, 64, 8)
    canvases[:, 32] = 1
    moved = judging.transposed(batches, canvases)
    rows = moved[:, :, 0].argmax(1)
    assert (moved.sum(1) == 1).all()
    assert rows.min() < 30 < 34 < rows.max()
    assert (rows - 32).abs().max() <= 64 // 12 + 1


def test_cuts_are_bands_of_at_most_a_quarter(batches):
    canvases = torch.ones(200, 64, 64)
    lost = 1 - judging.cut(batches, canvases, axis=1).mean((1, 2))
    assert lost.max() <= 0.27
    assert 0.3 < (lost > 0.01).float().mean() < 0.7


def test_hatching_only_darkens(batches):
    canvases = torch.rand(32, 64, 64)
    hatched = judging.hatched(batches, canvases)
    assert (hatched <= canvases).all()
    assert (hatched < canvases).any()


def test_the_judge_learns_to_tell_two_shades(batches):
    torch.manual_seed(0)
    judge = judging.new_judge(len(new_tokenizer(["cat", "dog"]))).train()
    prompts = {tower: judging.Prompts(batches, tower) for tower in ("picture", "sound")}
    optimizer = torch.optim.AdamW(judge.parameters(), 2e-3)
    losses = []
    for _ in range(8):
        loss = judging.classification_loss(judge, batches, prompts, 16)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]


def test_ranking_counts_who_comes_before_the_right_one(tmp_path):
    words = words_of([row[f"{kind}_prompt"] for row in concepts() for kind in ("image", "audio")])
    tokenizer = new_tokenizer(words)
    torch.manual_seed(0)
    save_towers(judging.new_judge(len(tokenizer)), tokenizer, tmp_path)
    ranking = Ranking(tmp_path)
    canvases = torch.rand(2, 256, 1024)
    cosines = ranking.similarity("sound", canvases)
    best = cosines.argmax(1).tolist()
    worst = cosines.argmin(1).tolist()
    assert ranking.rank("sound", canvases, best).tolist() == [0, 0]
    assert ranking.rank("sound", canvases, worst).tolist() == [47, 47]
    squares = [
        ranking.similarity("picture", canvases[..., k : k + 256]) for k in range(0, 1024, 256)
    ]
    torch.testing.assert_close(ranking.similarity("picture", canvases), sum(squares) / 4)


def test_only_what_makes_it_and_what_reports_knows_the_judge():
    naming = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if "JUDGE" in (text := path.read_text()) or '"judge"' in text
    }
    reporting = {f"scorers/{name}.py" for name in ("judge", "set_distance", "fid", "fad")}
    reporting |= {"registry.py", "evaluation/plan.py"}
    reporting |= {"config.py", "show/meters.py"}  # default scores, and how they are shown
    making = {f"training/{name}.py" for name in ("chain", "export", "report")}
    assert naming == reporting | making
