"""Turns runs into a study: a page with pairs of anonymous videos, and the key next to it."""

import dataclasses
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from string import Template

from sonocanvas.errors import InvalidInputError
from sonocanvas.files.artifacts import load_sample, sample_folder, sample_folders
from sonocanvas.files.run_file import load_config
from sonocanvas.files.run_folder import RUN_FILE
from sonocanvas.files.writing import write_text
from sonocanvas.protocols import OnWarning
from sonocanvas.show.video import write_video
from sonocanvas.study import REPEATS
from sonocanvas.study.records import RESULTS_FORMAT, Clip, Key
from sonocanvas.types import Sample, Waveform

PAGE = Path(__file__).parent.parent / "data" / "study.html"
TOLD_TIME_S = 946_684_800  # same modification time for all videos, to hide the method
LEVEL_DB = -30.0  # relative to full scale: low enough for the peaks of almost all sounds

Item = tuple[str, str, int]
"""What two compared samples must have in common: prompts and seed."""


def make_study(
    runs: Sequence[Path],
    folder: Path,
    repeats: int = REPEATS,
    on_warning: OnWarning | None = None,
    on_video: Callable[[int, int], None] | None = None,
) -> Key:
    """Writes the page, the videos and the key of a study, and returns the key.

    The method of the first run is compared with every other, for all prompts and seeds of which
    both have a sample. Videos are named by a digest of their bytes and are equally loud. The same
    runs give the same study.

    Args:
        runs: Folders of runs or of samples, of at least two methods.
        folder: The folder for raters; `FOLDER-key.json` next to it is the key.
        repeats: Number of pairs that each rater sees again with the sides swapped, at most half of
            all pairs.
        on_warning: Called with a warning about omitted samples.
        on_video: Called after each video, with the number of finished videos and the total.

    Raises:
        InvalidInputError: A run is incomplete, all runs have the same method, two methods share no
            prompts and seed, two samples are the same, or the folder or the key exists.
    """
    for path in (folder, key_path(folder)):
        if path.exists():
            raise InvalidInputError(f"'{path}' exists; a study never overwrites another.")
    if repeats < 0:
        raise InvalidInputError(f"repeats must be 0 or more, not {repeats}.")
    clips = [clip for run in runs for clip in _clips(run)]
    compared = _compared(clips, on_warning)
    partial = folder.with_name(f"{folder.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        (partial / "media").mkdir(parents=True)
        names = _write_videos(partial / "media", compared, on_video)
        key = _key(compared, names)
        write_text(partial / "index.html", _page(key, repeats))
        write_text(key_path(folder), key.model_dump_json(indent=2) + "\n")
        partial.rename(folder)
    except OSError as error:
        raise InvalidInputError(f"Cannot write '{folder}': {error.strerror or error}.") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return key


def key_path(folder: Path) -> Path:
    """Returns the path of the key of a study: next to its folder, never inside."""
    return folder.parent / f"{folder.name}-key.json"


def _clips(run: Path) -> list[Clip]:
    """Returns the clips of a run, after reading all of it."""
    folders = sample_folders(run)
    if (run / RUN_FILE).exists():
        seeds = load_config(run / RUN_FILE).seeds
        missing = [str(seed) for seed in seeds if not sample_folder(run, seed).exists()]
        if missing:
            raise InvalidInputError(
                f"'{run}' is incomplete and lacks seed {', '.join(missing)}; finish the run, or "
                "give the folders of its samples."
            )
    return [_clip(folder) for folder in folders]


def _clip(folder: Path) -> Clip:
    sample = load_sample(folder)
    method = sample.record.get("method")
    name = method.get("name") if isinstance(method, dict) else None
    if not isinstance(name, str):
        raise InvalidInputError(f"'{folder}/sample.json' does not say which method made it.")
    return Clip(
        method=name,
        image_prompt=sample.prompts.image,
        audio_prompt=sample.prompts.audio,
        seed=sample.seed,
        sample=folder.as_posix(),
    )


def _compared(clips: Sequence[Clip], on_warning: OnWarning | None) -> list[tuple[Clip, Clip]]:
    """Returns the pairs to compare, each starting with the first run's method."""
    by_method: dict[str, dict[Item, Clip]] = {}
    for clip in clips:
        made = by_method.setdefault(clip.method, {})
        item = (clip.image_prompt, clip.audio_prompt, clip.seed)
        if item in made:
            raise InvalidInputError(
                f"'{made[item].sample}' and '{clip.sample}' both have method '{clip.method}', "
                "the same prompts and the same seed; give one of them."
            )
        made[item] = clip
    (method, ours), *others = by_method.items()
    if not others:
        raise InvalidInputError(
            f"All runs have method '{method}'; a study compares at least two methods."
        )
    pairs = []
    for other, theirs in others:
        shared = [item for item in ours if item in theirs]
        if not shared:
            raise InvalidInputError(
                f"The runs of '{method}' and '{other}' share no prompts and seed; make both with "
                "the same prompts and seeds."
            )
        pairs += [(ours[item], theirs[item]) for item in shared]
    used = {clip.sample for pair in pairs for clip in pair}
    left_out = [clip.sample for clip in clips if clip.sample not in used]
    if left_out and on_warning:
        on_warning(f"Left out, since there is nothing to compare with: {', '.join(left_out)}.")
    return pairs


def _write_videos(
    media: Path,
    compared: Iterable[tuple[Clip, Clip]],
    on_video: Callable[[int, int], None] | None,
) -> dict[str, str]:
    """Writes each video once and returns their names, by the folder of the sample."""
    names: dict[str, str] = {}
    samples = list(dict.fromkeys(clip.sample for pair in compared for clip in pair))
    for sample in samples:
        beside = media / "next.mp4"
        write_video(beside, blinded(load_sample(Path(sample))))
        name = hashlib.sha256(beside.read_bytes()).hexdigest()[:12]
        twin = next((other for other, its_name in names.items() if its_name == name), None)
        if twin:
            raise InvalidInputError(f"'{twin}' and '{sample}' look and sound the same.")
        names[sample] = name
        os.utime(beside, (TOLD_TIME_S, TOLD_TIME_S))
        beside.rename(media / f"{name}.mp4")
        if on_video:
            on_video(len(names), len(samples))
    return names


def blinded(sample: Sample) -> Sample:
    """Returns a sample whose video does not reveal its method: no record, and the same loudness.

    Its RMS level is `LEVEL_DB`, or as close to it as the peaks allow.
    """
    samples, rate = sample.waveform.samples, sample.waveform.sample_rate_hz
    rms = float(samples.square().mean().sqrt())
    gain = 10 ** (LEVEL_DB / 20) / rms if rms else 1.0
    return dataclasses.replace(sample, record={}, waveform=Waveform(samples * gain, rate))


def _key(compared: Iterable[tuple[Clip, Clip]], names: dict[str, str]) -> Key:
    pairs = tuple((names[ours.sample], names[theirs.sample]) for ours, theirs in compared)
    clips = {names[clip.sample]: clip for pair in compared for clip in pair}
    told = [[name, clip.model_dump(exclude={"sample"})] for name, clip in sorted(clips.items())]
    digest = hashlib.sha256(json.dumps([told, sorted(pairs)]).encode()).hexdigest()
    return Key(
        format="sonocanvas-study-key-1",
        study=digest[:12],
        method=clips[pairs[0][0]].method,
        clips=clips,
        pairs=pairs,
    )


def _page(key: Key, repeats: int) -> str:
    """Returns the page; its pairs are in the order of their names, which reveals nothing."""
    pairs = [
        {
            "clips": sorted(pair),
            "image": key.clips[pair[0]].image_prompt,
            "audio": key.clips[pair[0]].audio_prompt,
        }
        for pair in sorted(key.pairs, key=sorted)
    ]
    study = {"id": key.study, "results": RESULTS_FORMAT, "repeats": repeats, "pairs": pairs}
    text = json.dumps(study, ensure_ascii=False)
    for sign in "<>&":  # safe both in a JSON string and in a page
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Template(PAGE.read_text("utf-8")).substitute(study=text)
