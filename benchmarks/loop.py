"""The paper's loop against ours: same weights, schedule, noise and threads, in one run.

`python benchmarks/loop.py --json FILE` prints samples per second and their ratio, for float32 and
bfloat16, with what each change adds, and how far the latents are apart. Latents are compared
in float32. The last line is the ratio of our fastest setting to the paper's loop, both in float32.
"""

import argparse
import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path

import torch
from paper_loop import sample_one
from torch import Tensor

from sonocanvas.compose.mean import Mean
from sonocanvas.compose.warm_start import WarmStart
from sonocanvas.denoise import denoise, initial_noise, make_scheduler
from sonocanvas.pairs import mini
from sonocanvas.text import encode_prompts
from sonocanvas.types import ModelPair, Prompts

PROMPTS = Prompts("a castle with towers", "tubular bells tolling")
GUIDANCE = 10.0
IMAGE_START = 0.9
AUDIO_WEIGHT = 0.5


def cast(pair: ModelPair, dtype: torch.dtype, channels_last: bool = False) -> ModelPair:
    """Returns a pair whose two diffusion models have a dtype and a memory layout."""
    layout = torch.channels_last if channels_last else torch.contiguous_format
    unets = {
        name: getattr(pair, name).to(dtype).to(memory_format=layout)
        for name in ("image_unet", "audio_unet")
    }
    return dataclasses.replace(pair, **unets)


def theirs(pair: ModelPair, noise: Tensor, steps: int) -> Tensor:
    """Returns latents by the paper's loop."""
    latents = [
        sample_one(
            pair,
            PROMPTS.image,
            PROMPTS.audio,
            one[None],
            steps=steps,
            image_guidance=GUIDANCE,
            audio_guidance=GUIDANCE,
            image_start=IMAGE_START,
            audio_weight=AUDIO_WEIGHT,
        )
        for one in noise
    ]
    return torch.cat(latents)


def ours(pair: ModelPair, noise: Tensor, steps: int, batch: int) -> Tensor:
    """Returns latents by our loop, `batch` seeds at once."""
    embeddings, _ = encode_prompts(pair, PROMPTS)
    rule = WarmStart(Mean(AUDIO_WEIGHT), image_start=IMAGE_START, audio_start=1.0)
    latents = [
        denoise(
            pair,
            embeddings,
            part,
            make_scheduler(pair.scheduler_config, "ddim"),
            rule,
            steps=steps,
            image_guidance_scale=GUIDANCE,
            audio_guidance_scale=GUIDANCE,
        )
        for part in noise.split(batch)
    ]
    return torch.cat(latents)


def timed(make: Callable[[], Tensor]) -> tuple[float, Tensor]:
    """Returns the seconds of a call and what it made."""
    began = time.perf_counter()
    made = make()
    return time.perf_counter() - began, made


def main() -> None:
    """Measures every setting and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    pair = mini.load()
    noise = initial_noise(pair, list(range(arguments.seeds)))
    steps, seeds = arguments.steps, arguments.seeds
    ours(pair, noise[:1], 2, 1)  # warm-up
    base_s, reference = timed(lambda: theirs(pair, noise, steps))
    rows: list[tuple[str, float, Tensor]] = [("the paper's loop, float32", base_s, reference)]
    for name, dtype, layout, batch in (
        ("ours, one seed at a time, float32", torch.float32, False, 1),
        (f"ours, {seeds} seeds at once, float32", torch.float32, False, seeds),
        ("and channels last", torch.float32, True, seeds),
        (f"ours, {seeds} seeds at once, bfloat16", torch.bfloat16, False, seeds),
        ("and channels last, bfloat16", torch.bfloat16, True, seeds),
    ):
        models = cast(pair, dtype, layout)
        rows.append((name, *timed(lambda m=models, b=batch: ours(m, noise, steps, b))))
    models = cast(pair, torch.bfloat16)
    rows.append(("the paper's loop, bfloat16", *timed(lambda: theirs(models, noise, steps))))
    print("| setting | samples per second | ratio | largest difference of latents |")
    print("|---|---|---|---|")
    found = []
    for name, seconds, latents in rows:
        apart = float((latents - reference).abs().max())
        ratio = base_s / seconds
        found.append({"setting": name, "seconds": seconds, "ratio": ratio, "apart": apart})
        print(f"| {name} | {seeds / seconds:.3f} | {ratio:.2f} | {apart:.1e} |")
    best = max(row["ratio"] for row in found[1:4])
    if arguments.json:
        arguments.json.write_text(json.dumps({"ratio": best, "rows": found}, indent=1) + "\n")
    print(f"ratio {best:.1f}x")


if __name__ == "__main__":
    main()
