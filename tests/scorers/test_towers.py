import pytest
import torch
from tiny_scorers import hearts, noise, rough, sample_of, siren

from sonocanvas.canvas import waveform_to_canvas
from sonocanvas.config import RunConfig
from sonocanvas.errors import CheckpointError, InvalidInputError
from sonocanvas.finish import make_vocoder
from sonocanvas.pairs import mini
from sonocanvas.scorers.towers import (
    PEAK,
    levelled,
    load_embedders,
    load_towers,
    tokenize,
    tower_scores,
)
from sonocanvas.training.ranking import Ranking
from sonocanvas.types import MINI_FORMAT

FOLDERS = (mini.WEIGHTS, mini.WEIGHTS.parent / "judge")


@pytest.fixture(scope="module", params=FOLDERS, ids=["selector", "judge"])
def folder(request):
    return request.param


@pytest.fixture(scope="module")
def embedders(folder):
    return load_embedders(folder)


def values(embedders, canvas, sound, **prompts):
    sample = sample_of(canvas, sound, **prompts)
    return [score.value for score in tower_scores(embedders, "any", sample)]


def test_scores_are_the_cosines_by_which_concepts_are_ranked(folder, embedders):
    prompts = {"picture": ["a heart"], "sound": ["a siren wailing"]}
    ranking = Ranking(folder, prompts)
    sound = siren()
    heard = waveform_to_canvas(sound * 0.95 / sound.abs().max(), MINI_FORMAT)
    canvas = 0.5 * (hearts() + rough())
    wanted = [
        float(ranking.similarity("picture", canvas[None])),
        float(ranking.similarity("sound", heard)),
    ]
    assert values(embedders, canvas, sound) == pytest.approx(wanted, abs=1e-5)


def test_a_heart_and_a_siren_are_known_and_damage_lowers_their_scores(embedders, folder):
    whole = values(embedders, hearts(), siren())
    worse = values(embedders, hearts().lerp(rough(), 0.7), siren())
    worst = values(embedders, rough(), siren() + noise(0.5))
    assert whole[0] > 0.4
    assert whole[0] > worse[0] + 0.2 > worst[0] + 0.2
    margin = 0.05 if folder.name == "judge" else 0.15  # noise barely lowers the judge's score
    assert whole[1] > worst[1] + margin
    other = values(
        embedders, hearts(), siren(), image_prompt="a fish", audio_prompt="a dog barking"
    )
    assert all(right > wrong + 0.1 for right, wrong in zip(whole, other, strict=True))


def test_unknown_words_are_read_as_the_nearest_known(embedders):
    known = values(embedders, hearts(), siren(), image_prompt="a dog", audio_prompt="A Siren")
    read = values(embedders, hearts(), siren(), image_prompt="a poodle", audio_prompt="a sirens")
    assert read == known


def test_level_and_rate_of_the_sound_do_not_count(embedders):
    _, sound = embedders
    heard = sound.embed(sample_of(hearts(), siren()))
    torch.testing.assert_close(sound.embed(sample_of(hearts(), siren() / 9)), heard)
    assert (heard.shape[0], heard.dtype) == (1, torch.float32)


@pytest.mark.parametrize("peak", [0.1, 1, 10])
def test_a_drawn_canvas_is_brought_to_the_level_of_a_played_one(peak):
    run = RunConfig(image_prompt="a heart", audio_prompt="a siren wailing")
    sound = siren()
    drawn = waveform_to_canvas(sound * peak / sound.abs().max(), MINI_FORMAT)
    played = make_vocoder(run, mini.load())(drawn, MINI_FORMAT).samples
    heard = waveform_to_canvas(played * PEAK / played.abs().max(), MINI_FORMAT)
    apart = (levelled(drawn) - heard)[drawn > 0.3].abs().mean()
    assert apart < 4 / 94  # dB of the range


def test_silence_has_no_level():
    assert levelled(torch.zeros(1, 256, 64)).max() == 0


def test_a_canvas_is_seen_in_squares_side_by_side_of_unit_length(embedders):
    picture, _ = embedders
    canvas = rough(columns=576)
    found = picture.embed(sample_of(canvas, siren()))
    assert found.shape[0] == 2
    torch.testing.assert_close(found.norm(dim=1), torch.ones(2))
    alone = picture.embed(sample_of(canvas[:, 256:512], siren()))
    torch.testing.assert_close(alone[0], found[1])


def test_a_canvas_narrower_than_high_is_seen_with_black_beside_it(embedders):
    picture, _ = embedders
    narrow = rough(columns=200)
    wide = torch.nn.functional.pad(narrow, (0, 56))
    found = picture.embed(sample_of(narrow, siren()))
    torch.testing.assert_close(found, picture.embed(sample_of(wide, siren())))


def test_prompts_are_padded_and_cut_to_sixteen_tokens():
    _, tokenizer = load_towers(mini.WEIGHTS)
    assert tokenize(tokenizer, ["a heart", "a " * 40]).shape == (2, 16)


def test_missing_weights_and_sounds_too_short_are_told(tmp_path, embedders):
    with pytest.raises(CheckpointError, match=f"{tmp_path}/text_encoder holds no"):
        load_towers(tmp_path)
    with pytest.raises(InvalidInputError, match="The sound has 160 samples"):
        values(embedders, hearts(), noise(count=160))
