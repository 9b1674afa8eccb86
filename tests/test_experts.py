"""Composition against oracles: constant maps equal the plain rule, pinned noise is exact."""

import dataclasses

import pytest
import torch
from tiny import tiny_pair, watching

from sonocanvas.compose.mean import Mean
from sonocanvas.compose.warm_start import WarmStart
from sonocanvas.denoise import denoise, initial_noise, make_scheduler
from sonocanvas.experts import Box, Composition, Expert, Pinned, expert_of, predict, windows
from sonocanvas.text import encode_prompts
from sonocanvas.types import Prompts, Step

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
CHANNELS, ROWS, COLUMNS = 4, 8, 16
SCALES = {"image_guidance_scale": 7.5, "audio_guidance_scale": 5.0}


@pytest.fixture(scope="module")
def pair():
    return tiny_pair()


@pytest.fixture(scope="module")
def embeddings(pair):
    return encode_prompts(pair, Prompts("a castle", "bells ringing", "a photo", "rain"))[0]


def sample(pair, drawn, rule=None, steps=6, **options):
    scheduler = make_scheduler(pair.scheduler_config, options.pop("scheduler", "ddim"))
    noise = initial_noise(pair, options.pop("seeds", [0]))
    return denoise(pair, drawn, noise, scheduler, rule or Mean(), steps=steps, **SCALES, **options)


def mapped(embeddings, model, weights, **fields):
    rows, columns = weights.shape
    box = Box(0, rows, 0, columns)
    return dataclasses.replace(expert_of(embeddings, model), box=box, weights=weights, **fields)


def half(left=True):
    weights = torch.zeros(ROWS, COLUMNS)
    weights[:, : COLUMNS // 2] = 1
    return weights if left else 1 - weights


@pytest.mark.parametrize("rule", [Mean(0.6), Mean(0.0), Mean(1.0), WarmStart(Mean(0.5), 0.7)])
def test_the_mean_over_constant_maps_is_the_papers_bit_for_bit(pair, embeddings, rule):
    whole = torch.ones(ROWS, COLUMNS)
    drawn = Composition(tuple(mapped(embeddings, model, whole) for model in ("image", "audio")))
    assert torch.equal(sample(pair, drawn, rule), sample(pair, embeddings, rule))


def test_two_equal_experts_are_one(pair, embeddings):
    looks = (mapped(embeddings, "image", half()), mapped(embeddings, "image", half(left=False)))
    drawn = Composition((*looks, expert_of(embeddings, "audio")))
    assert torch.allclose(sample(pair, drawn), sample(pair, embeddings), atol=1e-5)


def test_where_one_model_draws_it_is_alone_and_elsewhere_the_rule_mixes(pair, embeddings):
    drawn = Composition((mapped(embeddings, "image", half()), expert_of(embeddings, "audio")))
    step = Step(0, 6, 500.0, 0.8, 0.6, 0.9, 0.4, torch.randn(1, CHANNELS, ROWS, COLUMNS))
    image, audio = torch.randn(2, 1, CHANNELS, ROWS, COLUMNS)
    mixed = drawn.mix(Mean(0.3), image, audio, step)
    middle = COLUMNS // 2
    assert torch.allclose(mixed[..., :middle], torch.lerp(image, audio, 0.3)[..., :middle])
    assert torch.allclose(mixed[..., middle:], audio[..., middle:])


def test_a_model_is_asked_where_the_rule_or_an_empty_place_needs_it(embeddings):
    step = Step(0, 10, 500.0, 0.8, 0.6, 0.9, 0.4, torch.zeros(1, CHANNELS, ROWS, COLUMNS))
    audio, later = expert_of(embeddings, "audio"), WarmStart(Mean(), image_start=0.5)
    everywhere = Composition((expert_of(embeddings, "image"), audio))
    assert everywhere.needs(Mean(), step) == (True, True)
    assert everywhere.needs(Mean(1.0), step) == (False, True)
    assert everywhere.needs(later, step) == (False, True)
    left_out = Composition((expert_of(embeddings, "image"), mapped(embeddings, "audio", half())))
    assert left_out.needs(later, step) == (True, True)
    assert Composition((audio,)).needs(Mean(), step) == (False, True)


def test_a_model_that_has_no_expert_is_never_evaluated(pair, embeddings):
    with watching(pair) as seen:
        alone = sample(pair, Composition((expert_of(embeddings, "audio"),)))
    assert seen["image"] == []
    assert torch.equal(alone, sample(pair, embeddings, Mean(1.0)))


@pytest.mark.parametrize("scheduler", ["ddim", "dpm++", "euler", "unipc"])
def test_what_is_pinned_alone_comes_back(pair, embeddings, scheduler):
    clean = torch.randn(CHANNELS, ROWS, COLUMNS, generator=torch.Generator().manual_seed(1))
    shares, canvas = torch.ones(ROWS, COLUMNS), torch.zeros(32, 64)
    pinned = Pinned(clean, shares, canvas, canvas > 1)
    drawn = dataclasses.replace(Composition.of(embeddings), pinned=pinned)
    made = sample(pair, drawn, scheduler=scheduler, steps=12)
    assert (made[0] - clean).abs().max() < 0.15  # DDIM ends with 3 % of the noise left
    assert drawn.is_given
    assert drawn.needs(Mean(), None) == (False, False)


def test_a_pinned_half_stays_and_a_share_pulls(pair, embeddings):
    clean = torch.full((CHANNELS, ROWS, COLUMNS), 0.5)
    canvas = torch.zeros(32, 64)

    def made(share):
        pinned = Pinned(clean, half() * share, canvas, canvas > 1)
        drawn = dataclasses.replace(Composition.of(embeddings), pinned=pinned)
        return sample(pair, drawn)[0]

    far = [(made(share) - clean)[..., : COLUMNS // 2].abs().mean() for share in (0.0, 0.5, 1.0)]
    assert far[0] > 1.5 * far[1] > 3 * far[2]
    assert far[2] < 0.05


def test_a_level_is_what_a_model_sees_of_a_brighter_canvas(pair, embeddings):
    shift = torch.linspace(-1, 1, CHANNELS)[:, None, None]
    whole = expert_of(embeddings, "audio")
    latents = torch.randn(1, CHANNELS, ROWS, COLUMNS)
    step = Step(0, 6, 500.0, 0.8, 0.6, 0.9, 0.4, latents)
    brighter = dataclasses.replace(step, latents=latents + 0.8 * shift)
    time = torch.tensor(500)
    shifted = predict(pair, (dataclasses.replace(whole, shift=shift),), step, time, 5.0)[1]
    assert torch.equal(shifted, predict(pair, (whole,), brighter, time, 5.0)[1])


@pytest.mark.parametrize("columns", [17, 24, 32, 33, 100])
def test_windows_cover_every_column_and_move(columns):
    seen = set()
    for index in range(8):
        starts = windows(columns, 16, index)
        covered = {column for start in starts for column in range(start, start + 16)}
        assert covered == set(range(columns))
        seen.add(tuple(starts))
    assert len(seen) > 1 or columns <= 24
    assert windows(16, 16, 3) == windows(10, 16, 0) == windows(99, 0, 0) == [0]


def test_a_long_canvas_costs_what_its_windows_cost_and_no_window_is_wider(pair, embeddings):
    wide = dataclasses.replace(pair, latent_shape=(CHANNELS, ROWS, 40), window=16)
    with watching(wide) as seen:
        made = sample(wide, embeddings, Mean(0.0), steps=3)
    assert made.shape == (1, CHANNELS, ROWS, 40)
    assert {shape[-1] for shape in seen["image"]} == {16}
    assert len(seen["image"]) == sum(len(windows(40, 16, index)) for index in range(3))


def test_a_batch_of_long_canvases_equals_its_singles(pair, embeddings):
    wide = dataclasses.replace(pair, latent_shape=(CHANNELS, ROWS, 24), window=16)
    batch = sample(wide, embeddings, seeds=[3, 4])
    singles = torch.cat([sample(wide, embeddings, seeds=[seed]) for seed in (3, 4)])
    assert (batch - singles).abs().max() < 1e-4


def test_an_expert_sees_its_box_alone(pair, embeddings):
    box = Box(2, 6, 4, 12)
    weights = torch.zeros(ROWS, COLUMNS)
    weights[2:6, 4:12] = 1
    small = dataclasses.replace(expert_of(embeddings, "image"), box=box, weights=weights)
    step = Step(0, 6, 500.0, 0.8, 0.6, 0.9, 0.4, torch.randn(1, CHANNELS, ROWS, COLUMNS))
    with watching(pair) as seen:
        _, noise = predict(pair, (small,), step, torch.tensor(500), 1.0)
    assert [shape[-2:] for shape in seen["image"]] == [(4, 8)]
    assert noise[..., 2:6, 4:12].abs().min() > 0
    assert not noise[..., :2, :].any()


def test_experts_of_a_batch_may_read_texts_of_their_own(pair, embeddings):
    other = encode_prompts(pair, Prompts("a dog", "rain"))[0]
    text = torch.cat([embeddings.image, other.image])
    negative = embeddings.negative_image.expand(2, -1, -1)
    both = Composition((Expert("image", text, negative), expert_of(embeddings, "audio")))
    made = sample(pair, both, seeds=[0, 0])
    assert (made[:1] - sample(pair, embeddings)).abs().max() < 1e-4
    assert (made[0] - made[1]).abs().max() > 1e-3
