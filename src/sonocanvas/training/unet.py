"""Trains one of the two diffusion models: `python -m sonocanvas.training.unet --modality audio`."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from transformers import CLIPTextModel, PreTrainedTokenizerFast

from sonocanvas.pairs.autoencoder import BlockAutoencoder
from sonocanvas.training.loop import train, trainer_options
from sonocanvas.training.towers import WIDTH, tokenize
from sonocanvas.training.views import concepts

CANVAS_POSITIONS = 32
PROMPT_DROPOUT = 0.12
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


class Latents:
    """Latent canvases with their prompts' embeddings; shared concepts come up equally often."""

    def __init__(
        self, views: Path, modality: str, embeddings: dict[str, Tensor], seed: int
    ) -> None:
        kind = "drawings" if modality == "image" else "sounds"
        labels = json.loads((views / f"{kind}.json").read_text())
        self.latents = np.load(views / f"latents-{kind}.npy", mmap_mode="r")
        self.captions = [label["caption"] for label in labels]
        self.embeddings = embeddings
        self.rng = np.random.default_rng(seed)
        shared = {row["id"] for row in concepts()}
        groups: dict[str, list[int]] = {}
        for number, label in enumerate(labels):
            if not label["held"] and (label["concept"] in shared or modality == "audio"):
                groups.setdefault(label["concept"], []).append(number)
        self.groups: list[NDArray[np.int64]] = [np.array(group) for group in groups.values()]
        weights = np.array([1.0 if name in shared else 0.3 for name in groups])
        self.weights = weights / weights.sum()

    def __call__(self, count: int) -> tuple[Tensor, Tensor]:
        """Returns `(count, channels, 8, 32)` latents and `(count, tokens, width)` embeddings."""
        canvases, prompts = [], []
        for group in self.rng.choice(len(self.groups), count, p=self.weights):
            tiles = CANVAS_POSITIONS // self.latents.shape[-1]
            rows = self.rng.choice(self.groups[group], tiles)
            canvases.append(np.concatenate([self.latents[row] for row in rows], axis=-1))
            dropped = self.rng.random() < PROMPT_DROPOUT
            prompts.append(self.embeddings["" if dropped else self.captions[rows[0]]])
        return torch.from_numpy(np.stack(canvases)).float(), torch.stack(prompts).float()


@torch.inference_mode()
def embed_captions(towers: Path, captions: list[str]) -> dict[str, Tensor]:
    """Returns the embedding `(tokens, width)` of each caption, and of the empty prompt."""
    tokenizer = PreTrainedTokenizerFast.from_pretrained(towers / "tokenizer")
    encoder = CLIPTextModel.from_pretrained(towers / "text_encoder", dtype=torch.float32).eval()
    unique = ["", *sorted(set(captions))]
    chunks = [unique[start : start + 256] for start in range(0, len(unique), 256)]
    states = [encoder(tokenize(tokenizer, chunk)).last_hidden_state for chunk in chunks]
    return dict(zip(unique, torch.cat(states), strict=True))


def denoising_loss(unet: Any, alphas: Tensor, batch: tuple[Tensor, Tensor]) -> Tensor:
    """Returns the squared error of the predicted noise, weighted by min-SNR.

    Source: Hang et al., "Efficient Diffusion Training via Min-SNR Weighting" (2023), equation 5
    for noise prediction: `min(SNR, 5) / SNR`.
    """
    device = next(unet.parameters()).device
    latents, prompts = (part.to(device) for part in batch)
    times = torch.randint(0, len(alphas), (len(latents),), device=device)
    alpha = alphas.to(device)[times][:, None, None, None]
    noise = torch.randn_like(latents)
    noisy = alpha.sqrt() * latents + (1 - alpha).sqrt() * noise
    with torch.autocast(device.type, torch.bfloat16):
        predicted = unet(noisy, times, prompts, return_dict=False)[0]
    ratio = alpha / (1 - alpha)
    weight = ratio.clamp(max=SNR_LIMIT) / ratio
    loss: Tensor = (weight * (predicted.float() - noise).square()).mean()
    return loss


@torch.inference_mode()
def draw_sheet(
    unet: Any, vae: BlockAutoencoder, prompts: list[Tensor], empty: Tensor, path: Path
) -> None:
    """Writes one canvas a prompt, 20 steps of DDIM at strong guidance, in four columns."""
    device = next(unet.parameters()).device
    schedule = DDIMScheduler.from_config(SCHEDULE)
    schedule.set_timesteps(20)
    generator = torch.Generator().manual_seed(0)
    count = len(prompts)
    shape = (count, unet.config.in_channels, 8, CANVAS_POSITIONS)
    latents = torch.randn(shape, generator=generator).to(device)
    text = torch.cat([torch.stack(prompts), empty.expand(count, -1, -1)]).float().to(device)
    for time in schedule.timesteps:
        with torch.autocast(device.type, torch.bfloat16):
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
    kind = "drawings" if arguments.modality == "image" else "sounds"
    labels = json.loads((arguments.views / f"{kind}.json").read_text())
    asked = [row[f"{arguments.modality}_prompt"] for row in concepts()]
    captions = [label["caption"] for label in labels]
    embeddings = embed_captions(arguments.towers, [*captions, *asked])
    latents = Latents(arguments.views, arguments.modality, embeddings, arguments.seed)
    vae = BlockAutoencoder.from_pretrained(arguments.vae, torch_dtype=torch.float32).eval()
    unet = (
        UNet2DConditionModel.from_pretrained(arguments.init_from, torch_dtype=torch.float32)
        if arguments.init_from
        else new_unet(vae.config.latent_channels)
    ).to(arguments.device)
    unet.train()
    alphas = DDIMScheduler.from_config(SCHEDULE).alphas_cumprod
    shown = [embeddings[prompt] for prompt in asked[::2]]
    average = train(
        unet,
        lambda: denoising_loss(unet, alphas, latents(arguments.batch)),
        out,
        minutes=arguments.minutes,
        learning_rate=arguments.learning_rate,
        ema_decay=0.998,
        sheet=lambda average, path: draw_sheet(average, vae, shown, embeddings[""], path),
    )
    average.to(torch.float16).save_pretrained(out / "model", max_shard_size="15MB")


if __name__ == "__main__":
    main()
