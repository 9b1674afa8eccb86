"""A run as one static page that works from disk."""

import html
import shlex
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

from sonocanvas.canvas import MAX_DURATION_S, row_of
from sonocanvas.errors import InvalidInputError
from sonocanvas.files.artifacts import sample_folders
from sonocanvas.files.pictures import size_of
from sonocanvas.files.records import read_record
from sonocanvas.files.writing import write_text
from sonocanvas.formats import read_format
from sonocanvas.show.meters import is_plain, numbers, told
from sonocanvas.types import CanvasFormat

PAGE = Path(__file__).parent.parent / "data" / "gallery.html"
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
PITCHES_HZ = (62.5, 125, 250, 500, 1000, 2000, 4000, 8000, 16000)
"""Pitches that can label a canvas, if there is space."""
NEAREST = 0.15
"""Least distance between two pitch labels, as a share of the canvas's height."""
STEPS_S = (1, 2, 5, 10, 30, 60, 120)
COLOUR = Template('<img src="$folder/colour.png" alt="Seed $seed in colour: $image_prompt">\n')
GRAY = Template('<img src="$folder/canvas.png" alt="Canvas of seed $seed: $image_prompt"$hidden>')
VIDEO = Template(
    '<video controls preload="none" poster="$folder/canvas.png" src="$folder/$file" '
    'aria-label="Video of seed $seed"></video>'
)
ARTICLE = Template("""<article aria-labelledby="seed-$seed">
<div class="sheet">
<ol class="pitch" aria-hidden="true">$pitches</ol>
<div class="scroll"><div$width>
<button class="canvas" type="button" aria-label="Play or pause seed $seed">
$pictures<b hidden></b><i></i>
</button>
<ol class="time" aria-hidden="true">$times</ol>
</div></div>
</div>
<div class="below">
<h2 id="seed-$seed">seed $seed$kept</h2>
<audio controls preload="metadata" src="$folder/audio.wav" aria-label="$audio_prompt"></audio>
$toggle<dl>
$scores
</dl>
<nav aria-label="Files of seed $seed">$links</nav>
</div>$video
</article>""")
COMMAND = Template('<pre><code>$text</code><button class="copy" type="button">copy</button></pre>')


def write_gallery(folder: Path) -> Path:
    """Writes ``index.html`` for the samples in a run folder and returns its path.

    Everything on the page comes from the samples' own records; it needs no server. If the run was
    ranked, the best samples come first.

    Raises:
        InvalidInputError: The folder holds no sample, or cannot be written.
    """
    samples = [(path.name, read_record(path)) for path in sample_folders(folder)]
    try:
        page = _page(folder, samples)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidInputError(f"'{folder}' has a record that cannot be shown: {error}.") from None
    index = folder / "index.html"
    write_text(index, page)
    return index


def _page(folder: Path, samples: list[tuple[str, dict[str, Any]]]) -> str:
    samples.sort(key=lambda sample: (_rank(sample[1]).get("place", 0), sample[1]["seed"]))
    record = samples[0][1]
    prompts = _escaped(record["prompts"])
    return Template(PAGE.read_text("utf-8")).substitute(
        title=f"{prompts['image']} × {prompts['audio']}",
        image_prompt=prompts["image"],
        audio_prompt=prompts["audio"],
        facts=_facts(record),
        notes="\n".join(f"<p>{html.escape(note)}</p>" for note in record.get("notes", [])),
        articles="\n".join(_article(folder / name, sample) for name, sample in samples),
        commands=_commands(folder, max(sample["seed"] for _, sample in samples)),
    )


def renew_gallery(folder: Path) -> None:
    """Updates the page of a run if it has one.

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
    how |= {"method": method["name"]} if isinstance(method, dict) else {}  # formerly just a name
    if "rule" in record:  # not every method uses a rule or a scheduler
        how["rule"] = record["rule"]["name"]
    if "scheduler" in record["sampling"]:
        how["sampler"] = "{scheduler}, {steps} steps".format_map(record["sampling"])
    return _definitions(negative | how)


def _article(sample: Path, record: dict[str, Any]) -> str:
    folder = quote(sample.name)
    there = [quote(path.name) for pattern in FILES for path in sorted(sample.glob(pattern))]
    links = [f'<a href="{folder}/{file}" download>{file}</a>' for file in there]
    values = {
        score["name"]: f"{score['value']:.2f} {score['unit']}".strip() for score in record["scores"]
    }
    plain, rank = is_plain(record["prompts"]["image"], record), _rank(record)
    scores = told({score["name"]: score["value"] for score in record["scores"]}, plain)
    scores |= numbers(values, rank.get("by", ()), raw=False, plain=plain)
    if rank:
        scores = {"place": f"{rank['place']} of {rank['of']}", **scores}
    prompts, coloured = _escaped(record["prompts"]), "colour.png" in there
    shown = {"seed": record["seed"], "folder": folder, "image_prompt": prompts["image"]}
    gray = GRAY.substitute(shown, hidden=" hidden" if coloured else "")
    fmt = read_format(record["canvas_format"])
    width, _ = size_of(sample / "canvas.png")
    duration_s = width * fmt.hop_samples / fmt.sample_rate_hz
    if duration_s > MAX_DURATION_S + 1:
        raise InvalidInputError(
            f"The canvas of '{sample}' lasts {duration_s:.0f} s; at most {MAX_DURATION_S} s can be "
            "shown."
        )
    wide = duration_s > LONG_S  # it scrolls in its frame
    return ARTICLE.substitute(
        shown,
        width=f' style="width: {round(duration_s * PIXELS_A_SECOND)}px"' if wide else "",
        pitches=_pitches(fmt),
        times=_times(duration_s),
        kept=" · kept" if rank.get("kept") else "",
        pictures=(COLOUR.substitute(shown) if coloured else "") + gray,
        toggle='<button class="toggle" type="button">gray</button>\n' if coloured else "",
        audio_prompt=prompts["audio"],
        scores=_definitions(scores),
        links=" ".join(links),
        video="".join(
            "\n" + VIDEO.substitute(shown, file=file) for file in there if file.endswith(".mp4")
        ),
    )


def _pitches(fmt: CanvasFormat) -> str:
    """Returns the pitch labels next to a canvas, lowest first."""
    labels, last = [], 0.0
    for pitch_hz in PITCHES_HZ:
        if not fmt.f_min_hz < pitch_hz < fmt.f_max_hz:
            continue
        share = row_of(pitch_hz, fmt) / fmt.mels
        if last + NEAREST / 2 <= share <= 0.97:
            text = f"{pitch_hz / 1000:g} kHz" if pitch_hz >= 1000 else f"{pitch_hz:g} Hz"
            labels.append(f'<li style="bottom: {100 * share:.1f}%">{text}</li>')
            last = share + NEAREST / 2
    return "".join(labels)


def _times(duration_s: float) -> str:
    """Returns the time labels below a canvas."""
    most = 6 if duration_s <= LONG_S else duration_s * PIXELS_A_SECOND / 160
    step_s = next((step for step in STEPS_S if duration_s / step <= most), STEPS_S[-1])
    return "".join(
        f'<li style="left: {100 * time / duration_s:.1f}%">{_clock(time)}</li>'
        for time in range(0, int(duration_s * 0.97) + 1, step_s)
    )


def _clock(time_s: int) -> str:
    return f"{time_s} s" if time_s < 60 else f"{time_s // 60}:{time_s % 60:02d}"


def _commands(folder: Path, last_seed: int) -> str:
    """Returns commands to copy: one makes the run again, one makes more like it."""
    if not (folder / "run.toml").exists():
        return ""
    name = folder.absolute().name
    more = f"--seeds {last_seed + 1}-{last_seed + 4} "
    commands = (
        COMMAND.substitute(text=html.escape(f"sonocanvas generate --preset run.toml {seeds}{out}"))
        for seeds, out in (
            ("", f"--out {shlex.quote(f'../{name}-again')}"),
            (more, f"--out {shlex.quote(f'../{name}-more')}"),
        )
    )
    return "\n".join([*commands, '<p><a href="run.toml" download>run.toml</a>: all settings</p>'])


def _rank(record: dict[str, Any]) -> dict[str, Any]:
    return dict(record.get("rank") or {})


def _definitions(facts: dict[str, str]) -> str:
    pairs = _escaped(facts).items()
    return "\n".join(
        f"<div><dt>{html.escape(key)}</dt><dd>{value}</dd></div>" for key, value in pairs
    )


def _escaped(texts: dict[str, str]) -> dict[str, str]:
    return {key: html.escape(text) for key, text in texts.items()}
