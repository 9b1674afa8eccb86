"""Reports how good the embedded pair is: a table and contact sheets of unselected seeds.

`python -m sonocanvas.training.report --pack packs/mini.zip` evaluates the shipped weights with the
judge, which took no part in their training, and the judge on held-out data. It prints the tables
and writes `models.json` and the sheets.
"""

import argparse
import itertools
import json
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.stats import binomtest
from torch import Tensor
from torch.nn import functional

from sonocanvas.canvas import decode_latents, image_to_canvas
from sonocanvas.compose.mean import Mean
from sonocanvas.compose.warm_start import WarmStart
from sonocanvas.config import RunConfig
from sonocanvas.denoise import denoise, initial_noise, make_scheduler
from sonocanvas.finish import make_vocoder
from sonocanvas.pairs import mini
from sonocanvas.protocols import Rule, Vocoder
from sonocanvas.scorers.judge import JUDGE
from sonocanvas.text import encode_prompts
from sonocanvas.training import held_out
from sonocanvas.training.autoencoder import psnr_db
from sonocanvas.training.pack import read_pack
from sonocanvas.training.ranking import Ranking
from sonocanvas.training.views import concepts, sound_canvas
from sonocanvas.types import MINI_FORMAT, ModelPair, Prompts
from sonocanvas.words.concepts import pictures, sounds

CHUNK = 8


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
        guidance_interval=sampling.guidance_interval,
    )
    return image_to_canvas(decode_latents(pair.vae, latents))


def heard(canvases: Tensor, vocoder: Vocoder) -> Tensor:
    """Returns the canvases analysed from the sounds of canvases."""
    sounds = vocoder(canvases, MINI_FORMAT).samples.numpy()
    peaks = np.abs(sounds).max(axis=1, keepdims=True).clip(min=1e-6)
    analysed = [sound_canvas(sound) for sound in sounds / peaks * 0.95]
    return torch.from_numpy(np.stack(analysed)).float() / 255


def share(ranks: list[int], top: int) -> str:
    """Returns the share of ranks below `top` with Wilson's 95 % interval, in percent."""
    right = sum(rank < top for rank in ranks)
    low, high = binomtest(right, len(ranks)).proportion_ci(method="wilson")
    return f"{100 * right / len(ranks):.0f} ({100 * low:.0f} to {100 * high:.0f}) %"


def save_sheet(rows: list[Tensor], path: Path, shrink: int = 4) -> None:
    """Writes canvases at reduced size, a row for each tensor `(seeds, height, width)`."""
    small = [functional.avg_pool2d(row[:, None], shrink)[:, 0] for row in rows]
    lines = [
        torch.cat([functional.pad(part, (2, 2, 2, 2)) for part in row], dim=1) for row in small
    ]
    pixels: NDArray[np.uint8] = torch.cat(lines).clamp(0, 1).mul(255).byte().numpy()
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, optimize=True)


def single_models(
    pair: ModelPair, judge: Ranking, config: RunConfig, seeds: list[int], out: Path
) -> dict[str, list[int]]:
    """Returns the ranks of the right concept for each model alone, and writes their sheets."""
    ranks: dict[str, list[int]] = {"image": [], "audio": []}
    sheets: dict[str, list[Tensor]] = {"image": [], "audio": []}
    for number, row in enumerate(concepts()):
        prompts = Prompts(row["image_prompt"], row["audio_prompt"])
        for modality, weight in (("image", 0.0), ("audio", 1.0)):
            canvases = sample(pair, prompts, seeds, Mean(weight), config)
            tower = "picture" if modality == "image" else "sound"
            seen = canvases if modality == "image" else heard(canvases, make_vocoder(config, pair))
            ranks[modality] += judge.rank(tower, seen, number).tolist()
            sheets[modality].append(canvases)
        print(number, row["id"], ranks["image"][-2:], ranks["audio"][-2:], flush=True)
    for modality, rows in sheets.items():
        save_sheet(rows, out / f"{modality}-alone.png")
    return ranks


def others(
    pair: ModelPair, judge: Path, config: RunConfig, seeds: list[int], out: Path
) -> dict[str, list[int]]:
    """Returns the ranks of the concepts that are not shared, each among all concepts of its model.

    Writes their sheets, with four concepts per row.
    """
    shared = {row["id"] for row in concepts()}
    known = {"picture": pictures(), "sound": sounds()}
    ranking = Ranking(judge, {tower: [one.prompt for one in all_] for tower, all_ in known.items()})
    ranks: dict[str, list[int]] = {}
    for tower, all_ in known.items():
        weight, ranks[tower], canvases = float(tower == "sound"), [], []
        for number, one in enumerate(all_):
            if one.name in shared:
                continue
            made = sample(pair, Prompts(one.prompt, one.prompt), seeds, Mean(weight), config)
            seen = made if tower == "picture" else heard(made, make_vocoder(config, pair))
            ranks[tower] += ranking.rank(tower, seen, number).tolist()
            canvases.append(made[0])
        rows = [torch.stack(canvases[start : start + 4]) for start in range(0, len(canvases), 4)]
        rows[-1] = functional.pad(rows[-1], (0, 0, 0, 0, 0, 4 - len(rows[-1])))
        save_sheet(rows, out / f"other-{tower}s.png")
    return ranks


def composed(
    pair: ModelPair, judge: Ranking, config: RunConfig, seeds: list[int], out: Path
) -> dict[str, list[int]]:
    """Returns the ranks of 16 concepts composed with their own sounds, and writes the sheet.

    `both` is the worse of the two ranks of each canvas.
    """
    rule = WarmStart(Mean(config.rule.options["audio_weight"]), **config.warm_start.options)
    ranks: dict[str, list[int]] = {"picture": [], "sound": [], "both": []}
    rows = []
    for number, row in list(enumerate(concepts()))[::3]:
        prompts = Prompts(row["image_prompt"], row["audio_prompt"])
        canvases = sample(pair, prompts, seeds, rule, config)
        looks = judge.rank("picture", canvases, number)
        sounds = judge.rank("sound", heard(canvases, make_vocoder(config, pair)), number)
        for name, found in zip(ranks, (looks, sounds, torch.maximum(looks, sounds)), strict=True):
            ranks[name] += found.tolist()
        rows.append(canvases)
    save_sheet(rows, out / "composed.png")
    return ranks


def unseen(pack: Path, recordings: Path | None) -> Iterator[held_out.HeldOut]:
    """Yields the sets that training never saw; real recordings only if a cache is given."""
    content = read_pack(pack)
    yield held_out.drawings(content)
    yield held_out.synthesizers()
    yield held_out.soundfont_keys(content)
    if recordings is not None:
        yield held_out.recordings(recordings)


def measure_unseen(
    pair: ModelPair, judge: Ranking, items: held_out.HeldOut
) -> tuple[list[float], list[int]]:
    """Returns the autoencoder's PSNR in dB and the judge's rank of the right concept, by item."""
    ratios: list[float] = []
    ranks: list[int] = []
    for start in range(0, len(items.concepts), CHUNK):
        gray = torch.from_numpy(items.canvases[start : start + CHUNK]).float() / 255
        ratios += psnr_db(pair.vae, (gray * 2 - 1)[:, None].expand(-1, 3, -1, -1)).tolist()
        asked = items.concepts[start : start + CHUNK]
        ranks += judge.rank(items.tower, gray, asked).tolist()
    return ratios, ranks


def of_many(items: held_out.HeldOut, ranks: list[int], fewest: int = 5) -> list[int]:
    """Returns the ranks of the items whose concept has `fewest` items or more."""
    count = Counter(items.concepts)
    return [
        rank
        for rank, concept in zip(ranks, items.concepts, strict=True)
        if count[concept] >= fewest
    ]


def print_ranks(table: dict[str, list[int]]) -> None:
    """Prints a table of shares of right concepts."""
    print("| measure | top 1 | top 5 | n |\n|---|---|---|---|")
    for name, ranks in table.items():
        if not ranks:
            continue
        print(f"| {name} | {share(ranks, 1)} | {share(ranks, 5)} | {len(ranks)} |")


def main() -> None:
    """Prints the tables and writes them with the sheets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/mini"))
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--pack", type=Path, help="pack whose held-out items are judged too")
    parser.add_argument("--recordings", type=Path, help="cache of the real recordings, likewise")
    arguments = parser.parse_args()
    pair, judge = mini.load(), Ranking(JUDGE)
    config = RunConfig(image_prompt="a castle", audio_prompt="a bell")
    record: dict[str, object] = {
        "sampling": config.sampling.model_dump(),
        "vocoder": config.vocoder.name,
    }
    if arguments.pack is not None:
        accuracy: dict[str, list[int]] = {}
        print("| autoencoder, held-out | PSNR | n |\n|---|---|---|")
        for items in unseen(arguments.pack, arguments.recordings):
            ratios, ranks = measure_unseen(pair, judge, items)
            accuracy[f"judge, held-out {items.name}"] = ranks
            accuracy[f"the same, concepts of 5 {items.name} or more"] = of_many(items, ranks)
            half = 1.96 * np.std(ratios) / math.sqrt(len(ratios))
            print(f"| {items.name} | {np.mean(ratios):.1f} ± {half:.1f} dB | {len(ratios)} |")
            record[f"psnr_db {items.name}"] = [round(ratio, 2) for ratio in ratios]
        print_ranks(accuracy)
        record |= accuracy
    seeds = list(range(arguments.seeds))
    alone = single_models(pair, judge, config, seeds, arguments.out)
    pairs = composed(pair, judge, config, seeds, arguments.out)
    table = {f"{modality} model alone, 48 concepts": ranks for modality, ranks in alone.items()}
    table |= {f"composed, 16 concepts, {name}": ranks for name, ranks in pairs.items()}
    for tower, ranks in others(pair, JUDGE, config, seeds[:1], arguments.out).items():
        table[f"other {tower}s, among all"] = ranks
    longest = {row["id"] for row in concepts()}
    offered = [one.offered for one in pictures() if one.name not in longest]
    drawn = table["other pictures, among all"]
    table["other pictures that are offered, among all"] = list(itertools.compress(drawn, offered))
    print_ranks(table)
    record |= {"seeds": seeds, **table}
    (arguments.out / "models.json").write_text(json.dumps(record) + "\n")


if __name__ == "__main__":
    main()
