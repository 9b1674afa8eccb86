"""Where layers lie, in pixels and in the latent, and which part of the canvas is given."""

import dataclasses
import math
import re

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image
from tiny import TINY_FORMAT, tiny_pair

from sonocanvas.canvas import band_middles, canvas_to_db
from sonocanvas.config import RunConfig, read_layer
from sonocanvas.errors import InvalidInputError
from sonocanvas.experts import Box
from sonocanvas.generate import generate
from sonocanvas.scene.composing import compose_layers
from sonocanvas.scene.placing import (
    block_of,
    counted_squares,
    duration_of,
    place_layers,
    quieter,
    resized,
)
from sonocanvas.types import RIFFUSION_FORMAT

NEGATIVE = {"image": "", "audio": ""}
FRAMES_A_SECOND = TINY_FORMAT.sample_rate_hz / TINY_FORMAT.hop_samples  # 250
QUARTER_S = 16 / FRAMES_A_SECOND
"""A quarter of the 64 columns of the tiny canvas."""
QUICK = {"vocoder": "griffin_lim", "scores": []}


@pytest.fixture(scope="module")
def pair():
    return tiny_pair()


@pytest.fixture
def files(tmp_path):
    ramp = np.tile(np.linspace(0, 255, 32).astype(np.uint8), (16, 1))
    Image.fromarray(ramp).save(tmp_path / "ramp.png")
    samples = np.sin(2 * np.pi * 2000 * np.arange(1600) / 16000)  # 25 columns
    soundfile.write(tmp_path / "tone.wav", samples, 16000)
    return tmp_path


def placed(pair, *lines):
    return place_layers([read_layer(line) for line in lines], pair)


def test_a_span_and_a_band_are_columns_and_rows(pair):
    (one,) = placed(pair, f"picture castle 0-{QUARTER_S}s 1000-4000Hz")
    middles = band_middles(TINY_FORMAT).flip(0)
    inside = (middles >= 1000) & (middles <= 4000)
    assert (one.box.left, one.box.right) == (0, 16)
    assert one.weights[inside, :16].eq(1).all()
    assert one.weights.sum() == inside.sum() * 16


def test_edges_within_the_canvas_fade_and_its_own_do_not(pair):
    feather = 4 / FRAMES_A_SECOND
    (one,) = placed(pair, f"sound bells 0-{2 * QUARTER_S}s ~{feather}s")
    assert one.weights[0, :28].eq(1).all()
    assert one.weights[0, 28:32].tolist() == pytest.approx([0.875, 0.625, 0.375, 0.125])
    assert one.weights[0, 32:].eq(0).all()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("sound bells 0-9s", "Layer 1, 'bells', is from 0 to 9 s, but the canvas lasts 0.26 s; "),
        ("picture cat 500-9000Hz", "a band from 500 to 9000 Hz; it must contain at least one"),
        ("picture cat 500-501Hz", "contain at least one of the canvas's"),
    ],
)
def test_a_place_outside_the_canvas_is_one_sentence(pair, line, told):
    with pytest.raises(InvalidInputError, match=re.escape(told)):
        placed(pair, line)


def widths(opacity):
    """Returns the first and the last opaque column and row."""
    columns, rows = opacity.any(0).nonzero()[:, 0], opacity.any(1).nonzero()[:, 0]
    return int(columns[0]), int(columns[-1]) + 1, int(rows[0]), int(rows[-1]) + 1


@pytest.mark.parametrize("fit", ["contain", "cover", "stretch", "tile"])
def test_a_picture_of_the_ratio_of_the_canvas_fits_all_ways(pair, files, fit):
    (one,) = placed(pair, f"picture {files}/ramp.png {fit}")  # 16 x 32 in 32 x 64: twice its size
    assert widths(one.opacity) == (0, 64, 0, 32)
    assert one.given[:, -1].mean() == pytest.approx(1, abs=0.05)


def test_a_picture_is_contained_covered_tiled_or_stretched(pair, files):
    half = f"0-{2 * QUARTER_S}s"  # 32 x 32
    places = {}
    for fit in ("contain", "cover", "tile", "stretch"):
        (one,) = placed(pair, f"picture {files}/ramp.png {half} {fit} gamma=1")
        places[fit] = widths(one.opacity), one.given
    assert places["contain"][0] == (0, 32, 8, 24)
    assert places["cover"][0] == places["tile"][0] == places["stretch"][0] == (0, 32, 0, 32)
    assert places["cover"][1][16, :32].max() < 0.8  # its sides are cut
    assert places["cover"][1][16, :32].min() > 0.2
    assert places["stretch"][1][16, 31] > 0.95
    long = placed(pair, f"picture {files}/ramp.png tile gamma=1")[0].given
    assert long.shape == (32, 64)


def test_a_sound_plays_once_again_and_again_or_in_its_span(pair, files):
    end = {}
    for fit in ("contain", "tile", "stretch", "cover"):
        (one,) = placed(pair, f"sound {files}/tone.wav {fit}")
        end[fit] = widths(one.opacity)[1], float(one.given[:, 50:60].max())
    assert end["contain"][0] == 25
    assert end["contain"][1] == 0
    for fit in ("tile", "stretch", "cover"):
        assert end[fit][0] == 64
        assert end[fit][1] > 0.5


def test_what_has_no_room_is_told(pair, files):
    one = placed(pair, f"sound {files}/tone.wav 0-{QUARTER_S}s")
    assert one[0].cut_s == pytest.approx(9 / FRAMES_A_SECOND)
    sentences = compose_layers(one, pair, NEGATIVE)[1]
    assert sentences[0].startswith("'tone' is longer than its place; the last 0.0 s are cut off")


def test_a_level_is_decibels(pair, files):
    plain, down = placed(pair, f"sound {files}/tone.wav", f"sound {files}/tone.wav -12dB")
    decibels = [canvas_to_db(one.given[None], TINY_FORMAT)[0] for one in (plain, down)]
    loud = decibels[0] > 20
    assert (decibels[0] - decibels[1])[loud].mean() == pytest.approx(12, abs=0.01)
    silent = torch.zeros(32, 8)
    assert quieter(silent, -20, TINY_FORMAT).equal(silent)


def test_a_full_layer_is_an_expert_without_a_map_and_a_placed_one_sees_its_box(pair):
    lines = ["sound bells", f"picture castle {2 * QUARTER_S}-{4 * QUARTER_S}s 2000-8000Hz"]
    drawn, _ = compose_layers(placed(pair, *lines), pair, NEGATIVE)
    sounds, looks = drawn.experts
    assert (sounds.box, sounds.weights, drawn.pinned) == (None, None, None)
    block = block_of(pair)
    assert block == 4
    bottom = math.ceil(int((band_middles(TINY_FORMAT).flip(0) >= 2000).sum()) / block)
    assert looks.box == Box(0, bottom, 8, 16)
    assert looks.weights[: bottom - 1, 8:].eq(1).all()
    assert looks.weights[:, :8].eq(0).all()


def test_a_short_sound_is_heard_with_what_is_around_it(pair):
    drawn, _ = compose_layers(placed(pair, "sound bells 0.1-0.11s"), pair, NEGATIVE)
    (sounds,) = drawn.experts
    assert sounds.box.right - sounds.box.left == 4  # a quarter of the model's window
    assert (sounds.box.top, sounds.box.bottom) == (0, 8)
    assert drawn.pinned.shares[:, 10:].eq(1).all()


def test_where_no_layer_is_there_is_silence(pair):
    drawn, _ = compose_layers(placed(pair, f"sound bells 0-{2 * QUARTER_S}s"), pair, NEGATIVE)
    assert drawn.pinned.shares[:, :8].eq(0).all()
    assert drawn.pinned.shares[:, 8:].eq(1).all()
    assert drawn.pinned.exact[:, 32:].all()
    assert drawn.pinned.canvas.eq(0).all()


def test_levels_of_drawn_layers_need_a_logarithmic_canvas(pair):
    fmt = dataclasses.replace(RIFFUSION_FORMAT, mels=32, n_fft=2048, window_samples=512)
    other = dataclasses.replace(pair, canvas_format=fmt)
    layers = placed(other, "sound bells -10dB")
    with pytest.raises(
        InvalidInputError, match="a layer drawn by its models must have a level of 0"
    ):
        compose_layers(layers, other, NEGATIVE)


@pytest.mark.parametrize("seconds", [2, 3.3, 60])
def test_a_canvas_lasts_as_long_as_it_is_asked_to(pair, seconds):
    longer = resized(pair, seconds)
    frames = round(seconds * FRAMES_A_SECOND)
    assert duration_of(longer) == pytest.approx(frames / FRAMES_A_SECOND)
    assert 0 <= longer.crop_columns < block_of(pair)
    assert longer.window == 16
    assert resized(pair, 0) is pair


def run(pair, *lines, **values):
    values = QUICK | {"seeds": [0], "warm_start": {}} | values
    sampling = {"steps": 4}
    return generate(RunConfig(layers=list(lines), sampling=sampling, **values), pair=pair)[0]


def test_all_of_a_picture_stays_exactly_and_no_model_draws(pair, files):
    def fail(*_):
        raise AssertionError("a model was evaluated")

    handles = [
        model.register_forward_pre_hook(fail) for model in (pair.image_unet, pair.audio_unet)
    ]
    made = run(pair, f"picture {files}/ramp.png")
    for handle in handles:
        handle.remove()
    (one,) = placed(pair, f"picture {files}/ramp.png")
    assert (made.canvas - one.given).abs().max() <= 0.5 / 255 + 1e-6
    exact = run(pair, f"picture {files}/ramp.png 100%", audio_prompt="bells ringing")
    assert (exact.canvas - one.given).abs().max() <= 0.5 / 255 + 1e-6
    with pytest.raises(InvalidInputError, match="joins a picture and a sound, but the run has no"):
        run(pair, f"picture {files}/ramp.png", method="layer")


def test_a_file_of_each_kind_is_layered_without_a_model(pair, files):
    made = run(pair, f"picture {files}/ramp.png", f"sound {files}/tone.wav")
    assert made.record["method"]["name"] == "layer"
    row = 31 - int((band_middles(TINY_FORMAT) - 2000).abs().argmin())
    assert made.canvas[row, 5:20].min() > 0.4
    assert made.record["layers"][0]["source"]["digest"]


def test_a_sample_of_layers_is_the_same_in_a_batch_and_alone(pair, files):
    lines = [f"picture {files}/ramp.png 40%", "sound bells 0-0.2s", "sound dog 0.1-0.256s"]
    values = QUICK | {"sampling": {"steps": 10}}
    both = generate(RunConfig(layers=lines, seeds=[4, 5], **values), pair=pair)
    for sample in both:
        alone = generate(RunConfig(layers=lines, seeds=[sample.seed], **values), pair=pair)[0]
        assert (sample.latent - alone.latent).abs().max() < 1e-4


def test_a_run_goes_on_only_with_the_same_file(pair, files, tmp_path):
    layers, out = [f"picture {files}/ramp.png", "sound bells"], tmp_path / "run"
    config = RunConfig(layers=layers, seeds=[0], sampling={"steps": 2}, **QUICK)
    generate(config, out, pair=pair)
    assert generate(config, out, pair=pair)[0].seed == 0
    Image.fromarray(np.eye(16, dtype=np.uint8) * 255).save(files / "ramp.png")
    with pytest.raises(InvalidInputError, match="holds another run: layers"):
        generate(config, out, pair=pair)
    (files / "ramp.png").unlink()
    with pytest.raises(InvalidInputError, match="There is no file"):
        generate(config, tmp_path / "other", pair=pair)
    assert not (tmp_path / "other").exists()


def test_a_long_canvas_is_as_long_as_it_says_in_all_it_makes(pair):
    made = run(pair, "picture castle", "sound bells", duration_s=3.3)
    assert made.canvas.shape == (32, 825)
    assert made.waveform.samples.shape == (1, 825 * TINY_FORMAT.hop_samples)
    assert made.record["duration_s"] == 3.3


@pytest.mark.parametrize("count", [1, 2, 3])
def test_so_many_of_a_thing_are_squares_that_stand_evenly(count):
    mini_sized = tiny_pair(latent_shape=(4, 8, 32))
    asked = read_layer(f'picture "{["one castle", "two castles", "three castles"][count - 1]}"')
    found = [layer.span_s for layer in counted_squares(asked, mini_sized)]
    assert len(found) == count
    assert all(end - start == pytest.approx(32 / FRAMES_A_SECOND) for start, end in found)
    edges = [0, *(edge for span in found for edge in span), duration_of(mini_sized)]
    gaps = [after - before for before, after in zip(edges[::2], edges[1::2], strict=True)]
    assert gaps == pytest.approx([gaps[0]] * (count + 1))


def test_what_is_not_counted_or_has_no_place_for_it_stays_as_it_is(pair):
    for words in ('picture "a castle"', 'sound "one bell"', 'picture "one castle" 0-0.1s'):
        assert counted_squares(read_layer(words), pair) == [read_layer(words)]
    for words in ('picture "four castles"', 'picture "three castles"'):  # only two squares fit
        assert counted_squares(read_layer(words), pair) == [read_layer(words)]
    one = read_layer('picture "one castle"')
    assert counted_squares(one, dataclasses.replace(pair, closed_vocabulary=False)) == [one]


def test_one_of_a_thing_leaves_the_rest_to_the_sound(pair):
    values = QUICK | {"sampling": {"steps": 3}, "seeds": [0]}
    (made,) = generate(
        RunConfig(image_prompt="one castle", audio_prompt="bells", **values), pair=pair
    )
    layer = 'picture "a castle with towers" 0.064-0.192s'
    (same,) = generate(RunConfig(layers=[layer], audio_prompt="bells", **values), pair=pair)
    assert torch.equal(made.latent, same.latent)
    assert made.prompts.image == "one castle"
    assert "layers" not in made.record
