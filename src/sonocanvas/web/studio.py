"""The studio without its page: plain functions on a folder of runs.

Every try is an ordinary run folder. Canvases are made one at a time, in a thread that reports each
step and stops on request.
"""

import queue
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from sonocanvas.canvas import canvas_to_bytes, decode_latents, image_to_canvas
from sonocanvas.config import RunConfig
from sonocanvas.errors import InvalidInputError, SonoCanvasError, unknown
from sonocanvas.files.artifacts import load_sample, sample_folders
from sonocanvas.files.inspection import inspect
from sonocanvas.files.run_file import resolve
from sonocanvas.files.run_folder import RUN_FILE
from sonocanvas.files.writing import digest_of
from sonocanvas.generate import generate
from sonocanvas.models import load_pair, pick_device
from sonocanvas.registry import COLOURISERS, METHODS, PAIRS, RULES, SEARCHES, VOCODERS
from sonocanvas.scene.layers import MODEL_KINDS
from sonocanvas.scene.placing import resized
from sonocanvas.show.gallery import write_gallery
from sonocanvas.show.video import write_videos
from sonocanvas.types import ModelPair, Prompts, Step
from sonocanvas.values import MAX_SEED
from sonocanvas.web.uploads import Uploads
from sonocanvas.words.atlas import warning_of
from sonocanvas.words.concepts import pictures, sounds

SHORTEST_WAIT_S = 0.05
MENUS = {
    "method": METHODS,
    "search": SEARCHES,
    "rule": RULES,
    "vocoder": VOCODERS,
    "colour": COLOURISERS,
    "pair": PAIRS,
}
"""What a visitor can choose: no folder, no name on the Hub and no code."""


class StoppedError(SonoCanvasError):
    """The canvas was stopped by the visitor who asked for it."""


@dataclass(frozen=True)
class Progress:
    """The progress of a run.

    Attributes:
        picture: The first canvas as predicted now; `None` before the first step.
        step, steps: Finished steps of this batch, and their total.
        done, seeds: Finished seeds, and their total.
    """

    picture: Image.Image | None
    step: int
    steps: int
    done: int
    seeds: int


@dataclass(frozen=True)
class Finished:
    """A finished run.

    Attributes:
        name: Its folder in the root.
        notes: Warnings about its prompts.
    """

    name: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Opened:
    """A SonoCanvas canvas that a visitor continues from.

    Attributes:
        picture: The canvas.
        name: The run in this studio that made it; empty if none did.
        seed: Seed of its noise; `None` if unknown.
        prompts: Its prompts, if a run in this studio made it.
    """

    picture: Image.Image
    name: str = ""
    seed: int | None = None
    prompts: Prompts | None = None


@dataclass
class Studio:
    """The runs in a folder, and the models that make more.

    Attributes:
        root: Folder of the runs; created if missing.
        device: `auto`, `cpu`, `cuda` or `mps`.
    """

    root: Path
    device: str = "auto"
    _pairs: dict[str, ModelPair] = field(default_factory=dict, repr=False)
    _busy: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        pick_device(self.device)
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidInputError(f"Cannot make '{self.root}': {error.strerror}.") from None

    @property
    def uploads(self) -> Uploads:
        """The uploaded files."""
        return Uploads(self.root / "uploads")

    def config_of(self, asked: Mapping[str, Any]) -> RunConfig:
        """Returns the run that the page asks for.

        Args:
            asked: `image_prompt`, `audio_prompt`, `image_file`, `audio_file` and `strength`;
                `layers`, lines as `Uploads.layers_of` reads them; `audio_weight`, `seed`, `tries`,
                `steps`, `duration_s`, and names of entries: `method`, `search`, `rule`,
                `vocoder`, `colour`, `pair`. Empty values keep their default.

        Raises:
            InvalidInputError: A value is not allowed; nothing is made.
        """
        given = {key: value for key, value in asked.items() if value not in (None, "", [])}
        for kind, known in MENUS.items():
            if given.get(kind) not in (None, *known):
                raise unknown(kind, str(given[kind]), known)
        layers: list[Any] = self.uploads.layers_of(given.pop("layers", ""))
        kept = {"strength": given.pop("strength")} if "strength" in given else {}
        for model, kind in MODEL_KINDS.items():
            file = given.pop(f"{model}_file", None)
            if file is not None:
                path = self.uploads.keep(Path(file), kind)
                prompt = given.get(f"{model}_prompt", "")
                layers.append({"kind": kind, "file": str(path), "prompt": prompt} | kept)
                name = re.sub(r"[\W_]+", " ", Path(file).stem).strip()
                given.setdefault(f"{model}_prompt", name or kind)  # the visitor's own file name
        seed, tries = int(given.pop("seed", 0)), int(given.pop("tries", 1))
        if not 0 <= seed <= MAX_SEED - 64 or not 1 <= tries <= 64:
            raise InvalidInputError(
                f"The seed must be 0 or more and the tries 1 to 64, not {seed} and {tries}."
            )
        values: dict[str, Any] = {"seeds": list(range(seed, seed + tries)), "layers": layers}
        if "steps" in given:
            values["sampling"] = {"steps": int(given.pop("steps"))}
        weight = given.pop("audio_weight", None)
        rule = given.pop("rule", "mean")
        values["rule"] = {"name": rule}
        if weight is not None and rule == "mean":
            values["rule"]["audio_weight"] = float(weight)
        if "duration_s" in given:
            given["duration_s"] = float(given["duration_s"])
        return resolve({**given, **values})

    def open(self, path: Path) -> Opened:
        """Returns an uploaded SonoCanvas canvas and what is known about it.

        Raises:
            InvalidInputError: It cannot be read, or is not a SonoCanvas canvas.
        """
        found = inspect(self.uploads.keep(path, "picture"))
        if found.canvas is None:
            raise InvalidInputError(
                f"'{path.name}' is not a SonoCanvas canvas; use it as your own picture instead."
            )
        picture = Image.fromarray(canvas_to_bytes(found.canvas))
        size, digest = path.stat().st_size, digest_of(path)
        for name in self.runs():
            for folder in sample_folders(self.root / name):
                canvas = folder / "canvas.png"
                if canvas.stat().st_size == size and digest_of(canvas) == digest:
                    sample = load_sample(folder)
                    return Opened(picture, name, sample.seed, sample.prompts)
        return Opened(picture, seed=found.origin.seed if found.origin else None)

    def make_videos(self, name: str) -> None:
        """Makes the videos of a run and adds them to its page.

        Raises:
            InvalidInputError: There is no such run.
        """
        folder = self.folder(name)
        for _ in write_videos(folder):
            pass
        write_gallery(folder)

    def make(
        self, config: RunConfig, stop: threading.Event, newest: bool = False
    ) -> Iterator[Progress | Finished]:
        """Yields each step of a run, and finally its name.

        Args:
            config: What to make.
            stop: Set by another thread to stop the run; finished samples are kept.
            newest: Whether to skip steps that later ones have overtaken, for a slow reader.

        Raises:
            StoppedError: The run was stopped early.
            SonoCanvasError: The run failed.
        """
        events: queue.Queue[Progress | Finished | BaseException] = queue.Queue()
        worker = threading.Thread(target=self._work, args=(config, stop, events.put), daemon=True)
        worker.start()
        try:
            while True:
                event = events.get()
                while newest and isinstance(event, Progress) and not events.empty():
                    event = events.get()
                if isinstance(event, BaseException):
                    raise event
                yield event
                if isinstance(event, Finished):
                    return
        finally:
            stop.set()  # nobody is watching any more

    def runs(self) -> list[str]:
        """Returns the names of the runs, newest first."""
        root = self.root.resolve()
        found = [
            path
            for path in self.root.glob(f"*/{RUN_FILE}")
            if any(path.parent.glob("0*"))
            and path.resolve().is_relative_to(root)  # no links out of it
        ]
        found.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        return [path.parent.name for path in found]

    def thumbnail(self, name: str) -> Path:
        """Returns the first canvas of a run.

        Raises:
            InvalidInputError: There is no such run.
        """
        return sample_folders(self.folder(name))[0] / "canvas.png"

    def folder(self, name: str) -> Path:
        """Returns the folder of a run.

        Raises:
            InvalidInputError: There is no such run.
        """
        if name not in self.runs():
            raise InvalidInputError(f"There is no run '{name[:80]}'.")
        return self.root / name

    def canvas_of(self, name: str) -> Image.Image:
        """Returns the first canvas of a run as a picture to draw on."""
        sample = load_sample(self.thumbnail(name).parent)
        return Image.fromarray(canvas_to_bytes(sample.canvas))

    def _pair(self, config: RunConfig, warn: Callable[[str], None]) -> ModelPair:
        """Returns the models of a run; they stay loaded for the next."""
        key = repr((config.pair, config.image_model, config.audio_model, config.sampling.dtype))
        if key not in self._pairs:
            self._pairs.clear()  # one at a time
            self._pairs[key] = load_pair(config, pick_device(self.device), warn)
        return self._pairs[key]

    def _work(self, config: RunConfig, stop: threading.Event, put: Callable[[Any], None]) -> None:
        """Makes a run and puts each step, its end or its error into the queue."""
        notes: list[str] = []
        try:
            while not self._busy.acquire(timeout=SHORTEST_WAIT_S):
                if stop.is_set():
                    raise StoppedError("Stopped before it started.")
            try:
                put(Finished(self._made(config, stop, put, notes.append), tuple(notes)))
            finally:
                self._busy.release()
        except BaseException as error:
            put(error)

    def _made(
        self,
        config: RunConfig,
        stop: threading.Event,
        put: Callable[[Any], None],
        warn: Callable[[str], None],
    ) -> str:
        pair, done = self._pair(config, warn), 0
        if told := warning_of(config):
            warn(told)
        shown = resized(pair, config.duration_s)

        def on_step(step: Step, clean: torch.Tensor) -> None:
            if stop.is_set():
                raise StoppedError("Stopped; finished samples are kept.")
            picture = predicted(shown, clean)
            put(Progress(picture, step.index + 1, step.count, done, len(config.seeds)))

        def on_sample(sample: object) -> None:
            nonlocal done
            done += 1
            if stop.is_set() and done < len(config.seeds):
                raise StoppedError("Stopped; finished samples are kept.")

        put(Progress(None, 0, config.sampling.steps, 0, len(config.seeds)))
        out = self._new_folder(config)
        try:
            generate(config, out, on_step=on_step, on_sample=on_sample, on_warning=warn, pair=pair)
        finally:
            if any(out.glob("*/sample.json")):
                write_gallery(out)
        return out.name

    def _new_folder(self, config: RunConfig) -> Path:
        """Returns a folder that does not exist yet, named after the prompts."""
        words = re.sub(r"\W+", "-", f"{config.image_prompt} {config.audio_prompt}".lower())
        stem = words.strip("-")[:48].strip("-") or "run"
        number = 1
        while (self.root / f"{stem}-{number:03d}").exists():
            number += 1
        return self.root / f"{stem}-{number:03d}"


@torch.no_grad()
def predicted(pair: ModelPair, clean: torch.Tensor) -> Image.Image:
    """Returns the first of a batch of predicted clean latents as a picture."""
    canvas = image_to_canvas(decode_latents(pair.vae, clean[:1]))[0]
    return Image.fromarray(canvas_to_bytes(canvas[:, : canvas.shape[1] - pair.crop_columns]))


def known_prompts() -> tuple[list[str], list[str]]:
    """Returns the prompts that `mini` draws, and those that it plays, as far as it does so well."""
    return [one.prompt for one in pictures() if one.offered], [one.prompt for one in sounds()]
