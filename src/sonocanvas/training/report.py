"""How good the embedded pair is: a table and contact sheets of unselected seeds.

`python -m sonocanvas.training.report` judges the shipped weights with the towers that its text
encoder was trained with: a provisional judge. It writes `models.json` and the sheets.
"""

import argparse
import json
import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional
from transformers import ResNetModel

from sonocanvas.canvas import decode_latents, image_to_canvas
from sonocanvas.compose.mean import Mean
from sonocanvas.compose.warm_start import WarmStart
from sonocanvas.config import RunConfig
from sonocanvas.denoise import denoise, initial_noise, make_scheduler
from sonocanvas.pairs import mini
from sonocanvas.text import encode_prompts
from sonocanvas.training.towers import Towers, reduce_rows, tokenize
from sonocanvas.training.views import concepts, sound_canvas
from sonocanvas.types import MINI_FORMAT, ModelPair, Prompts, Rule
from sonocanvas.vocoders.griffin_lim import GriffinLim

SQUARE = 256


class Judge:
    """Ranks the 48 shared concepts for pictures and for canvases as sound."""

    def __init__(self, pair: ModelPair, folder: Path) -> None:
        self.towers = Towers(pair.image_text_encoder.config.vocab_size).eval()
        self.towers.text = pair.image_text_encoder
        for name in ("picture", "sound"):
            tower = ResNetModel.from_pretrained(folder / f"{name}_tower", dtype=torch.float32)
            setattr(self.towers, name, tower.eval())
        rows = concepts()
        self.read = {
            tower: self.towers.embed_text(
                tokenize(pair.image_tokenizer, [row[column].lower() for row in rows])
            )
            for tower, column in (("picture", "image_prompt"), ("sound", "audio_prompt"))
        }

    @torch.inference_mode()
    def similarity(self, tower: str, canvases: Tensor) -> Tensor:
        """Returns cosines `(batch, 48)` of canvases `(batch, 256, width)` in [0, 1].

        A picture wider than a square is seen in squares along its width; the mean counts.
        """
        if tower == "picture" and canvases.shape[-1] > SQUARE:
            starts = range(0, canvases.shape[-1] - SQUARE + 1, SQUARE)
            parts = [canvases[..., start : start + SQUARE] for start in starts]
            return torch.stack([self.similarity(tower, part) for part in parts]).mean(0)
        return self.towers.embed(tower, reduce_rows(canvases)) @ self.read[tower].T

    def rank(self, tower: str, canvases: Tensor, concept: int) -> Tensor:
        """Returns for each canvas how many concepts come before the right one."""
        cosines = self.similarity(tower, canvases)
        return (cosines > cosines[:, concept, None]).sum(1)


@torch.inference_mode()
def sample(
    pair: ModelPair, prompts: Prompts, seeds: list[int], rule: Rule, config: RunConfig
) -> Tensor:
    """Returns canvases `(seeds, 256, 1024)` made with the sampling of a run."""
    embeddings, _ = encode_prompts(pair, prompts)
    sampling = config.sampling
    latents = denoise(
        pair,
        embeddings,
        initial_noise(pair, seeds),
        make_scheduler(pair.scheduler_config, sampling.scheduler),
        rule,
        steps=sampling.steps,
        image_guidance_scale=sampling.image_guidance_scale,
        audio_guidance_scale=sampling.audio_guidance_scale,
    )
    return image_to_canvas(decode_latents(pair.vae, latents))


def heard(canvases: Tensor) -> Tensor:
    """Returns the canvases that are analysed from the sound of canvases."""
    sounds = GriffinLim()(canvases, MINI_FORMAT).samples.numpy()
    peaks = np.abs(sounds).max(axis=1, keepdims=True).clip(min=1e-6)
    analysed = [sound_canvas(sound) for sound in sounds / peaks * 0.95]
    return torch.from_numpy(np.stack(analysed)).float() / 255


def share(ranks: list[int], top: int) -> str:
    """Returns the share of ranks below `top` with its 95 % interval, in percent."""
    mean = float(np.mean([rank < top for rank in ranks]))
    half = 1.96 * math.sqrt(mean * (1 - mean) / len(ranks))
    return f"{100 * mean:.0f} ± {100 * half:.0f} %"


def save_sheet(rows: list[Tensor], path: Path) -> None:
    """Writes canvases, a row for each tensor `(seeds, 256, 1024)`, at a quarter of their size."""
    small = [functional.avg_pool2d(row[:, None], 4)[:, 0] for row in rows]
    lines = [
        torch.cat([functional.pad(part, (2, 2, 2, 2)) for part in row], dim=1) for row in small
    ]
    pixels: NDArray[np.uint8] = torch.cat(lines).clamp(0, 1).mul(255).byte().numpy()
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, optimize=True)


def single_models(
    pair: ModelPair, judge: Judge, config: RunConfig, seeds: list[int], out: Path
) -> dict[str, list[int]]:
    """Returns the ranks of the right concept for each model alone, and writes their sheets."""
    ranks: dict[str, list[int]] = {"image": [], "audio": []}
    sheets: dict[str, list[Tensor]] = {"image": [], "audio": []}
    for number, row in enumerate(concepts()):
        prompts = Prompts(row["image_prompt"], row["audio_prompt"])
        for modality, weight in (("image", 0.0), ("audio", 1.0)):
            canvases = sample(pair, prompts, seeds, Mean(weight), config)
            tower = "picture" if modality == "image" else "sound"
            seen = canvases if modality == "image" else heard(canvases)
            ranks[modality] += judge.rank(tower, seen, number).tolist()
            sheets[modality].append(canvases)
        print(number, row["id"], ranks["image"][-2:], ranks["audio"][-2:], flush=True)
    for modality, rows in sheets.items():
        save_sheet(rows, out / f"{modality}-alone.png")
    return ranks


def composed(
    pair: ModelPair, judge: Judge, config: RunConfig, seeds: list[int], out: Path
) -> list[int]:
    """Returns the worse of the two ranks of each composed canvas of 16 concepts with itself."""
    start = config.warm_start
    rule = WarmStart(Mean(config.rule.options["audio_weight"]), **start.options)
    worse: list[int] = []
    rows = []
    for number, row in list(enumerate(concepts()))[::3]:
        prompts = Prompts(row["image_prompt"], row["audio_prompt"])
        canvases = sample(pair, prompts, seeds, rule, config)
        looks = judge.rank("picture", canvases, number)
        sounds = judge.rank("sound", heard(canvases), number)
        worse += torch.maximum(looks, sounds).tolist()
        rows.append(canvases)
    save_sheet(rows, out / "composed.png")
    return worse


def main() -> None:
    """Prints the table and writes it with the sheets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/mini"))
    parser.add_argument("--seeds", type=int, default=4)
    arguments = parser.parse_args()
    pair = mini.load()
    judge = Judge(pair, mini.WEIGHTS)
    config = RunConfig(image_prompt="a castle", audio_prompt="a bell")
    seeds = list(range(arguments.seeds))
    ranks = single_models(pair, judge, config, seeds, arguments.out)
    both = composed(pair, judge, config, seeds, arguments.out)
    table = {
        "image model alone, 48 concepts": ranks["image"],
        "audio model alone, 48 concepts": ranks["audio"],
        "composed, 16 concepts, both": both,
    }
    lines = ["| measure | top 1 | top 5 | n |", "|---|---|---|---|"]
    for name, values in table.items():
        lines.append(f"| {name} | {share(values, 1)} | {share(values, 5)} | {len(values)} |")
    print("\n".join(lines))
    record = {"sampling": config.sampling.model_dump(), "seeds": seeds, "ranks": table}
    (arguments.out / "models.json").write_text(json.dumps(record) + "\n")


if __name__ == "__main__":
    main()
