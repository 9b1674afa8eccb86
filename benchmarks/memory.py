"""Peak memory of a pair at the paper's real size, with and without offload, by dtype.

`python benchmarks/memory.py` counts the memory, which needs neither a GPU nor the memory itself. It
runs the models on the meta device and counts every storage from its creation until it is freed; the
largest sum is the peak. Fused attention counts as its output only. What libraries hold outside of
tensors (the CUDA context, workspaces) is not counted. `--device cuda` runs the pipeline and reads
`torch.cuda.max_memory_allocated` instead. Weights are random, at SD's real width.
"""

import argparse
import json
import weakref
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import torch
from sd_models import TOKENS, new_pair
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from sonocanvas.canvas import decode_latents
from sonocanvas.pipeline.pipeline import SonoCanvasPipeline

GB = 1e9
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


class FusedAttention(TorchFunctionMode):
    """Replaces attention by its output, as a fused kernel holds no matrix of all token pairs."""

    def __torch_function__(
        self, function: Any, types: Any, arguments: Any = (), options: Any = None
    ) -> Any:
        """Returns an empty output for attention, and calls any other function."""
        if function is torch.nn.functional.scaled_dot_product_attention:
            return torch.empty_like(arguments[0] if arguments else options["query"])
        return function(*arguments, **(options or {}))


class LiveBytes(TorchDispatchMode):
    """Counts the bytes of storages created while it is active, and the peak of their sum."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0

    def __torch_dispatch__(
        self, function: Any, types: Any, arguments: Any = (), options: Any = None
    ) -> Any:
        """Returns the result of an operation, and counts its new storages."""
        made = function(*arguments, **(options or {}))
        given = {id(one.untyped_storage()) for one in _tensors((arguments, options))}
        for one in _tensors(made):
            storage = one.untyped_storage()
            if id(storage) not in given:
                self.now += storage.nbytes()
                weakref.finalize(storage, self._freed, storage.nbytes())
        self.peak = max(self.peak, self.now)
        return made

    def _freed(self, count: int) -> None:
        self.now -= count


def _tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


def peak_bytes(run: Callable[[], Any]) -> int:
    """Returns the peak bytes that a call allocates, beyond what existed before it."""
    counter = LiveBytes()
    with torch.inference_mode(), FusedAttention(), counter:
        run()
    return counter.peak


def weight_bytes(model: torch.nn.Module) -> int:
    """Returns the bytes of a model's parameters."""
    return sum(weight.nbytes for weight in model.parameters())


def counted_gb(batch: int, dtype: torch.dtype, tiny: bool) -> dict[str, dict[str, float]]:
    """Returns the peak in GB by stage, without and with offload, counted on the meta device.

    With offload, a stage holds only its own models. The picture model is loaded at the first step
    and stays to the end, as in `SonoCanvasPipeline`.
    """
    pair = new_pair("meta", dtype, tiny)
    latents = torch.empty(batch, *pair.latent_shape, device="meta")
    both_halves = latents.repeat(2, 1, 1, 1).to(dtype)
    width = pair.image_unet.config.cross_attention_dim
    text = torch.empty(2 * batch, TOKENS, width, device="meta", dtype=dtype)
    tokens = torch.empty(1, TOKENS, device="meta", dtype=torch.long)
    encoder, image_unet = pair.image_text_encoder, pair.image_unet
    stages = {
        "prompts": ([encoder], lambda: encoder(tokens)),
        "denoising": (
            [image_unet, pair.audio_unet],
            lambda: image_unet(both_halves, 500, encoder_hidden_states=text, return_dict=False),
        ),
        "decoding": ([image_unet, pair.vae], lambda: decode_latents(pair.vae, latents)),
    }
    every = sum(map(weight_bytes, (encoder, image_unet, pair.audio_unet, pair.vae)))
    found: dict[str, dict[str, float]] = {"no": {}, "models": {}}
    for stage, (models, run) in stages.items():
        working = peak_bytes(run)
        found["no"][stage] = (every + working) / GB
        found["models"][stage] = (sum(map(weight_bytes, models)) + working) / GB
    return found


def measured_gb(batch: int, dtype: torch.dtype, tiny: bool, offload: bool) -> float:
    """Returns the peak in GB of a pipeline call with two steps on a CUDA device."""
    pipe = SonoCanvasPipeline.from_pair(new_pair("cuda", dtype, tiny))
    pipe.set_progress_bar_config(disable=True)
    if offload:
        pipe.enable_model_cpu_offload()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    pipe("a word", "a word", num_inference_steps=2, num_images_per_prompt=batch)
    return torch.cuda.max_memory_allocated() / GB


def main() -> None:
    """Counts or measures every combination and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("meta", "cuda"), default="meta")
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 4])
    parser.add_argument("--tiny", action="store_true", help="a tenth of the width: a dry run")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for batch, (name, dtype) in product(arguments.batches, DTYPES.items()):
        counted = counted_gb(batch, dtype, arguments.tiny)
        for offload, stages in counted.items():
            row = {"batch": batch, "dtype": name, "offload": offload, **stages}
            row["peak"] = max(stages.values())
            if arguments.device == "cuda":
                row["measured"] = measured_gb(batch, dtype, arguments.tiny, offload != "no")
            rows.append(row)
    print(f"| {' | '.join(rows[0])} |")
    print("|---" * len(rows[0]) + "|")
    for row in rows:
        cells = [
            f"{cell:.1f} GB" if isinstance(cell, float) else str(cell) for cell in row.values()
        ]
        print(f"| {' | '.join(cells)} |")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
