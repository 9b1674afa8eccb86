"""Where the time of one evaluation of `mini` goes: by part of the model, by batch size and dtype.

`python benchmarks/evaluation.py` counts CPU seconds on one thread, which other programs disturb
less than wall time. A row is one half of the guidance of one sample. Settings are measured in turn,
and medians are reported.
"""

import argparse
import copy
import statistics
import time
from collections import defaultdict
from itertools import product
from typing import Any

import torch

from sonocanvas.pairs import mini

LAYOUTS = {"rows first": torch.contiguous_format, "channels last": torch.channels_last}
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
PARTS = (
    "Conv2d",
    "FeedForward",
    "Attention",
    "GroupNorm",
    "LayerNorm",
    "SiLU",
    "TextTimeEmbedding",
)


def evaluate(unet: Any, rows: int) -> float:
    """Returns the CPU seconds of one evaluation of `rows` rows."""
    latents = torch.randn(rows, unet.config.in_channels, *unet.config.sample_size)
    text = torch.randn(rows, 16, unet.config.cross_attention_dim)
    began = time.thread_time()
    with torch.inference_mode():
        unet(latents.to(unet.dtype), 500, text.to(unet.dtype), return_dict=False)
    return time.thread_time() - began


def shares(unet: Any, rows: int, repeats: int) -> dict[str, float]:
    """Returns each kind of part's share of the time; attention includes its keys and values."""
    spent: dict[str, float] = defaultdict(float)
    for name, part in unet.named_modules():
        kind = type(part).__name__
        if name.endswith(("attn2.to_k", "attn2.to_v")):
            kind = "keys and values of the prompt"
        if kind in PARTS or " " in kind:
            part.forward = _timed(part.forward, spent, kind)
    evaluate(unet, rows)
    spent.clear()
    whole = sum(evaluate(unet, rows) for _ in range(repeats))
    return {kind: seconds / whole for kind, seconds in spent.items()}


def _timed(forward: Any, spent: dict[str, float], kind: str) -> Any:
    def wrapped(*arguments: Any, **options: Any) -> Any:
        began = time.thread_time()
        made = forward(*arguments, **options)
        spent[kind] += time.thread_time() - began
        return made

    return wrapped


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", nargs="+", type=int, default=[2, 4, 8, 16, 32])
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    unet = mini.load().audio_unet
    settings = {
        f"{dtype}, {layout}": copy.deepcopy(unet).to(DTYPES[dtype], memory_format=LAYOUTS[layout])
        for dtype, layout in product(DTYPES, LAYOUTS)
    }
    spent: dict[tuple[str, int], list[float]] = defaultdict(list)
    for _ in range(arguments.repeats + 1):
        for (name, model), rows in product(settings.items(), arguments.rows):
            spent[name, rows].append(1000 * evaluate(model, rows) / rows)
    print(f"| CPU ms a row, rows at once: | {' | '.join(map(str, arguments.rows))} |")
    print("|---" * (len(arguments.rows) + 1) + "|")
    for name in settings:
        cells = [f"{statistics.median(spent[name, rows][1:]):.1f}" for rows in arguments.rows]
        print(f"| {name} | {' | '.join(cells)} |")
    print("\n| part of an evaluation in float32, channels last | share |\n|---|---|")
    for kind, share in sorted(shares(unet, 16, arguments.repeats).items(), key=lambda one: -one[1]):
        print(f"| {kind} | {100 * share:.1f} % |")


if __name__ == "__main__":
    main()
