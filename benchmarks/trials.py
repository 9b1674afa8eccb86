"""Trials of alternatives to the shipped models, and of one evaluation per step instead of two.

`python benchmarks/trials.py learn unet --minutes 15` trains a picture model from scratch and prints
rows of a Markdown table. `distill --modality image` trains the shipped picture model to do in one
evaluation what guidance does in two. `compose` compares the pair of distilled models with the
shipped pair, by the judge.

All models see the same canvases, batches, times and seeds. Minutes are processor time, so other
programs do not shorten a trial. The towers of `mini` rank the results on every shared concept,
decoded by the linear code alone, since only one code has a trained decoder.
"""

import argparse
import copy
import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from diffusers import DDIMScheduler, PixArtTransformer2DModel, UNet2DConditionModel
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from sonocanvas.config import RunConfig
from sonocanvas.pairs import mini
from sonocanvas.pairs.autoencoder import BlockAutoencoder
from sonocanvas.scorers.judge import JUDGE
from sonocanvas.training import loop
from sonocanvas.training.autoencoder import Crops, principal_components
from sonocanvas.training.captions import Captions, without_some
from sonocanvas.training.layouts import CANVAS_POSITIONS
from sonocanvas.training.loop import half_precision, train
from sonocanvas.training.ranking import Ranking
from sonocanvas.training.report import composed, share
from sonocanvas.training.resident import Batches, Latents
from sonocanvas.training.towers import WIDTH
from sonocanvas.training.unet import SCHEDULE, denoising_loss, new_unet, noise_times, sources
from sonocanvas.training.views import concepts

GUIDANCE = {"image": 8.0, "audio": 5.0}  # the defaults of `mini`
SEEDS = 2


class Transformer(nn.Module):
    """diffusers' PixArt transformer on the positions of a latent, called like a UNet."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        heads, width = 6, 32
        self.model = PixArtTransformer2DModel(
            num_attention_heads=heads,
            attention_head_dim=width,
            in_channels=channels,
            out_channels=channels,
            num_layers=7,
            sample_size=CANVAS_POSITIONS,
            patch_size=1,
            cross_attention_dim=heads * width,
            caption_channels=WIDTH,
            use_additional_conditions=False,
        )

    def forward(self, latents: Tensor, times: Any, text: Tensor, return_dict: bool) -> Any:
        """Returns the predicted noise `(batch, channels, 8, 32)` in a tuple of one."""
        times = torch.as_tensor(times).expand(len(latents))
        return self.model(latents, text, times, return_dict=return_dict)


def linear_code(channels: int) -> BlockAutoencoder:
    """Returns the linear code with `channels` numbers per block, each of unit deviation."""
    torch.manual_seed(0)
    code: BlockAutoencoder = BlockAutoencoder(channels)
    found = principal_components(Crops(Path("packs/views"), 0, "cpu"), code.config.block, 4096)
    mean, components, deviations = found
    code.set_components(mean, components[:channels], 1 / deviations[:channels])
    return code.eval().requires_grad_(False)


KINDS: dict[str, tuple[int, Callable[[int], nn.Module]]] = {
    "unet": (32, new_unet),
    "numbers-64": (64, new_unet),
    "transformer": (32, Transformer),
}


def flops(model: nn.Module, channels: int) -> float:
    """Returns the GFLOP of one evaluation on one canvas, without guidance."""
    latents = torch.randn(1, channels, 8, CANVAS_POSITIONS)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(latents, torch.tensor([500]), torch.randn(1, 16, WIDTH), return_dict=False)
    return counter.get_total_flops() / 1e9


@torch.inference_mode()
def ranks(
    predict: Callable[[Tensor, Tensor, Tensor], Tensor],
    code: BlockAutoencoder,
    text: Tensor,
    tower: str = "picture",
    steps: int = 16,
) -> list[int]:
    """Returns the rank of the right concept among 48, by the towers that may select.

    Args:
        predict: Returns the predicted noise for latents, a time and the text.
        code: Decodes the latents, without its network.
        text: Embedded prompts of the shared concepts, `(48, tokens, width)`.
        tower: `"picture"`, or `"sound"`, which reads the canvas without playing it.
        steps: DDIM steps.
    """
    towers, found = Ranking(mini.WEIGHTS), []
    for number, asked in enumerate(text):
        generator = torch.Generator().manual_seed(number)
        shape = (SEEDS, code.config.latent_channels, 8, CANVAS_POSITIONS)
        latents = torch.randn(shape, generator=generator)
        schedule = DDIMScheduler.from_config(SCHEDULE)
        schedule.set_timesteps(steps)
        for now in schedule.timesteps:
            noise = predict(latents, now, asked.expand(SEEDS, -1, -1))
            latents = schedule.step(noise, now, latents).prev_sample
        canvases = code.synthesis(latents)[:, 0].clamp(-1, 1).add(1).div(2)
        found += towers.rank(tower, canvases, number).tolist()
    return found


def guided(model: Any, empty: Tensor, scale: float) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """Returns a predictor with classifier-free guidance: two evaluations in one call."""

    def predict(latents: Tensor, time: Tensor, text: Tensor) -> Tensor:
        both = torch.cat([text, empty.expand(len(text), -1, -1)])
        times = time.repeat(2) if time.ndim else time
        with half_precision("cpu"):
            noise = model(latents.repeat(2, 1, 1, 1), times, both, return_dict=False)[0]
        asked, free = noise.float().chunk(2)
        return free + scale * (asked - free)

    return predict


def single(model: Any) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """Returns a predictor with one evaluation."""

    def predict(latents: Tensor, time: Tensor, text: Tensor) -> Tensor:
        with half_precision("cpu"):
            noise: Tensor = model(latents, time, text, return_dict=False)[0]
        return noise.float()

    return predict


def followed(model: nn.Module, decays: list[float]) -> tuple[dict[float, Any], Callable[[], None]]:
    """Returns moving averages of a model by decay, and a function that updates them."""
    averages = {decay: copy.deepcopy(model).requires_grad_(False) for decay in decays}
    state = {"step": 0}

    def follow() -> None:
        state["step"] += 1
        for decay, average in averages.items():
            now = min(decay, state["step"] / (10 + state["step"]))
            with torch.no_grad():
                torch._foreach_lerp_([*average.parameters()], [*model.parameters()], 1 - now)

    return averages, follow


def compose(arguments: argparse.Namespace) -> None:
    """Prints how the judge ranks picture and sound in canvases composed by both pairs."""
    folder = arguments.out
    shipped, judge = mini.load(), Ranking(JUDGE)
    distilled = dataclasses.replace(
        shipped,
        **{f"{side}_unet": load_unet(folder / f"distilled-{side}/model") for side in GUIDANCE},
    )
    for steps in (16, 8, 4):
        for name, pair, scales in (
            ("guided, two", shipped, GUIDANCE),
            ("distilled, one", distilled, dict.fromkeys(GUIDANCE, 1.0)),
        ):
            sampling = {f"{side}_guidance_scale": scale for side, scale in scales.items()}
            run = RunConfig(
                image_prompt="a", audio_prompt="a", sampling={"steps": steps, **sampling}
            )
            began_s = time.process_time()
            found = composed(pair, judge, run, list(range(4)), folder / f"{name}-{steps}")
            taken_s = time.process_time() - began_s
            cells = [share(one, top) for one in found.values() for top in (1, 5)]
            print(f"| {name} | {steps} | {' | '.join(cells)} | {taken_s:.0f} s |", flush=True)


def load_unet(folder: Path) -> Any:
    """Returns a saved model, ready to sample."""
    unet = UNet2DConditionModel.from_pretrained(folder, torch_dtype=torch.float32)
    return unet.to(memory_format=torch.channels_last).eval().requires_grad_(False)


@dataclass
class Data:
    """What a trial trains and is ranked on.

    Attributes:
        batches: Draws canvases of a modality.
        text: Embeddings of all captions, by number; the first is that of the empty one.
        shown: Numbers of the prompts of the shared concepts.
        alphas, sigmas: Products of the schedule, and the ratios of noise to signal, by time.
    """

    batches: Batches
    text: Tensor
    shown: Tensor
    alphas: Tensor
    sigmas: Tensor


def load(pack: Path, modality: str) -> Data:
    """Returns the data of a modality as soon as there is a canvas of every sound."""
    loading = argparse.Namespace(
        pack=pack, device="cpu", slots=16, workers=1, rounds=1, seed=0, modality=modality
    )
    captions = Captions()
    batches = sources(loading, captions)
    shown = torch.tensor([captions(row[f"{modality}_prompt"]) for row in concepts()])
    alphas = DDIMScheduler.from_config(SCHEDULE).alphas_cumprod
    text = captions.embedded(mini.WEIGHTS, "cpu")
    return Data(batches, text, shown, alphas, (1 / alphas - 1).sqrt())


def learn(arguments: argparse.Namespace) -> None:
    """Trains a picture model from scratch and prints a row for each moving average."""
    data, name = load(arguments.pack, "image"), arguments.kind
    channels, new = KINDS[name]
    code = linear_code(channels)
    torch.manual_seed(0)
    model = new(channels).train()
    latents = Latents(data.batches, code, arguments.batch)
    averages, follow = followed(model, [0.99, 0.995, 0.999])

    def loss() -> Tensor:
        follow()
        clean, _, asked = latents()
        times = noise_times(arguments.batch, data.sigmas)
        return denoising_loss(model, data.alphas, clean, times, data.text[without_some(asked)])

    options = {"minutes": arguments.minutes, "learning_rate": arguments.learning_rate or 1e-3}
    average = train(model, loss, arguments.out / name, ema_decay=0.998, **options)
    data.batches.sounds.close()
    gflop = flops(average, channels)
    for decay, one in {0.998: average, **averages}.items():
        found = ranks(guided(one, data.text[:1], 5.0), code, data.text[data.shown])
        print(f"| {name} | {gflop:.1f} | {decay} | {share(found, 1)} | {share(found, 5)} |")


def distill(arguments: argparse.Namespace) -> None:
    """Trains a shipped model to do without guidance and prints how both rank."""
    modality = arguments.modality
    data, pair = load(arguments.pack, modality), mini.load()
    shipped = getattr(pair, f"{modality}_unet")
    teacher = guided(shipped, data.text[:1], GUIDANCE[modality])
    model = copy.deepcopy(shipped).requires_grad_(True).train()
    latents = Latents(data.batches, pair.vae, arguments.batch)

    def loss() -> Tensor:
        clean, _, asked = latents()
        times, text = noise_times(arguments.batch, data.sigmas), data.text[asked]
        alpha = data.alphas[times][:, None, None, None]
        noisy = alpha.sqrt() * clean + (1 - alpha).sqrt() * torch.randn_like(clean)
        with torch.no_grad():
            wanted = teacher(noisy, times, text)
        return (single(model)(noisy, times, text) - wanted).square().mean()

    out = arguments.out / f"distilled-{modality}"
    options = {"minutes": arguments.minutes, "learning_rate": arguments.learning_rate or 2e-4}
    average = train(model, loss, out, ema_decay=0.998, **options)
    data.batches.sounds.close()
    average.save_pretrained(out / "model")
    tower = {"image": "picture", "audio": "sound"}[modality]
    for steps in (16, 8, 4):
        for label, predict in (("guided, two", teacher), ("distilled, one", single(average))):
            found = ranks(predict, pair.vae, data.text[data.shown], tower, steps)
            print(f"| {label} | {steps} | {share(found, 1)} | {share(found, 5)} |", flush=True)


def main() -> None:
    """Trains one model and prints its rows, or compares the pairs."""
    trials = {"learn": learn, "distill": distill, "compose": compose}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=list(trials))
    parser.add_argument("kind", nargs="?", default="unet", choices=list(KINDS))
    parser.add_argument("--modality", default="image", choices=list(GUIDANCE))
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--pack", type=Path, default=Path("packs/mini.zip"))
    parser.add_argument("--out", type=Path, default=Path("checkpoints/trials"))
    arguments = parser.parse_args()
    loop.time = SimpleNamespace(monotonic=time.process_time)
    torch.manual_seed(0)
    trials[arguments.what](arguments)


if __name__ == "__main__":
    main()
