"""The shipped weights draw the image prompt and sound like the audio prompt."""

import dataclasses

import pytest
import torch

from sonocanvas.compose.mean import Mean
from sonocanvas.config import RunConfig
from sonocanvas.denoise import denoise, initial_noise, make_scheduler
from sonocanvas.experts import windows
from sonocanvas.pairs import mini
from sonocanvas.text import encode_prompts
from sonocanvas.training.ranking import Ranking
from sonocanvas.training.report import sample
from sonocanvas.training.views import concepts
from sonocanvas.types import Prompts
from sonocanvas.words.concepts import pictures, sounds

PAIRS = (("heart", "fire-truck"), ("rain", "bell"), ("castle", "helicopter"), ("ship", "owl"))
SEEDS = [0, 1]
MARGIN = 0.15  # cosine of the right prompt minus the mean of the three others


@pytest.fixture(scope="module")
def pair():
    return mini.load()


@pytest.fixture(scope="module")
def margins(pair):
    """Returns the margins of picture and sound, with the prompts in place and swapped."""
    towers = Ranking(mini.WEIGHTS)
    rows = {row["id"]: (number, row) for number, row in enumerate(concepts())}
    config = RunConfig(image_prompt="a", audio_prompt="a", sampling={"steps": 8})
    shown = [rows[name] for name, _ in PAIRS]
    played = [rows[name] for _, name in PAIRS]
    margins = {}
    for case in ("right", "swapped"):
        canvases = []
        for (_, picture), (_, sound) in zip(shown, played, strict=True):
            texts = (picture["image_prompt"], sound["audio_prompt"])
            prompts = Prompts(*(texts if case == "right" else texts[::-1]))
            canvases.append(sample(pair, prompts, SEEDS, Mean(0.5), config))
        for tower, asked in (("picture", shown), ("sound", played)):
            numbers = torch.tensor([number for number, _ in asked])
            cosines = torch.stack([towers.similarity(tower, part)[:, numbers] for part in canvases])
            table = cosines.mean(1)
            own = table.diagonal().mean()
            others = (table.sum() - table.diagonal().sum()) / 12
            margins[case, tower] = float(own - others)
    return margins


@pytest.mark.parametrize("tower", ["picture", "sound"])
def test_canvases_follow_their_own_prompts(margins, tower):
    assert margins["right", tower] > MARGIN


@pytest.mark.parametrize("tower", ["picture", "sound"])
def test_swapped_prompts_are_noticed(margins, tower):
    assert margins["swapped", tower] < margins["right", tower] / 2


def test_the_weights_are_small_and_sharded():
    files = [path for path in mini.WEIGHTS.parent.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 70 * 10**6
    assert max(path.stat().st_size for path in files) <= 15 * 2**20


@pytest.mark.parametrize(("model", "known"), [("image", pictures()), ("audio", sounds())])
def test_every_prompt_is_made_of_words_that_its_model_knows(pair, model, known):
    tokenizer = getattr(pair, f"{model}_tokenizer")
    for one in known:
        assert tokenizer.unk_token_id not in tokenizer(one.prompt)["input_ids"], one.prompt


def test_a_model_does_not_know_what_only_the_other_has_learned(pair):
    drawn, played = (set(getattr(pair, f"{m}_tokenizer").get_vocab()) for m in ("image", "audio"))
    assert "seagull" in played - drawn
    assert "octopus" in drawn - played
    assert pair.image_text_encoder is pair.audio_text_encoder


def ratios_at_borders(pair, starts):
    """Returns the ratio of change at window borders to change elsewhere, in long canvases."""
    wide = dataclasses.replace(pair, latent_shape=(*pair.latent_shape[:2], 80), window=32)
    prompts = encode_prompts(pair, Prompts("a castle with towers", "rain falling"))[0]
    made = denoise(
        wide,
        prompts,
        initial_noise(wide, range(6)),
        make_scheduler(pair.scheduler_config),
        Mean(0.0),
        steps=8,
        image_guidance_scale=8.0,
        audio_guidance_scale=5.0,
    )
    change = made.diff(dim=-1).abs().mean((1, 2))
    borders = {one - 1 for start in starts for one in (start, start + 32) if 0 < one < 80}
    elsewhere = [column for column in range(79) if column not in borders]
    return change[:, sorted(borders)].mean(1) / change[:, elsewhere].mean(1)


def test_a_long_canvas_has_no_seams_and_windows_side_by_side_have(pair, monkeypatch):
    def off(ratios):
        """Returns how many standard errors the mean ratio is from 1."""
        return abs(float((ratios.mean() - 1) / ratios.std() * len(ratios) ** 0.5))

    assert off(ratios_at_borders(pair, windows(80, 32, 7))) < 2.57  # Student's t, 95 %, six samples
    monkeypatch.setattr("sonocanvas.experts.windows", lambda *_: [0, 32, 48])
    assert off(ratios_at_borders(pair, [32])) > 5  # each window leaves its edges empty
