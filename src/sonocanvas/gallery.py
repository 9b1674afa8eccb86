"""What people look at: a run as one static page that works from disk."""

import html
import json
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

from sonocanvas.errors import InvalidInputError
from sonocanvas.files import write_text

PAGE = Path(__file__).parent / "data" / "gallery.html"
FILES = (
    "canvas.png",
    "image.png",
    "colour*.png",
    "audio.wav",
    "video*.mp4",
    "haptics.*",
    "sample.json",
)
LONG_S, PIXELS_A_SECOND = 20, 53
COLOUR = Template('<img src="$folder/colour.png" alt="Seed $seed in colour: $image_prompt">\n')
ARTICLE = Template("""<article aria-labelledby="seed-$seed">
<div class="scroll">
<button class="canvas" type="button" aria-label="Play or pause seed $seed"$width>
$colour<img src="$folder/canvas.png" alt="Canvas of seed $seed: $image_prompt"><i></i>
</button>
</div>
<div class="below">
<h2 id="seed-$seed">seed $seed$kept</h2>
<audio controls preload="metadata" src="$folder/audio.wav" aria-label="$audio_prompt"></audio>
<dl>
$scores
</dl>
<nav aria-label="Files of seed $seed">$links</nav>
</div>
</article>""")


def write_gallery(folder: Path) -> Path:
    """Writes ``index.html`` for the samples in a run folder and returns its path.

    Everything on the page comes from the samples' own records; it needs no server. Where the run
    kept some, the samples stand in the order of their places.

    Raises:
        InvalidInputError: The folder holds no sample, or cannot be written.
    """
    described = [path for path in folder.glob("*/sample.json") if not path.parent.suffix]
    samples = [(path.parent.name, json.loads(path.read_text("utf-8"))) for path in described]
    if not samples:
        raise InvalidInputError(f"'{folder}' holds no sample to show.")
    samples.sort(key=lambda sample: (_rank(sample[1]).get("place", 0), sample[1]["seed"]))
    record = samples[0][1]
    prompts = _escaped(record["prompts"])
    page = Template(PAGE.read_text("utf-8")).substitute(
        title=f"{prompts['image']} × {prompts['audio']}",
        image_prompt=prompts["image"],
        audio_prompt=prompts["audio"],
        facts=_facts(record),
        notes="\n".join(f"<p>{html.escape(note)}</p>" for note in record.get("notes", [])),
        articles="\n".join(_article(folder / name, sample) for name, sample in samples),
    )
    index = folder / "index.html"
    write_text(index, page)
    return index


def renew_gallery(folder: Path) -> None:
    """Writes the page of a run anew, if it has one.

    Args:
        folder: Folder of the run or of one of its samples.

    Raises:
        InvalidInputError: As `write_gallery`.
    """
    run = folder.absolute().parent if (folder / "sample.json").exists() else folder
    if (run / "index.html").exists():
        write_gallery(run)


def _facts(record: dict[str, Any]) -> str:
    negative = {
        f"without, {model}": record["prompts"][f"negative_{model}"]
        for model in ("image", "audio")
        if record["prompts"][f"negative_{model}"]
    }
    method = record.get("method")
    how = {"models": record["pair"]["name"]}
    how |= {"method": method["name"]} if isinstance(method, dict) else {}  # once a name alone
    if "rule" in record:  # not every method reads one, or takes the steps of a scheduler
        how["rule"] = record["rule"]["name"]
    if "scheduler" in record["sampling"]:
        how["sampler"] = "{scheduler}, {steps} steps".format_map(record["sampling"])
    return _definitions(negative | how)


def _article(sample: Path, record: dict[str, Any]) -> str:
    folder = quote(sample.name)
    there = [path.name for pattern in FILES for path in sorted(sample.glob(pattern))]
    links = [f'<a href="{folder}/{file}" download>{file}</a>' for file in there]
    scores = {
        score["name"].replace("_", " "): f"{score['value']:.2f} {score['unit']}".strip()
        for score in record["scores"]
    }
    rank = _rank(record)
    if rank:
        scores = {"place": f"{rank['place']} of {rank['of']}", **scores}
    prompts = _escaped(record["prompts"])
    shown = {"seed": record["seed"], "folder": folder, "image_prompt": prompts["image"]}
    return ARTICLE.substitute(
        shown,
        width=_width(record),
        kept=" · kept" if rank.get("kept") else "",
        colour=COLOUR.substitute(shown) if "colour.png" in there else "",
        audio_prompt=prompts["audio"],
        scores=_definitions(scores),
        links=" ".join(links),
    )


def _width(record: dict[str, Any]) -> str:
    """Returns how wide a canvas is drawn that is too long for the page; it moves in its frame."""
    long_s = float(record.get("duration_s", 0))
    return f' style="width: {round(long_s * PIXELS_A_SECOND)}px"' if long_s > LONG_S else ""


def _rank(record: dict[str, Any]) -> dict[str, Any]:
    return dict(record.get("rank") or {})


def _definitions(facts: dict[str, str]) -> str:
    pairs = _escaped(facts).items()
    return "\n".join(
        f"<div><dt>{html.escape(key)}</dt><dd>{value}</dd></div>" for key, value in pairs
    )


def _escaped(texts: dict[str, str]) -> dict[str, str]:
    return {key: html.escape(text) for key, text in texts.items()}
