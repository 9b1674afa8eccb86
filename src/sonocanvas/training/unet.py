"""Trains one of the two diffusion models: `python -m sonocanvas.training.unet --modality audio`."""

import argparse
import copy
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from PIL import Image
from torch import Tensor, nn

from sonocanvas.pairs.autoencoder import BlockAutoencoder
from sonocanvas.training.captions import Captions, without_some
from sonocanvas.training.layouts import CANVAS_POSITIONS
from sonocanvas.training.loop import half_precision, train, trainer_options
from sonocanvas.training.pack import read_pack
from sonocanvas.training.resident import Batches, Latents
from sonocanvas.training.resident_pictures import Pictures
from sonocanvas.training.resident_sounds import Sounds
from sonocanvas.training.towers import WIDTH
from sonocanvas.training.views import concepts

SNR_LIMIT = 5.0
MIXED_BELOW = 1.5  # ratio of noise to signal above which the other modality cannot be seen
SHEET_GUIDANCE = 5.0
GRADIENT_TOLERANCE = 0.1  # relative error of compiled gradients; bfloat16 alone causes 0.02

SCHEDULE: dict[str, Any] = {
    "_class_name": "DDIMScheduler",
    "num_train_timesteps": 1000,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "prediction_type": "epsilon",
    "clip_sample": False,
    "set_alpha_to_one": False,
    "steps_offset": 1,
    "timestep_spacing": "leading",
}


def new_unet(channels: int = 32, widths: tuple[int, ...] = (128, 192)) -> UNet2DConditionModel:
    """Returns an untrained model: attention below the top level, pooled text in every block."""
    lower = len(widths) - 1
    return UNet2DConditionModel(
        in_channels=channels,
        out_channels=channels,
        sample_size=(8, CANVAS_POSITIONS),
        block_out_channels=widths,
        layers_per_block=1,
        down_block_types=("DownBlock2D",) + ("CrossAttnDownBlock2D",) * lower,
        up_block_types=("CrossAttnUpBlock2D",) * lower + ("UpBlock2D",),
        cross_attention_dim=WIDTH,
        attention_head_dim=8,
        norm_num_groups=16,
        addition_embed_type="text",
        addition_embed_type_num_heads=8,
        resnet_time_scale_shift="scale_shift",
    )


def noise_times(count: int, sigmas: Tensor) -> Tensor:
    """Returns timesteps `(count,)`: half uniform, half where the content of a canvas is decided.

    Args:
        count: Number of timesteps.
        sigmas: Ratio of noise to signal at each timestep; the second half lies around 0.5.
    """
    device = sigmas.device
    middle = torch.searchsorted(sigmas, 0.5 * torch.randn(count, device=device).exp())
    anywhere = torch.randint(0, len(sigmas), (count,), device=device)
    is_middle = torch.rand(count, device=device) < 0.5
    return torch.where(is_middle, middle.clamp(max=len(sigmas) - 1), anywhere)


def denoising_loss(
    unet: Any, alphas: Tensor, latents: Tensor, times: Tensor, text: Tensor
) -> Tensor:
    """Returns the squared error of the predicted noise, weighted by min-SNR.

    Source: Hang et al., "Efficient Diffusion Training via Min-SNR Weighting" (2023), equation 5
    for noise prediction: `min(SNR, 5) / SNR`.

    Args:
        unet: The model; all tensors are on its device.
        alphas: Cumulative product of the schedule, by timestep.
        latents: Clean latents `(batch, channels, 8, 32)`.
        times: Timestep of each latent, `(batch,)`.
        text: Caption embeddings `(batch, tokens, width)`.
    """
    alpha = alphas[times][:, None, None, None]
    noise = torch.randn_like(latents)
    noisy = alpha.sqrt() * latents + (1 - alpha).sqrt() * noise
    with half_precision(latents.device.type):
        predicted = unet(noisy, times, text, return_dict=False)[0]
    ratio = alpha / (1 - alpha)
    weight = ratio.clamp(max=SNR_LIMIT) / ratio
    loss: Tensor = (weight * (predicted.float() - noise).square()).mean()
    return loss


def compile_checked(model: nn.Module, loss: Callable[[], Tensor]) -> None:
    """Compiles a model in place, unless that changes its gradients.

    With bfloat16 on a CPU, torch 2.13 silently loses the gradients of all lower levels.

    Args:
        model: The model to train.
        loss: Returns the loss of the model, the same in every call.
    """

    def gradient() -> Tensor:
        model.zero_grad(set_to_none=True)
        loss().backward()  # type: ignore[no-untyped-call]
        found = [torch.zeros_like(one) if one.grad is None else one.grad for one in weights]
        return torch.cat([one.flatten() for one in found])

    weights = list(model.parameters())
    plain = gradient()
    model.compile(dynamic=False)
    error = float((gradient() - plain).norm() / plain.norm())
    print(f"compiled: gradients differ by {error:.3f} of their length", flush=True)
    if not error < GRADIENT_TOLERANCE:
        print("the model is left as it was, since that is too much", flush=True)
        model._compiled_call_impl = None


@torch.inference_mode()
def draw_sheet(
    unet: Any, vae: BlockAutoencoder, prompts: Tensor, empty: Tensor, path: Path
) -> None:
    """Writes one canvas per prompt, 20 steps of DDIM at strong guidance, in four columns."""
    device = prompts.device
    schedule = DDIMScheduler.from_config(SCHEDULE)
    schedule.set_timesteps(20)
    generator = torch.Generator().manual_seed(0)
    count = len(prompts)
    shape = (count, unet.config.in_channels, 8, CANVAS_POSITIONS)
    latents = torch.randn(shape, generator=generator).to(device)
    text = torch.cat([prompts, empty.expand(count, -1, -1)])
    for now in schedule.timesteps:
        with half_precision(device.type):
            both = unet(latents.repeat(2, 1, 1, 1), now, text, return_dict=False)[0].float()
        asked, free = both.chunk(2)
        noise = free + SHEET_GUIDANCE * (asked - free)
        latents = schedule.step(noise, now, latents).prev_sample
    images = vae.decode(latents).sample.mean(1).clamp(-1, 1).add(1).mul(127.5).byte()
    columns = [torch.cat(list(images[start::4])) for start in range(4)]
    sheet = torch.cat(columns, dim=1).cpu().numpy()
    Image.fromarray(sheet).resize((sheet.shape[1] // 2, sheet.shape[0] // 2)).save(path)


def seconds(call: Callable[[], Any], device: str, times: int = 5) -> float:
    """Returns the mean time of a call on a device, after one warm-up call."""
    for number in range(times + 1):
        if number == 1:
            started = time.monotonic()
        call()
        if device == "cuda":
            torch.cuda.synchronize()
    return (time.monotonic() - started) / times


def sources(arguments: argparse.Namespace, captions: Captions) -> Batches:
    """Returns the source of canvases from the pack, once there is one for every sound."""
    pack = read_pack(arguments.pack)
    sounds = Sounds(
        pack.clips,
        captions,
        arguments.device,
        slots=arguments.slots,
        workers=arguments.workers,
        rounds=arguments.rounds,
        seed=arguments.seed,
    )
    pictures = Pictures(pack.drawings, captions, arguments.device, arguments.seed)
    sounds.wait()
    return Batches(pictures, sounds, arguments.modality)


def main() -> None:
    """Trains one model and saves its moving average."""
    parser = trainer_options(__doc__, minutes=60, batch=16)
    parser.add_argument("--modality", required=True, choices=("image", "audio"))
    parser.add_argument("--pack", type=Path, default=Path("packs/mini.zip"))
    parser.add_argument("--towers", type=Path, default=Path("checkpoints/towers"))
    parser.add_argument("--vae", type=Path, default=Path("checkpoints/vae/model"))
    parser.add_argument("--init-from", type=Path, help="folder of weights to start from")
    parser.add_argument("--muon", action="store_true", help="hidden weights learn by Muon")
    parser.add_argument("--mixed", type=float, default=0.5, help="share mixed with the other kind")
    parser.add_argument("--slots", type=int, default=32, help="canvases kept of each sound")
    parser.add_argument("--workers", type=int, default=1, help="processes that synthesize")
    parser.add_argument("--rounds", type=int, default=4, help="how often they make eight of each")
    parser.add_argument("--from-start", action="store_true", help="the minutes count from now")
    arguments = parser.parse_args()
    started = time.monotonic()
    out = arguments.out or Path("checkpoints") / f"{arguments.modality}_unet"
    device = arguments.device
    torch.manual_seed(arguments.seed)
    torch.set_float32_matmul_precision("high")
    captions = Captions()
    batches = sources(arguments, captions)
    vae = BlockAutoencoder.from_pretrained(arguments.vae, torch_dtype=torch.float32)
    vae = vae.to(device).eval().requires_grad_(False)
    asked = [row[f"{arguments.modality}_prompt"] for row in concepts()][::2]
    shown = torch.tensor([captions(prompt) for prompt in asked], device=device)
    text = captions.embedded(arguments.towers, device)
    unet = (
        UNet2DConditionModel.from_pretrained(arguments.init_from, torch_dtype=torch.float32)
        if arguments.init_from
        else new_unet(vae.config.latent_channels)
    ).to(device)
    if device == "cuda":
        unet.to(memory_format=torch.channels_last)
    unet.train()
    alphas = DDIMScheduler.from_config(SCHEDULE).alphas_cumprod.to(device)
    sigmas = (1 / alphas - 1).sqrt()

    def same_loss() -> Tensor:
        torch.manual_seed(arguments.seed)
        latents = torch.randn(
            arguments.batch, vae.config.latent_channels, 8, CANVAS_POSITIONS, device=device
        )
        times = noise_times(arguments.batch, sigmas)
        rows = torch.randint(len(text), (arguments.batch,), device=device)
        return denoising_loss(unet, alphas, latents, times, text[rows])

    if device == "cuda":
        compile_checked(unet, same_loss)

    latents = Latents(batches, vae, arguments.batch)

    def loss() -> Tensor:
        plain, mixed, asked = latents()
        times = noise_times(arguments.batch, sigmas)
        chosen = torch.rand(arguments.batch, device=device) < arguments.mixed
        chosen &= sigmas[times] < MIXED_BELOW
        clean = torch.where(chosen[:, None, None, None], mixed, plain)
        return denoising_loss(unet, alphas, clean, times, text[without_some(asked)])

    def learn() -> None:
        loss().backward()  # type: ignore[no-untyped-call]

    for what, call in (("drawn", latents), ("drawn and learned", learn)):
        print(f"in {seconds(call, device) * 1000:.1f} ms a batch is {what}", flush=True)

    def snapshot(average: Any) -> None:
        draw_sheet(average, vae, text[shown], text[:1], out / "sheet.png")
        kept = copy.deepcopy(average).to(torch.float16, memory_format=torch.contiguous_format)
        kept.save_pretrained(out / "model", max_shard_size="15MB")

    train(
        unet,
        loss,
        out,
        minutes=arguments.minutes - (time.monotonic() - started) / 60 * arguments.from_start,
        learning_rate=arguments.learning_rate,
        ema_decay=0.998,
        muon=arguments.muon,
        snapshot=snapshot,
        snapshot_every_s=110 if device == "cuda" else 600,
    )
    batches.sounds.close()


if __name__ == "__main__":
    main()
