"""Chooses the settings of `mini`'s presets, and reports how they score on other seeds.

`python benchmarks/presets.py choose` composes the prompts of each preset, or of the given pairs,
with each sound weight and picture start, seeds 0 to 3. It prints the setting with the most canvases
whose picture and sound both rank among the selector's first five of everything that `mini` draws
and plays. Ties go to the setting whose weaker side is stronger, then to the present one, then to
the one nearest to the default.

`report` makes seeds 10 to 17 of each preset as shipped, and prints the scores of the judge, of
classifiers by others and of loudness masking. None of these takes part in the choice.
"""

import argparse
import itertools
import statistics

from sonocanvas import RunConfig, generate
from sonocanvas.files.run_file import load_preset, preset_names, resolve
from sonocanvas.finish import make_vocoder
from sonocanvas.methods.compose import make_rule
from sonocanvas.models import load_pair
from sonocanvas.pairs import mini
from sonocanvas.scorers.judge import JUDGE
from sonocanvas.training.ranking import Ranking
from sonocanvas.training.report import heard, sample, share
from sonocanvas.types import ModelPair, Prompts
from sonocanvas.words.concepts import pictures, sounds

TOP = 5
WEIGHTS = (0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8)
STARTS = (0.9, 1.0)
DEFAULT = (0.6, 0.9)
CHOSEN_ON = [0, 1, 2, 3]
REPORTED = list(range(10, 18))
SCORERS = ("imagenet", "birdnet", "musicnn", "audibility")
PROMPTS = {
    "picture": [one.prompt for one in pictures()],
    "sound": [one.prompt for one in sounds()],
}


def shipped() -> dict[str, RunConfig]:
    """Returns the presets of `mini` that have prompts, by name."""
    given = {name: load_preset(name) for name in preset_names()}
    return {
        name: resolve({}, [name])
        for name, one in given.items()
        if one.get("pair") == "mini" and "image_prompt" in one
    }


def ranks(
    ranking: Ranking, pair: ModelPair, run: RunConfig, seeds: list[int]
) -> tuple[list[int], list[int]]:
    """Returns the ranks of picture and played sound among all concepts, from 0, by seed.

    Args:
        ranking: Towers with all prompts.
        pair: `mini`.
        run: Prompts and settings.
        seeds: The seeds.
    """
    prompts = Prompts(run.image_prompt, run.audio_prompt)
    canvases = sample(pair, prompts, seeds, make_rule(run), run)
    analysed = heard(canvases, make_vocoder(run, pair))
    looks = ranking.rank("picture", canvases, PROMPTS["picture"].index(prompts.image))
    plays = ranking.rank("sound", analysed, PROMPTS["sound"].index(prompts.audio))
    return looks.tolist(), plays.tolist()


def choose(pairs: list[str]) -> None:
    """Prints the selector's best setting for each preset, or for each pair `PICTURE+SOUND`."""
    pair, ranking = mini.load(), Ranking(mini.WEIGHTS, PROMPTS)
    print("| preset | setting | picture | sound | both |\n|---|---|---|---|---|")

    def row(name: str, setting: str, run: RunConfig) -> tuple[int, int]:
        looks, plays = ranks(ranking, pair, run, CHOSEN_ON)
        picture, sound = (sum(rank < TOP for rank in side) for side in (looks, plays))
        both = sum(max(places) < TOP for places in zip(looks, plays, strict=True))
        print(f"| {name} | {setting} | {picture} | {sound} | {both} |", flush=True)
        return both, min(picture, sound)

    runs = {
        one: resolve(dict(zip(("image_prompt", "audio_prompt"), one.split("+"), strict=True)))
        for one in pairs
    }
    for name, run in (runs or shipped()).items():
        found = {"as it is": (*row(name, "as it is", run), 1.0)}
        for weight, start in itertools.product(WEIGHTS, STARTS):
            changed = {
                "rule": {"name": "mean", "audio_weight": weight},
                "warm_start": {"image_start": start},
            }
            setting = f"weight {weight}, start {start}"
            far = abs(weight - DEFAULT[0]) + abs(start - DEFAULT[1])
            found[setting] = (
                *row(name, setting, RunConfig(**{**run.model_dump(), **changed})),
                -far,
            )
        print(f"best of {name}: {max(found, key=found.__getitem__)}", flush=True)


def report(names: list[str]) -> None:
    """Prints the scores of all presets, or of some, by scorers without a part in the choice."""
    runs = shipped()
    pair = load_pair(runs["owl-hoot"], "cpu")
    ranking = Ranking(JUDGE, PROMPTS)
    print(f"| preset | judge: picture | judge: sound | {' | '.join(SCORERS)} |")
    print("|---" * (len(SCORERS) + 3) + "|")
    for name in names or runs:
        run = runs[name]
        sides = ranks(ranking, pair, run, REPORTED)
        made = generate(run.model_copy(update={"seeds": REPORTED, "scores": SCORERS}), pair=pair)
        cells = [share(side, TOP) for side in sides]
        for scorer in SCORERS:
            values = [one.value for each in made for one in each.scores if one.name == scorer]
            cells.append(f"{statistics.mean(values):.2f}" if values else "")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("choose", "report"))
    parser.add_argument("names", nargs="*", help="PICTURE+SOUND to choose for; presets to report")
    arguments = parser.parse_args()
    {"choose": choose, "report": report}[arguments.what](arguments.names)
