"""`deepfloyd`: DeepFloyd IF, a pixel-space picture model, gives the canvas its colours.

The first stage of IF paints squares of 64 pixels. The canvas is scaled to that height, squares that
overlap by half are denoised as one strip, and the chroma of the strip is scaled back up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from sonocanvas.colourisers.chroma import Chroma, KeepGray, picture_of
from sonocanvas.errors import CheckpointError, InvalidInputError
from sonocanvas.pairs.part_files import read_json
from sonocanvas.pairs.parts import check_tokenizer, load_part, quiet
from sonocanvas.protocols import OnStep
from sonocanvas.types import Colour, ModelPair, Sample, TextEmbeddings
from sonocanvas.values import expanded

TOKENIZER = ("transformers", "T5Tokenizer")
TEXT_ENCODER = ("transformers", "T5EncoderModel")
UNET = ("diffusers", "UNet2DConditionModel")


@dataclass(frozen=True)
class DeepFloyd(Chroma):
    """DeepFloyd IF, from a folder, paints the colours; the gray is fixed at every step.

    Attributes:
        folder: Folder of the first stage of IF in diffusers' layout; access to it is gated.
    """

    name = "deepfloyd"
    folder: str = ""

    def __call__(
        self, pair: Callable[[], ModelPair], device: str, on_step: OnStep | None
    ) -> Callable[[Sample], Colour]:
        """Loads IF and returns the function that colours a sample.

        Raises:
            InvalidInputError: No folder is given, or it does not exist.
            CheckpointError: The folder does not hold the first stage of IF.
        """
        return partial(self.colour, load_if(self.folder, device), on_step)

    def colour(self, pipeline: Any, on_step: OnStep | None, sample: Sample) -> Colour:
        """Returns the pictures of a sample.

        Args:
            pipeline: The first stage of IF.
            on_step: Called after each step.
            sample: The sample to colour.
        """
        text, negative = read_prompt(pipeline, self.prompt_for(sample))
        embeddings = TextEmbeddings(text, negative, text, negative)
        side = pipeline.unet.config.sample_size
        height, width = sample.canvas.shape
        size = (side, max(side, round(width * side / height)))
        small = interpolate(sample.canvas[None, None], size=size, mode="bilinear", antialias=True)
        gray = small[0].clamp(0, 1).to(pipeline.unet.device)
        rule = KeepGray(
            gray,
            decode=lambda clean: clean / 2 + 0.5,
            encode=lambda image: image * 2 - 1,
            start_step=self.start_step,
        )
        strip = _pair_of(pipeline, (3, *size), sample)
        pictures = [
            picture_of(self.denoised(strip, embeddings, rule, seed, on_step), sample.canvas)
            for seed in self.seeds
        ]
        return Colour(torch.stack(pictures), self.record)


class Strip:
    """A UNet for squares that denoises a strip of any width by averaging over its squares."""

    def __init__(self, unet: Any) -> None:
        self.unet, self.device, self.dtype = unet, unet.device, unet.dtype

    def __call__(
        self, latents: Tensor, timestep: Tensor, encoder_hidden_states: Tensor, **options: Any
    ) -> tuple[Tensor]:
        """Returns the noise `(batch, channels, side, width)`; a predicted variance is dropped."""
        (channels, side), last = latents.shape[1:3], latents.shape[3] - latents.shape[2]
        lefts = sorted({*range(0, last, side // 2), last})
        squares = torch.cat([latents[..., left : left + side] for left in lefts])
        text = encoder_hidden_states.repeat(len(lefts), 1, 1)
        predicted = self.unet(squares, timestep, encoder_hidden_states=text, **options)[0]
        total, count = torch.zeros_like(latents), torch.zeros_like(latents)
        for left, noise in zip(lefts, predicted[:, :channels].chunk(len(lefts)), strict=True):
            total[..., left : left + side] += noise
            count[..., left : left + side] += 1
        return (total / count,)


def read_prompt(pipeline: Any, prompt: str) -> tuple[Tensor, Tensor]:
    """Returns the embeddings of a prompt and of the empty prompt, on the UNet's device.

    The text encoder, which is much larger than the UNet, is moved there only for this.
    """
    device = pipeline.unet.device
    home = pipeline.text_encoder.device
    pipeline.text_encoder.to(device)
    with torch.no_grad():
        text, negative = pipeline.encode_prompt(prompt, device=device)
    pipeline.text_encoder.to(home)
    return text, negative


def load_if(folder: str, device: str, dtype: torch.dtype | None = None) -> Any:
    """Returns the first stage of IF from a folder, without its safety checker and watermark.

    Dtypes are passed to the loaders and never changed later: in float16, T5 has weights that must
    stay float32 (diffusers issue 8604). The text encoder stays on the CPU.

    Args:
        folder: Folder saved by diffusers' `IFPipeline`; the variant `fp16` is accepted.
        device: Device of the UNet.
        dtype: Dtype of the weights; by default float16 on `cuda` and float32 elsewhere.

    Raises:
        InvalidInputError: No folder is given, or it does not exist.
        CheckpointError: The folder does not hold the first stage of IF, or the package for its
            tokenizer is not installed.
    """
    if not folder:
        raise InvalidInputError(
            "Colouriser 'deepfloyd' needs a folder with DeepFloyd IF: use --folder with 'colour' "
            "or --set colour.folder with 'generate'."
        )
    if not expanded(folder).is_dir():
        raise InvalidInputError(f"There is no folder '{folder}' with DeepFloyd IF.")
    home = expanded(folder)
    check_tokenizer(home / "tokenizer")
    kind = dtype or (torch.float16 if device == "cuda" else torch.float32)
    absent = dict.fromkeys(("safety_checker", "feature_extractor", "watermarker"))
    with quiet():
        from diffusers import DDPMScheduler, IFPipeline  # importing it prints

        try:
            IFPipeline.load_config(home, local_files_only=True)
            # part by part: from_pretrained would import whatever module the folder names
            return IFPipeline(
                tokenizer=load_part(home / "tokenizer", TOKENIZER, "cpu", kind),
                text_encoder=load_part(home / "text_encoder", TEXT_ENCODER, "cpu", kind),
                unet=load_part(home / "unet", UNET, device, kind),
                scheduler=DDPMScheduler.from_config(
                    read_json(home / "scheduler" / "scheduler_config.json")
                ),
                requires_safety_checker=False,
                **absent,
            )
        except (OSError, ValueError, ImportError, AttributeError, TypeError) as error:
            reason = " ".join(str(error).split())[:200]
            raise CheckpointError(
                f"'{folder}' is not the first stage of DeepFloyd IF in diffusers' layout: {reason}"
            ) from None


def _pair_of(pipeline: Any, shape: tuple[int, int, int], sample: Sample) -> ModelPair:
    """Returns IF as the picture model of a pair; its latents are pixels."""
    return ModelPair(
        name="deepfloyd",
        vae=None,
        image_unet=Strip(pipeline.unet),
        audio_unet=None,
        image_tokenizer=None,
        image_text_encoder=None,
        audio_tokenizer=None,
        audio_text_encoder=None,
        scheduler_config=dict(pipeline.scheduler.config),
        canvas_format=sample.canvas_format,
        latent_shape=shape,
    )
