"""Score distillation: its closed-form gradient, where it converges, and what the teacher sees."""

import diffusers
import pytest
import torch
from tiny import SCHEDULER_CONFIG, tiny_pair

from sonocanvas.canvas import encode_image
from sonocanvas.experts import expert_of
from sonocanvas.methods.distillation import Teacher, distil, pair_teacher, squares
from sonocanvas.text import encode_prompts
from sonocanvas.types import Prompts

SIGNAL = diffusers.DDIMScheduler.from_config(SCHEDULER_CONFIG).alphas_cumprod
IMAGE = torch.rand(1, 3, 8, 16, generator=torch.Generator().manual_seed(1))
TARGET = torch.rand(1, 3, 8, 16, generator=torch.Generator().manual_seed(2))


def knower_of(target):
    """Returns a teacher that knows a single picture and predicts exactly the noise added to it."""
    return Teacher(
        encode=lambda image, generator: image,
        predict=lambda step: (step, (step.latents - step.alpha * target) / step.sigma),
        signal=SIGNAL,
    )


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_gradient_is_that_of_the_closed_form():
    image = IMAGE.clone().requires_grad_()
    loss, step, seen = distil(knower_of(TARGET), image, generator())
    loss.backward()
    expected = step.sigma**2 * step.alpha / step.sigma * (IMAGE - TARGET)
    torch.testing.assert_close(image.grad, expected, atol=1e-5, rtol=1e-4)
    assert torch.equal(seen, IMAGE)


def test_picture_that_the_teacher_knows_is_left_alone_and_others_are_led_to_it():
    image = TARGET.clone().requires_grad_()
    distil(knower_of(TARGET), image, generator())[0].backward()
    assert image.grad.abs().max() < 1e-5
    image, draws = IMAGE.clone().requires_grad_(), generator()
    optimizer = torch.optim.SGD([image], lr=0.5)
    distances = []
    for _ in range(60):
        optimizer.zero_grad()
        distil(knower_of(TARGET), image, draws)[0].backward()
        optimizer.step()
        distances.append(float((image.detach() - TARGET).abs().max()))
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 1e-3


def test_times_are_uniform_from_2_to_98_percent_and_noise_levels_are_the_schedules():
    draws = generator()
    steps = [distil(knower_of(TARGET), IMAGE, draws)[1] for _ in range(600)]
    times = torch.tensor([step.timestep for step in steps])
    assert (times >= 20).all()
    assert (times <= 980).all()
    assert times.min() < 40
    assert times.max() > 960
    assert abs(times.mean() - 500) < 3 * 277 / 600**0.5
    for step in steps[:5]:
        assert step.alpha**2 == pytest.approx(float(SIGNAL[int(step.timestep)]))
        assert step.alpha**2 + step.sigma**2 == pytest.approx(1.0)


def test_squares_are_slices_of_the_image_and_reach_both_ends():
    image = torch.arange(16.0).expand(1, 3, 8, 16)
    views = squares(image, 200, generator())
    assert views.shape == (200, 3, 8, 8)
    lefts = views[:, 0, 0, 0].long().tolist()
    assert set(lefts) == set(range(9))
    for left, view in zip(lefts[:10], views, strict=False):
        assert torch.equal(view, image[0, ..., left : left + 8])


@pytest.mark.parametrize(("model", "crops"), [("image", 0), ("audio", 0), ("image", 3)])
def test_model_of_a_pair_teaches_through_the_autoencoder_as_diffusers_would(model, crops):
    pair = tiny_pair()
    embeddings, _ = encode_prompts(pair, Prompts("a castle", "bells", "a dog", "rain"))
    image = torch.rand(1, 3, 32, 64, generator=generator(5)).requires_grad_()
    teacher = pair_teacher(pair, (expert_of(embeddings, model),), 7.5, crops)
    loss, step, seen = distil(teacher, image, generator(4))
    loss.backward()

    draws, again = generator(4), image.detach().clone().requires_grad_()
    views = encode_image(pair.vae, squares(again, crops, draws) if crops else again)
    assert torch.equal(seen, views.detach())
    timestep = torch.randint(20, 981, (1,), generator=draws)
    noise = torch.randn(views.shape, generator=draws)
    scheduler = diffusers.DDIMScheduler.from_config(SCHEDULER_CONFIG)
    noisy = scheduler.add_noise(views.detach(), noise, timestep)
    torch.testing.assert_close(step.latents, noisy, atol=1e-6, rtol=0)
    unet = getattr(pair, f"{model}_unet")
    texts = (getattr(embeddings, f"negative_{model}"), getattr(embeddings, model))
    without, given = (
        unet(noisy, timestep, encoder_hidden_states=text.expand(len(views), -1, -1)).sample
        for text in texts
    )
    guided = without + 7.5 * (given - without)
    weight = 1 - scheduler.alphas_cumprod[timestep]
    target = (views - weight * (guided - noise)).detach()
    (0.5 * (views - target).square().sum() / len(views)).backward()
    torch.testing.assert_close(image.grad, again.grad, atol=1e-5, rtol=1e-3)
