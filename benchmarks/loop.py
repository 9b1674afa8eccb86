"""The paper's loop against ours: same weights, schedule, noise and threads, in one run.

`python benchmarks/loop.py --json FILE` prints samples per second and their ratio to the paper's
loop, in float32 and in bfloat16, and what each change adds. It also prints how far the latents are
from the paper's in float32, and how close the arithmetic comes to the speed of a large matrix
product on the same threads, which bounds the remaining gain.

Settings are measured in turn for `--repeats` rounds, and medians are reported. The first call of a
setting, with two steps and its compilation, is reported separately. `--threads 1` counts CPU
seconds, which other programs disturb less. The last line is our best ratio in the first dtype.
"""

import argparse
import copy
import dataclasses
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from paper_loop import sample_one
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from sonocanvas.compose.mean import Mean
from sonocanvas.compose.warm_start import WarmStart, first_step
from sonocanvas.denoise import denoise, initial_noise, make_scheduler
from sonocanvas.pairs import mini
from sonocanvas.text import encode_prompts
from sonocanvas.types import ModelPair, Prompts

PROMPTS = Prompts("a castle with towers", "tubular bells tolling")
GUIDANCE = 10.0
IMAGE_START = 0.9
AUDIO_WEIGHT = 0.5
LINE = (
    "| {setting} | {samples_per_s:.3f} | {ratio:.2f} | {apart:.0e} | {of_a_product:.0%} "
    "| {first_s:.1f} s |"
)
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


@dataclasses.dataclass(frozen=True)
class Setting:
    """One way of sampling.

    Attributes:
        name: Its name in the table.
        batch: Seeds at once; 0 is the paper's loop.
        channels_last: Whether the convolution weights are channels-last.
        compiled: Whether both models are compiled.
    """

    name: str
    batch: int
    channels_last: bool = False
    compiled: bool = False


def settings(seeds: int) -> list[Setting]:
    """Returns the settings, the paper's loop first."""
    return [
        Setting("the paper's loop", 0),
        Setting("ours, one seed at a time", 1),
        Setting(f"ours, {seeds} seeds at once", seeds),
        Setting("and channels last, as `generate`", seeds, channels_last=True),
        Setting("and compiled", seeds, channels_last=True, compiled=True),
    ]


def prepared(pair: ModelPair, setting: Setting, dtype: torch.dtype) -> ModelPair:
    """Returns the pair with copies of its two diffusion models, prepared for a setting."""
    layout = torch.channels_last if setting.channels_last else torch.contiguous_format
    unets = {
        name: copy.deepcopy(getattr(pair, name)).to(dtype).to(memory_format=layout)
        for name in ("image_unet", "audio_unet")
    }
    for unet in unets.values():
        if setting.compiled:
            unet.compile(dynamic=False)
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


def sampled(pair: ModelPair, setting: Setting, noise: Tensor, steps: int) -> Tensor:
    """Returns latents by the loop that a setting names."""
    if setting.batch == 0:
        return theirs(pair, noise, steps)
    return ours(pair, noise, steps, setting.batch)


def timed(make: Callable[[], Tensor]) -> tuple[float, Tensor]:
    """Returns the result of a call and its seconds: CPU time on one thread, otherwise wall time."""
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    began = clock()
    made = make()
    return clock() - began, made


def product_gflops(dtype: torch.dtype, side: int = 1024) -> float:
    """Returns the GFLOP/s of a product of two square matrices, the best of ten."""
    matrix = torch.randn(side, side).to(dtype)
    best_s = min(timed(lambda: matrix @ matrix)[0] for _ in range(10))
    return 2 * side**3 / best_s / 1e9


def work_gflop(pair: ModelPair, noise: Tensor, steps: int) -> float:
    """Returns the GFLOP of one sample by torch's counter, without the products in attention."""
    embeddings, _ = encode_prompts(pair, PROMPTS)
    both_halves = noise[:1].repeat(2, 1, 1, 1)
    counter = FlopCounterMode(display=False)
    with torch.inference_mode(), counter:
        pair.audio_unet(both_halves, 500, embeddings.audio.expand(2, -1, -1))
    return counter.get_total_flops() * (2 * steps - first_step(IMAGE_START, steps)) / 1e9


def measure(
    pair: ModelPair, dtype: torch.dtype, noise: Tensor, steps: int, repeats: int
) -> list[dict[str, Any]]:
    """Returns each setting's seconds, those of its first call (two steps), and its latents."""
    rows: list[dict[str, Any]] = []
    for setting in settings(len(noise)):
        models = prepared(pair, setting, dtype)
        first_s, _ = timed(lambda m=models, s=setting: sampled(m, s, noise, 2))
        rows.append({"setting": setting, "models": models, "first_s": first_s, "all_s": []})
    for _ in range(repeats):
        for row in rows:
            models, setting = row["models"], row["setting"]
            spent_s, row["latents"] = timed(lambda m=models, s=setting: sampled(m, s, noise, steps))
            row["all_s"].append(spent_s)
    for row in rows:
        row["seconds"] = statistics.median(row["all_s"])
    return rows


def compared(
    rows: list[dict[str, Any]], reference: Tensor, product_s: float, dtype: str
) -> list[dict[str, Any]]:
    """Returns the numbers of the table, each setting compared with the first.

    Args:
        rows: What `measure` returned.
        reference: Latents of the paper's loop in float32.
        product_s: Seconds for the same work at the speed of a matrix product.
        dtype: Name of the dtype.
    """
    return [
        {
            "setting": f"{row['setting'].name}, {dtype}",
            "dtype": dtype,
            "samples_per_s": len(reference) / row["seconds"],
            "ratio": rows[0]["seconds"] / row["seconds"],
            "apart": float((row["latents"] - reference).abs().max()),
            "of_a_product": product_s / row["seconds"],
            "first_s": row["first_s"],
            "all_s": row["all_s"],
        }
        for row in rows
    ]


def main() -> None:
    """Measures every setting and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--dtypes", nargs="+", choices=DTYPES, default=list(DTYPES))
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    pair, seeds, steps = mini.load(), arguments.seeds, arguments.steps
    noise = initial_noise(pair, range(seeds))
    exact = prepared(pair, settings(seeds)[0], torch.float32)
    reference = theirs(exact, noise, steps)
    work = work_gflop(exact, noise, steps)
    print("| setting | samples per s | ratio | latents apart | of a product | first call |")
    print("|---|---|---|---|---|---|")
    found: list[dict[str, Any]] = []
    for name in arguments.dtypes:
        peak = product_gflops(DTYPES[name])
        rows = measure(pair, DTYPES[name], noise, steps, arguments.repeats)
        found += compared(rows, reference, work * seeds / peak, name)
        for row in found[-len(rows) :]:
            print(LINE.format(**row), flush=True)
        print(f"| a product of matrices, {name}: {peak:.0f} GFLOP/s |||||")
    best = max(row["ratio"] for row in found if row["dtype"] == arguments.dtypes[0])
    if arguments.json:
        arguments.json.write_text(json.dumps({"ratio": best, "rows": found}, indent=1) + "\n")
    print(f"ratio {best:.1f}x")


if __name__ == "__main__":
    main()
