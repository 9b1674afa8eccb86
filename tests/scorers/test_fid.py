import pytest
import torch
from tiny_scorers import hearts, noise, rough, sample_of, save_clip

from sonocanvas.registry import build
from sonocanvas.scorers.clip import load_clip
from sonocanvas.scorers.fid import Fid
from sonocanvas.scorers.frechet import frechet_distance

SOUND = noise(count=160)
REFERENCE = [sample_of(hearts().lerp(rough(seed), 0.2), SOUND) for seed in range(4)]


@pytest.fixture(scope="module")
def fid():
    return build("set_scorer", "fid", {})


def damaged(share):
    canvases = (sample.canvas.lerp(rough(9 + sample.seed), share) for sample in REFERENCE)
    return [sample_of(canvas, SOUND) for canvas in canvases]


def test_a_set_has_no_distance_from_itself_and_the_order_does_not_count(fid):
    assert fid(REFERENCE, REFERENCE).value == pytest.approx(0, abs=1e-6)
    assert fid(REFERENCE, REFERENCE[::-1]).value == pytest.approx(0, abs=1e-6)
    there, back = fid(REFERENCE, damaged(0.5)), fid(damaged(0.5), REFERENCE)
    assert there.value == pytest.approx(back.value, rel=1e-6)


def test_it_grows_with_damage_and_says_extractor_and_counts(fid):
    scores = [fid(damaged(share), REFERENCE) for share in (0.2, 0.5, 0.8)]
    assert 0.001 < scores[0].value < scores[1].value < scores[2].value < 4
    score = fid(REFERENCE, damaged(0.5)[:2])
    assert (score.name, score.unit) == ("fid", "judge, n = 4 and 2")
    assert score.higher_is_better is Fid.higher_is_better is False


def test_with_clip_it_is_the_distance_of_clips_features_of_all_crops(tmp_path):
    folder = save_clip(tmp_path)
    embedder = load_clip(str(folder))
    features = [
        torch.cat([embedder.embed(sample) for sample in one]).numpy()
        for one in (REFERENCE, damaged(0.5))
    ]
    assert features[0].shape == (100, 8)
    score = Fid(extractor="clip", model=str(folder))(REFERENCE, damaged(0.5))
    assert score.value == pytest.approx(frechet_distance(*features))
    assert score.unit == "clip, n = 4 and 4"
