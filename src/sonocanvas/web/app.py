"""The page of the studio and what its buttons call; the only file that imports Gradio."""

import functools
import html
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr
from fastapi import FastAPI
from gradio.utils import get_upload_folder
from PIL import Image
from starlette.staticfiles import StaticFiles

from sonocanvas.compose.mean import Mean
from sonocanvas.errors import SonoCanvasError
from sonocanvas.registry import COLOURISERS, METHODS, PAIRS, RULES, SEARCHES, VOCODERS
from sonocanvas.scene.layers import MODEL_KINDS, MODEL_OF, STRENGTH
from sonocanvas.web.door import Door
from sonocanvas.web.studio import Finished, Progress, Studio, known_prompts
from sonocanvas.web.uploads import MOST_BYTES, Uploads

STYLE = (Path(__file__).parent.parent / "data" / "studio.css").read_text("utf-8")
FIELDS = (
    *("image_prompt", "audio_prompt", "image_file", "audio_file", "strength", "audio_weight"),
    *("seed", "tries", "steps", "duration_s", "layers", "method", "search", "rule", "vocoder"),
    *("colour", "pair"),
)
"""The page's inputs, in order."""

Show = Callable[[str], str]
"""Returns the page of a run as HTML, given its name."""

FIRST = ("an owl", "an owl hooting")
"""The prompts of a new page, which `mini` draws and plays well."""

NOTHING = "<p class='hint'>Your canvas appears here. Say what it should look and sound like.</p>"
SHOWN = (
    '<iframe class="run" src="{root}/runs/{name}/index.html?{now}" title="Run {name}" '
    'sandbox="allow-scripts allow-same-origin allow-downloads"></iframe>'
)


def new_app(
    studio: Studio, root_path: str = "", auth: list[tuple[str, str]] | None = None
) -> FastAPI:
    """Returns the studio as a web application.

    Runs are served at `/runs`; everything else is Gradio's. Nothing outside the folder of runs is
    served, and symbolic links in it are not followed.

    Args:
        studio: The runs.
        root_path: Path under which a proxy serves it.
        auth: Names with their passwords; `None` lets everyone in.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.mount("/runs", StaticFiles(directory=studio.root, follow_symlink=False), name="runs")
    app.add_middleware(Door, uploads=Path(get_upload_folder()).resolve())
    page: FastAPI = gr.mount_gradio_app(
        app,
        new_page(studio, root_path),
        path="/",
        root_path=root_path or None,
        auth=auth,
        max_file_size=MOST_BYTES,
        allowed_paths=[],
        show_error=True,
        ssr_mode=False,
        theme=gr.themes.Base(
            primary_hue="amber",
            neutral_hue="stone",
            font=["ui-sans-serif", "system-ui", "sans-serif"],
            font_mono=["ui-monospace", "monospace"],
        ),
        css=STYLE,
        footer_links=["api"],
    )
    return page


def new_page(studio: Studio, root_path: str = "") -> gr.Blocks:
    """Returns the page: prompts and files on the left, the result on the right."""
    show = functools.partial(shown, studio, root_path)
    with gr.Blocks(title="SonoCanvas", analytics_enabled=False, fill_width=True) as page:
        gr.Markdown("# Sono<span>Canvas</span>\nOne canvas that is a picture and a sound at once.")
        with gr.Row(elem_classes="desk"):
            with gr.Column(scale=2, min_width=300):
                asked = asked_for()
                layer_cards(studio.uploads, asked["layers"], page.load)
            with gr.Column(scale=5, min_width=320):
                made = made_there()
        making(studio, show, asked, made)
        looking(studio, show, asked, made)
        gr.api(interface(studio), api_name="make", concurrency_id="models")
        fresh = functools.partial(loaded, studio, show)
        page.load(fresh, None, [made["run"], made["name"], made["gallery"]], api_name=False)
    page.queue(default_concurrency_limit=4, max_size=64)
    return page


def asked_for() -> dict[str, Any]:
    """Returns the inputs by the names of `FIELDS`, and the buttons that make and stop."""
    drawn, played = known_prompts()
    asked: dict[str, Any] = {}
    asked["image_prompt"] = gr.Dropdown(
        drawn, value=FIRST[0], allow_custom_value=True, label="Looks like"
    )
    asked["audio_prompt"] = gr.Dropdown(
        played, value=FIRST[1], allow_custom_value=True, label="Sounds like"
    )
    asked["audio_weight"] = gr.Slider(
        0, 1, Mean().audio_weight, step=0.05, label="More picture ← → more sound"
    )
    with gr.Row():
        asked["make"] = gr.Button("Make it", variant="primary", elem_id="make")
        asked["stop"] = gr.Button("Stop", variant="stop", elem_id="stop")
    with gr.Accordion("Your own picture or sound", open=False):
        asked["image_file"] = gr.Image(
            type="filepath", sources=["upload", "clipboard"], label="Picture"
        )
        asked["audio_file"] = gr.Audio(
            type="filepath", sources=["upload", "microphone"], label="Sound"
        )
        asked["strength"] = gr.Slider(
            0, 1, STRENGTH, step=0.05, label="How much of it to keep (1: all of it)"
        )
    with gr.Accordion("Go on from a canvas", open=False):
        asked["canvas"] = gr.File(
            label="The PNG of a SonoCanvas canvas", file_types=[".png"], height=120
        )
    with gr.Accordion("More", open=False):
        with gr.Row():
            asked["seed"] = gr.Number(0, precision=0, minimum=0, label="Seed")
            asked["tries"] = gr.Number(1, precision=0, minimum=1, maximum=64, label="Tries")
        with gr.Row():
            asked["duration_s"] = gr.Number(0, label="Length in s (0: the models' own)")
            asked["steps"] = gr.Number(16, precision=0, minimum=1, label="Steps")
        asked["method"] = gr.Dropdown(list(METHODS), value="compose", label="Method")
        asked["search"] = gr.Dropdown(["", *SEARCHES], value="", label="Search")
        asked["rule"] = gr.Dropdown(list(RULES), value="mean", label="Rule")
        asked["vocoder"] = gr.Dropdown(["", *VOCODERS], value="", label="Vocoder")
        asked["colour"] = gr.Dropdown(["", *COLOURISERS], value="", label="Colour")
        asked["pair"] = gr.Dropdown(list(PAIRS), value="mini", label="Models")
    asked["layers"] = gr.Textbox(visible=False, label="Layers, one per line")
    for model in MODEL_KINDS:  # no model draws over a file unless a prompt is typed afterwards
        asked[f"{model}_file"].upload(lambda: None, None, asked[f"{model}_prompt"], api_name=False)
    return asked


def layer_cards(uploads: Uploads, lines: gr.Textbox, load: Any) -> None:
    """Shows each layer as a card that can be removed, and a form to add one.

    Args:
        uploads: Files of the layers.
        lines: The layers, one per line.
        load: The event of the page being loaded.
    """

    def cards(text: str | None) -> None:
        kept = (text or "").splitlines()
        for number, line in enumerate(kept):
            with gr.Row(elem_classes="card", equal_height=True):
                gr.HTML(f"<p>{html.escape(line)}</p>")
                remove = gr.Button(f"Remove layer {number + 1}", size="sm", min_width=90)
            rest = "\n".join(kept[:number] + kept[number + 1 :])
            remove.click(functools.partial(str, rest), None, lines, api_name=False)

    with gr.Accordion("Layers", open=False, elem_id="layers"):
        gr.render(inputs=lines, triggers=[load, lines.change])(cards)
        kind = gr.Radio(list(MODEL_OF), value="sound", label="What it is")
        prompt = gr.Textbox(label="Prompt, for a model to draw it", placeholder="a bell ringing")
        file = gr.File(label="Or a file", file_types=["image", "audio"], height=100)
        with gr.Row():
            ends = [gr.Number(None, minimum=0, label=label) for label in ("From s", "To s")]
        with gr.Row():
            band = [
                gr.Number(None, minimum=0, label=label) for label in ("Lowest Hz", "Highest Hz")
            ]
        level = gr.Slider(-60, 0, 0, step=1, label="Level in dB")
        strength = gr.Slider(0, 1, STRENGTH, step=0.05, label="How much of the file to keep")
        add = gr.Button("Add the layer", elem_id="add-layer")

    def added(text: str | None, *given: Any) -> tuple[str, str, None]:
        kind, prompt, file, start, end, low, high, level, strength = given
        try:
            line = uploads.layer_line(
                kind, prompt or "", file, (start, end), (low, high), level, strength
            )
        except SonoCanvasError as error:
            raise gr.Error(str(error)) from None
        return "\n".join([*(text or "").splitlines(), line]), "", None

    form = [kind, prompt, file, *ends, *band, level, strength]
    add.click(added, [lines, *form], [lines, prompt, file], api_name=False)


def made_there() -> dict[str, Any]:
    """Returns the elements that show the result, and the buttons that work on it."""
    made: dict[str, Any] = {"stop_flag": gr.State(None), "name": gr.State("")}
    made["preview"] = gr.Image(
        label="What the models see", interactive=False, height=230, elem_id="preview"
    )
    made["status"] = gr.Markdown("", elem_id="status")
    made["run"] = gr.HTML(NOTHING, elem_id="run")
    with gr.Row():
        made["again"] = gr.Button("More like this")
        made["best"] = gr.Button("Search the best of 16")
        made["video"] = gr.Button("Make a video", elem_id="video")
        made["pin"] = gr.Button("Pin to compare")
    made["pinned"] = gr.HTML("", elem_id="pinned")
    with gr.Accordion("Draw on it", open=False):
        made["editor"] = gr.ImageEditor(
            type="pil",
            image_mode="RGBA",
            sources=["upload"],
            canvas_size=(1024, 256),
            brush=gr.Brush(colors=["#ffffff", "#888888", "#000000"], default_size=6),
            label="White is loud, black is silent; left to right is time",
        )
        with gr.Row():
            made["take"] = gr.Button("Take the canvas above")
            made["hear"] = gr.Button("Hear the drawing")
    made["gallery"] = gr.Gallery(
        label="All runs", columns=3, height="auto", allow_preview=False, elem_id="all"
    )
    return made


def making(studio: Studio, show: Show, asked: dict[str, Any], made: dict[str, Any]) -> None:
    """Connects the buttons that make a canvas."""
    inputs = [asked[field] for field in FIELDS]
    shown_in = ("preview", "status", "run", "name", "gallery", "stop_flag")
    outputs = [made[one] for one in shown_in]

    def anew(*values: Any, **changes: Any) -> Iterator[list[Any]]:
        yield from made_of(studio, show, dict(zip(FIELDS, values, strict=True)) | changes)

    def like_this(*values: Any) -> Iterator[list[Any]]:
        yield from anew(*values, seed=int(values[FIELDS.index("seed")] or 0) + 1)

    def searched(*values: Any) -> Iterator[list[Any]]:
        yield from anew(*values, method="compose", search="halving")

    def heard(edited: dict[str, Any] | None) -> Iterator[list[Any]]:
        picture = flattened(edited)
        if picture is None:
            raise gr.Error("Nothing is drawn yet.")
        layer = f"picture {studio.uploads.keep_drawing(picture)} stretch gamma=1.0 100%"
        yield from made_of(studio, show, {"layers": layer, "image_prompt": "a drawing"})

    for button, make in (
        (asked["make"], anew),
        (made["again"], like_this),
        (made["best"], searched),
    ):
        button.click(make, inputs, outputs, api_name=False, concurrency_id="models")
    made["hear"].click(heard, made["editor"], outputs, api_name=False, concurrency_id="models")
    asked["stop"].click(stopped, made["stop_flag"], made["status"], api_name=False, queue=False)


def looking(studio: Studio, show: Show, asked: dict[str, Any], made: dict[str, Any]) -> None:
    """Connects the buttons that work on an existing canvas."""
    name, run, status = made["name"], made["run"], made["status"]

    def chosen(event: gr.SelectData) -> tuple[str, str]:
        names = studio.runs()
        one = names[event.index] if event.index < len(names) else ""
        return show(one), one

    def filmed(one: str) -> Iterator[tuple[Any, str]]:
        if not one:
            raise gr.Error("Nothing is made yet.")
        yield gr.skip(), "Making the video …"
        try:
            studio.make_videos(one)
        except SonoCanvasError as error:
            raise gr.Error(str(error)) from None
        yield show(one), "The video is below the canvas."

    def opened(path: str) -> tuple[Any, ...]:
        try:
            found = studio.open(Path(path))
        except SonoCanvasError as error:
            raise gr.Error(str(error)) from None
        same, prompts = gr.skip(), found.prompts
        seed = same if found.seed is None else found.seed
        where = f"the run {found.name}" if found.name else "no run here; you can draw on it below"
        return (
            found.picture,
            show(found.name) if found.name else same,
            found.name or same,
            f"The canvas belongs to {html.escape(where)}.",
            seed,
            prompts.image if prompts else same,
            prompts.audio if prompts else same,
        )

    made["pin"].click(show, name, made["pinned"], api_name=False)
    made["take"].click(
        lambda one: studio.canvas_of(one) if one else None, name, made["editor"], api_name=False
    )
    made["gallery"].select(chosen, None, [run, name], api_name=False)
    made["video"].click(filmed, name, [run, status], api_name=False, concurrency_id="models")
    known = [asked[one] for one in ("seed", "image_prompt", "audio_prompt")]
    outputs = [made["editor"], run, name, status, *known]
    asked["canvas"].upload(opened, asked["canvas"], outputs, api_name=False)


def made_of(studio: Studio, show: Show, asked: dict[str, Any]) -> Iterator[list[Any]]:
    """Yields what the page shows during a run: each step, and then the result."""
    flag, same = threading.Event(), gr.skip()
    try:
        config = studio.config_of(asked)
        yield [same, "Loading the models …", same, same, same, flag]
        for event in studio.make(config, flag, newest=True):
            if isinstance(event, Progress):
                yield [event.picture or same, told(event), same, same, same, flag]
            elif isinstance(event, Finished):
                notes = " ".join(html.escape(note) for note in event.notes)
                yield [same, f"Done. {notes}", show(event.name), event.name, tiles(studio), None]
    except SonoCanvasError as error:
        yield [same, html.escape(str(error)), same, same, tiles(studio), None]


def interface(studio: Studio) -> Callable[..., dict[str, Any]]:
    """Returns the function behind `/make`, which makes a run and returns its name, files and notes.

    Its arguments are those that `Studio.config_of` reads; files are uploaded beforehand.
    """

    def make(
        image_prompt: str = "",
        audio_prompt: str = "",
        seed: int = 0,
        tries: int = 1,
        audio_weight: float = Mean().audio_weight,
        steps: int = 16,
        duration_s: float = 0.0,
        layers: str = "",
        method: str = "",
        search: str = "",
        vocoder: str = "",
        image_file: gr.FileData | None = None,
        audio_file: gr.FileData | None = None,
        strength: float = STRENGTH,
    ) -> dict[str, Any]:
        given = dict(locals())
        asked = {key: given[key] for key in FIELDS if key in given}
        asked |= {key: one and one["path"] for key, one in asked.items() if key.endswith("_file")}
        name, notes = "", tuple[str, ...]()
        try:
            for event in studio.make(studio.config_of(asked), threading.Event()):
                if isinstance(event, Finished):
                    name, notes = event.name, event.notes
        except SonoCanvasError as error:
            raise gr.Error(str(error)) from None
        files = sorted(path for path in studio.folder(name).rglob("*") if path.is_file())
        paths = [f"/runs/{quote(path.relative_to(studio.root).as_posix())}" for path in files]
        return {"name": name, "files": paths, "notes": list(notes)}

    return make


def told(progress: Progress) -> str:
    """Returns the progress of a run in words."""
    if progress.picture is None:
        return "Reading the prompts …"
    tries = f", {progress.done} of {progress.seeds} done" if progress.seeds > 1 else ""
    return f"Step {progress.step} of {progress.steps}{tries}"


def stopped(flag: threading.Event | None) -> str:
    """Asks a run to stop after its current step."""
    if flag is None:
        return "Nothing is being made."
    flag.set()
    return "Stopping …"


def shown(studio: Studio, root_path: str, name: str) -> str:
    """Returns the current page of a run, embedded in this page."""
    if not name:
        return NOTHING
    index = studio.root / name / "index.html"
    now = index.stat().st_mtime_ns if index.exists() else 0
    return SHOWN.format(root=root_path, name=html.escape(quote(name)), now=now)


def loaded(studio: Studio, show: Show) -> tuple[str, str, list[Any]]:
    """Returns what a new page shows: the newest run and all runs."""
    names = studio.runs()
    newest = names[0] if names else ""
    return show(newest), newest, tiles(studio)


def tiles(studio: Studio) -> list[tuple[Image.Image, str]]:
    """Returns the first canvas and the name of each run, newest first."""
    made = []
    for name in studio.runs():
        with Image.open(studio.thumbnail(name)) as picture:
            made.append((picture.convert("L"), name))
    return made


def flattened(edited: dict[str, Any] | None) -> Image.Image | None:
    """Returns a drawing over black, or `None` if nothing is drawn."""
    picture = (edited or {}).get("composite")
    if picture is None or picture.convert("RGBA").getbbox() is None:
        return None
    black = Image.new("RGBA", picture.size, "black")
    return Image.alpha_composite(black, picture.convert("RGBA")).convert("L")
