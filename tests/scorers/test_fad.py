import pytest
import torch
from tiny_scorers import noise, rough, sample_of, save_clap, siren

from sonocanvas.registry import build
from sonocanvas.scorers.clap import load_clap
from sonocanvas.scorers.fad import Fad
from sonocanvas.scorers.frechet import frechet_distance

CANVAS = rough(columns=256)
REFERENCE = [sample_of(CANVAS, siren() + noise(0.003, seed)) for seed in range(3)]


@pytest.fixture(scope="module")
def fad():
    return build("set_scorer", "fad", {})


def damaged(level):
    return [sample_of(CANVAS, siren() + noise(level, 9 + seed)) for seed in range(3)]


def test_a_set_has_no_distance_from_itself_and_the_order_does_not_count(fad):
    assert fad(REFERENCE, REFERENCE).value == pytest.approx(0, abs=1e-6)
    there, back = fad(REFERENCE, damaged(0.1)), fad(damaged(0.1), REFERENCE)
    assert there.value == pytest.approx(back.value, rel=1e-6)


def test_it_grows_with_damage_and_says_extractor_and_counts(fad):
    scores = [fad(damaged(level), REFERENCE) for level in (0.01, 0.05, 0.5)]
    assert 0 < scores[0].value < scores[1].value < scores[2].value < 4
    assert (scores[0].name, scores[0].unit) == ("fad", "judge, n = 3 and 3")
    assert scores[0].higher_is_better is Fad.higher_is_better is False


def test_with_clap_it_is_the_distance_of_claps_features(tmp_path):
    folder = save_clap(tmp_path)
    embedder = load_clap(str(folder))
    features = [
        torch.cat([embedder.embed(sample) for sample in one]).numpy()
        for one in (REFERENCE[:2], damaged(0.5)[:2])
    ]
    score = Fad(extractor="clap", model=str(folder))(REFERENCE[:2], damaged(0.5)[:2])
    assert score.value == pytest.approx(frechet_distance(*features))
    assert score.unit == "clap, n = 2 and 2"
