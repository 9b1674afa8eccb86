"""Trains one of the two diffusion models: `python -m sonocanvas.training.unet --modality audio`."""

from pathlib import Path
from typing import Any

import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from PIL import Image
from torch import Tensor

from sonocanvas.pairs.autoencoder import BlockAutoencoder
from sonocanvas.training.latent_canvases import Embeddings, Latents
from sonocanvas.training.layouts import CANVAS_POSITIONS
from sonocanvas.training.loop import half_precision, train, trainer_options
from sonocanvas.training.towers import WIDTH
from sonocanvas.training.views import concepts

SNR_LIMIT = 5.0
SHEET_GUIDANCE = 5.0

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


def denoising_loss(unet: Any, alphas: Tensor, latents: Tensor, prompts: Tensor) -> Tensor:
    """Returns the squared error of the predicted noise, weighted by min-SNR.

    Source: Hang et al., "Efficient Diffusion Training via Min-SNR Weighting" (2023), equation 5
    for noise prediction: `min(SNR, 5) / SNR`.
    """
    device = next(unet.parameters()).device
    latents, prompts = latents.to(device), prompts.to(device)
    times = torch.randint(0, len(alphas), (len(latents),), device=device)
    alpha = alphas.to(device)[times][:, None, None, None]
    noise = torch.randn_like(latents)
    noisy = alpha.sqrt() * latents + (1 - alpha).sqrt() * noise
    with half_precision(device.type):
        predicted = unet(noisy, times, prompts, return_dict=False)[0]
    ratio = alpha / (1 - alpha)
    weight = ratio.clamp(max=SNR_LIMIT) / ratio
    loss: Tensor = (weight * (predicted.float() - noise).square()).mean()
    return loss


@torch.inference_mode()
def draw_sheet(
    unet: Any, vae: BlockAutoencoder, prompts: Tensor, empty: Tensor, path: Path
) -> None:
    """Writes one canvas a prompt, 20 steps of DDIM at strong guidance, in four columns."""
    device = next(unet.parameters()).device
    schedule = DDIMScheduler.from_config(SCHEDULE)
    schedule.set_timesteps(20)
    generator = torch.Generator().manual_seed(0)
    count = len(prompts)
    shape = (count, unet.config.in_channels, 8, CANVAS_POSITIONS)
    latents = torch.randn(shape, generator=generator).to(device)
    text = torch.cat([prompts, empty.expand(count, -1, -1)]).to(device)
    for time in schedule.timesteps:
        with half_precision(device.type):
            both = unet(latents.repeat(2, 1, 1, 1), time, text, return_dict=False)[0].float()
        asked, free = both.chunk(2)
        noise = free + SHEET_GUIDANCE * (asked - free)
        latents = schedule.step(noise, time, latents).prev_sample
    images = vae.decode(latents.cpu()).sample.mean(1).clamp(-1, 1).add(1).mul(127.5).byte()
    columns = [torch.cat(list(images[start::4])) for start in range(4)]
    sheet = torch.cat(columns, dim=1).numpy()
    Image.fromarray(sheet).resize((sheet.shape[1] // 2, sheet.shape[0] // 2)).save(path)


def main() -> None:
    """Trains one model and saves its moving average."""
    parser = trainer_options(__doc__, minutes=60, batch=16)
    parser.add_argument("--modality", required=True, choices=("image", "audio"))
    parser.add_argument("--towers", type=Path, default=Path("checkpoints/towers"))
    parser.add_argument("--vae", type=Path, default=Path("checkpoints/vae/model"))
    parser.add_argument("--init-from", type=Path, help="folder of weights to start from")
    arguments = parser.parse_args()
    out = arguments.out or Path("checkpoints") / f"{arguments.modality}_unet"
    torch.manual_seed(arguments.seed)
    vae = BlockAutoencoder.from_pretrained(arguments.vae, torch_dtype=torch.float32).eval()
    black = vae.encode(-torch.ones(1, 3, 256, 32)).latent[0].detach()
    latents = Latents(arguments.views, arguments.modality, black, arguments.seed)
    embeddings = Embeddings(arguments.towers)
    unet = (
        UNet2DConditionModel.from_pretrained(arguments.init_from, torch_dtype=torch.float32)
        if arguments.init_from
        else new_unet(vae.config.latent_channels)
    ).to(arguments.device)
    unet.train()
    alphas = DDIMScheduler.from_config(SCHEDULE).alphas_cumprod
    asked = [row[f"{arguments.modality}_prompt"] for row in concepts()][::2]
    shown, empty = embeddings(asked), embeddings([""])

    def loss() -> Tensor:
        canvases, captions = latents(arguments.batch)
        return denoising_loss(unet, alphas, canvases, embeddings(captions))

    average = train(
        unet,
        loss,
        out,
        minutes=arguments.minutes,
        learning_rate=arguments.learning_rate,
        ema_decay=0.998,
        sheet=lambda average, path: draw_sheet(average, vae, shown, empty, path),
    )
    average.to(torch.float16).save_pretrained(out / "model", max_shard_size="15MB")


if __name__ == "__main__":
    main()
