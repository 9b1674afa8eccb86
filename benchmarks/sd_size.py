"""Seconds per sample at Stable Diffusion's real width: what each change gains on one CUDA card.

`python benchmarks/sd_size.py --json FILE` uses random weights (859.5 M parameters per model,
latents 4 x 32 x 128) and the paper's setting: 100 DDIM steps, both halves of guidance, and the
picture from step 10. That makes 190 evaluations and 305 TFLOP per sample. The paper's loop and ours
run in bfloat16 on the same card, on text and latents only; nothing is decoded. Each entry of
`SETTINGS` is measured at one batch size, and the fastest at several. `--tiny --device cpu` is a dry
run.
"""

import argparse
import contextlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from paper_loop import sample_one
from sd_models import LATENT_SHAPE, TOKENS, new_pair
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from sonocanvas.compose.mean import Mean
from sonocanvas.compose.warm_start import WarmStart, first_step
from sonocanvas.denoise import denoise, initial_noise, make_scheduler
from sonocanvas.text import encode_prompts
from sonocanvas.types import ModelPair, Prompts

PROMPTS = Prompts("a castle with towers", "bells tolling")
GUIDANCE = 10.0
IMAGE_START = 0.9
AUDIO_WEIGHT = 0.5
WARM_UP_STEPS = 4


@dataclass(frozen=True)
class Setting:
    """How both models are run.

    Attributes:
        channels_last: Whether the convolution weights are channels-last.
        attention: The attention kernel; `None` lets torch choose.
        compile_mode: Mode of `torch.compile`; `None` does not compile.
        fp8: Whether linear layers multiply in float8; convolutions do not.
    """

    channels_last: bool = True
    attention: SDPBackend | None = None
    compile_mode: str | None = None
    fp8: bool = False


SETTINGS = {
    "eager": Setting(channels_last=False),
    "channels-last": Setting(),
    "attention-flash": Setting(attention=SDPBackend.FLASH_ATTENTION),
    "attention-cudnn": Setting(attention=SDPBackend.CUDNN_ATTENTION),
    "attention-efficient": Setting(attention=SDPBackend.EFFICIENT_ATTENTION),
    "attention-math": Setting(attention=SDPBackend.MATH),
    "compile": Setting(compile_mode="default"),
    "cuda-graphs": Setting(compile_mode="reduce-overhead"),
    "max-autotune": Setting(compile_mode="max-autotune"),
    "fp8": Setting(compile_mode="reduce-overhead", fp8=True),
}


class Float8Linear(torch.nn.Module):
    """A linear layer that multiplies in float8 (e4m3), with one scale per tensor.

    Args:
        linear: The layer; its widths are multiples of 16.
    """

    def __init__(self, linear: torch.nn.Linear) -> None:
        super().__init__()
        weight, self.weight_scale = to_float8(linear.weight)
        self.weight, self.bias = weight.t(), linear.bias

    def forward(self, inputs: Tensor) -> Tensor:
        """Returns outputs `(..., out)` for inputs `(..., in)`, in the same dtype."""
        rows, scale = to_float8(inputs.reshape(-1, inputs.shape[-1]))
        product = torch._scaled_mm(
            rows,
            self.weight,
            scale_a=scale,
            scale_b=self.weight_scale,
            bias=self.bias,
            out_dtype=inputs.dtype,
        )
        return product.view(*inputs.shape[:-1], -1)


def to_float8(values: Tensor) -> tuple[Tensor, Tensor]:
    """Returns values scaled to the full range of float8, and the scale that restores them."""
    scale = values.abs().amax().float().clamp(min=1e-12) / torch.finfo(torch.float8_e4m3fn).max
    return (values.float() / scale).to(torch.float8_e4m3fn), scale


def use_float8(model: torch.nn.Module) -> None:
    """Replaces a model's linear layers by float8 ones, except those of the time embedding."""
    for name, part in list(model.named_modules()):
        for child_name, child in list(part.named_children()):
            if isinstance(child, torch.nn.Linear) and "time_emb" not in f"{name}.{child_name}":
                setattr(part, child_name, Float8Linear(child))


def prepared(setting: Setting, device: str, tiny: bool) -> ModelPair:
    """Returns a pair with random bfloat16 weights, prepared for a setting."""
    pair = new_pair(device, torch.bfloat16, tiny)
    for unet in (pair.image_unet, pair.audio_unet):
        if setting.channels_last:
            unet.to(memory_format=torch.channels_last)
        if setting.fp8:
            use_float8(unet)
        if setting.compile_mode is not None:
            unet.compile(mode=setting.compile_mode, dynamic=False)
    return pair


def ours(pair: ModelPair, batch: int, steps: int) -> Tensor:
    """Returns latents of `batch` seeds from 0 by our loop, in one batch."""
    embeddings, _ = encode_prompts(pair, PROMPTS)
    return denoise(
        pair,
        embeddings,
        initial_noise(pair, range(batch)),
        make_scheduler(pair.scheduler_config, "ddim"),
        WarmStart(Mean(AUDIO_WEIGHT), image_start=IMAGE_START, audio_start=1.0),
        steps=steps,
        image_guidance_scale=GUIDANCE,
        audio_guidance_scale=GUIDANCE,
    )


def theirs(pair: ModelPair, steps: int) -> Tensor:
    """Returns the latent of seed 0 by the paper's loop."""
    return sample_one(
        pair,
        PROMPTS.image,
        PROMPTS.audio,
        initial_noise(pair, [0]).to(pair.image_unet.device),
        steps=steps,
        image_guidance=GUIDANCE,
        audio_guidance=GUIDANCE,
        image_start=IMAGE_START,
        audio_weight=AUDIO_WEIGHT,
    )


def seconds(run: Callable[[], Tensor]) -> float:
    """Returns the seconds of a call, until its result is on the CPU."""
    began = time.perf_counter()
    run().cpu()
    return time.perf_counter() - began


def measured(name: str, batch: int, steps: int, device: str, tiny: bool) -> dict[str, Any]:
    """Returns the seconds per sample of a setting, or torch's message if it cannot run."""
    setting = SETTINGS[name]
    row: dict[str, Any] = {"setting": name, "batch": batch}
    backend = setting.attention
    torch.compiler.reset()
    with contextlib.nullcontext() if backend is None else sdpa_kernel(backend):
        try:
            pair = prepared(setting, device, tiny)
            row["warm_up_s"] = seconds(lambda: ours(pair, batch, WARM_UP_STEPS))
            row["seconds"] = seconds(lambda: ours(pair, batch, steps)) / batch
        except RuntimeError as error:  # this card or this width lacks the kernel
            row["failed"] = str(error).strip().splitlines()[0]
    return row


def papers(steps: int, device: str, tiny: bool) -> dict[str, Any]:
    """Returns the seconds per sample of the paper's loop."""
    pair = prepared(SETTINGS["eager"], device, tiny)
    warm_up_s = seconds(lambda: theirs(pair, WARM_UP_STEPS))
    spent_s = seconds(lambda: theirs(pair, steps))
    return {"setting": "paper's loop", "batch": 1, "seconds": spent_s, "warm_up_s": warm_up_s}


def tflop_a_sample(steps: int, tiny: bool) -> float:
    """Returns the TFLOP of one sample by torch's counter, attention included."""
    unet = new_pair("meta", torch.bfloat16, tiny).image_unet
    latents = torch.empty(2, *LATENT_SHAPE, device="meta", dtype=torch.bfloat16)
    width = unet.config.cross_attention_dim
    text = torch.empty(2, TOKENS, width, device="meta", dtype=torch.bfloat16)
    counter = FlopCounterMode(display=False)
    with torch.inference_mode(), sdpa_kernel(SDPBackend.MATH), counter:
        unet(latents, 500, encoder_hidden_states=text)
    evaluations = 2 * steps - first_step(IMAGE_START, steps)
    return counter.get_total_flops() * evaluations / 1e12


def matrix_tflops(device: str, side: int) -> float:
    """Returns the TFLOP/s of a product of two square bfloat16 matrices, the best of five."""
    matrix = torch.randn(side, side, device=device, dtype=torch.bfloat16)
    products = 10
    matrix @ matrix

    def run() -> Tensor:
        for _ in range(products):
            made = matrix @ matrix
        return made[:1, :1]

    return products * 2 * side**3 / min(seconds(run) for _ in range(5)) / 1e12


def print_rows(rows: Sequence[dict[str, Any]], base_s: float, work: float, most: float) -> None:
    """Prints the table; `work` is in TFLOP per sample, `most` in TFLOP/s."""
    print("| setting | batch | s a sample | x paper's loop | TFLOP/s | of a product | warm-up s |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        if "failed" in row:
            print(f"| {row['setting']} | {row['batch']} | cannot run: {row['failed']} |||||")
            continue
        rate = work / row["seconds"]
        cells = [row["setting"], str(row["batch"]), f"{row['seconds']:.3f}"]
        cells += [f"{base_s / row['seconds']:.2f}", f"{rate:.4g}", f"{100 * rate / most:.0f} %"]
        print(f"| {' | '.join(cells)} | {row['warm_up_s']:.1f} |")


def main() -> None:
    """Measures the paper's loop, every setting, and the fastest at every batch size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tiny", action="store_true", help="a tenth of the width: a dry run")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument("--batch", type=int, default=8, help="batch at which settings compare")
    parser.add_argument("--batches", nargs="*", type=int, default=[1, 4, 8, 16])
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    device, steps, tiny = arguments.device, arguments.steps, arguments.tiny
    most = matrix_tflops(device, 512 if tiny else 8192)
    work = tflop_a_sample(steps, tiny)
    paper = papers(steps, device, tiny)
    rows = [paper]
    rows += [measured(name, arguments.batch, steps, device, tiny) for name in arguments.settings]
    ran = [row for row in rows[1:] if "failed" not in row]
    fastest = min(ran, key=lambda row: row["seconds"])["setting"]
    rows += [measured(fastest, batch, steps, device, tiny) for batch in arguments.batches]
    name = torch.cuda.get_device_name() if device == "cuda" else device
    print(f"{name}, torch {torch.__version__}: {work:.4g} TFLOP a sample")
    print(f"A product of matrices: {most:.4g} TFLOP/s\n")
    print_rows(rows, paper["seconds"], work, most)
    if arguments.json:
        found = {"device": name, "tflop": work, "product_tflops": most, "rows": rows}
        arguments.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
