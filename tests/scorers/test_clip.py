import dataclasses

import pytest
import torch
from PIL import Image
from tiny_scorers import noise, rough, sample_of, save_clip
from transformers import CLIPModel, CLIPProcessor

from sonocanvas.canvas import canvas_to_bytes
from sonocanvas.errors import InvalidInputError
from sonocanvas.scorers.clip import Clip, load_clip

SOUND = noise(count=160)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def clip(folder):
    return Clip(model=str(folder))


def value(clip, canvas, prompt="a heart"):
    return clip([sample_of(canvas, SOUND, image_prompt=prompt)])[0][0].value


@pytest.mark.parametrize("columns", [1024, 992])
def test_it_is_the_mean_of_transformers_own_cosines_of_crops(clip, folder, columns):
    canvas, prompt = rough(columns=columns), "a painting of a heart, grayscale"
    gray = Image.fromarray(canvas_to_bytes(canvas))
    crops = [
        gray.crop((left, 0, left + 256, 256)).convert("RGB") for left in range(0, columns - 255, 32)
    ]
    model, processor = CLIPModel.from_pretrained(folder), CLIPProcessor.from_pretrained(folder)
    inputs = processor(text=[prompt], images=crops, return_tensors="pt", padding=True)
    with torch.no_grad():
        logits = model(**inputs).logits_per_image / model.logit_scale.exp()
    assert logits.shape == (25 if columns == 1024 else 24, 1)
    assert logits.std() > 1e-3
    assert value(clip, canvas, prompt) == pytest.approx(float(logits.mean()), abs=1e-5)


def test_every_sample_has_one_score_alone_or_in_a_batch(clip):
    samples = [sample_of(rough(seed, 320), SOUND) for seed in range(3)]
    batch = clip(samples)
    assert batch == [clip([sample])[0] for sample in samples]
    assert len({scores[0].value for scores in batch}) == 3
    described = [(one.name, one.unit, one.higher_is_better) for one in batch[0]]
    assert described == [("clip", "", True)]
    assert Clip.higher_is_better


def test_it_depends_on_canvas_and_image_prompt_alone(clip):
    sample = sample_of(rough(columns=256), SOUND)
    other = sample_of(rough(columns=256), noise(seed=5), audio_prompt="other")
    other = dataclasses.replace(other, image=torch.zeros(3, 256, 256))
    assert clip([sample]) == clip([other])
    assert value(clip, rough(columns=256)) != value(clip, rough(columns=256), "zebra")


def test_memory_and_the_8_bit_file_give_one_number(clip):
    canvas = rough(columns=256)
    stored = torch.from_numpy(canvas_to_bytes(canvas)).float() / 255
    assert value(clip, canvas) == value(clip, stored)


def test_vectors_are_float32_of_length_one(clip, folder):
    embedder = load_clip(str(folder))
    found = embedder.embed(sample_of(rough(columns=320), SOUND))
    read = embedder.embed_text("a " * 200)  # longer than the model reads: cut off
    assert (found.shape, read.shape) == ((3, 8), (8,))
    assert found.dtype == read.dtype == torch.float32
    torch.testing.assert_close(found.norm(dim=1), torch.ones(3))


def test_a_device_that_is_not_there_is_refused(folder):
    with pytest.raises(InvalidInputError, match="The device 'nowhere' cannot be used here"):
        Clip(model=str(folder), device="nowhere")
