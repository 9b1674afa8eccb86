"""`sonocanvas studio`: a web page for making images that sound."""

from pathlib import Path
from typing import Annotated

import typer

from sonocanvas.cli.quick import import_quickly


def studio(
    runs: Annotated[Path, typer.Argument(help="Folder of the runs; created if missing.")] = Path(
        "runs"
    ),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 7860,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    root_path: Annotated[str, typer.Option(help="Path under which a proxy serves it.")] = "",
    auth: Annotated[
        list[str] | None, typer.Option(metavar="NAME:PASSWORD", help="Let only these users in.")
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open a browser.")] = True,
) -> None:
    """Make images that sound on a page in your browser."""
    import importlib.util
    import threading
    import webbrowser

    from sonocanvas.errors import InvalidInputError

    if importlib.util.find_spec("gradio") is None:
        raise InvalidInputError(
            "The studio needs Gradio: `pip install -c constraints.txt -e '.[studio]'`."
        )
    people = [tuple(one.split(":", 1)) for one in auth or ()]
    if any(len(one) != 2 or not all(one) for one in people):
        raise InvalidInputError("--auth must have the form NAME:PASSWORD.")
    import_quickly("sonocanvas.web.app")
    import uvicorn

    from sonocanvas.web.app import new_app
    from sonocanvas.web.studio import Studio

    app = new_app(Studio(runs, device), root_path, [(one[0], one[1]) for one in people] or None)
    address = f"http://{host}:{port}{root_path}"
    typer.echo(f"The studio is at {address}; press Ctrl+C to stop it. Runs: {runs}")
    if open_browser:
        threading.Timer(1.0, webbrowser.open, [address]).start()
    uvicorn.run(app, host=host, port=port, log_level="warning")
