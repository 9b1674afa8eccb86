"""The studio over a tiny pair, as functions and as a server."""

import asyncio
import gc
import socket
import threading
import time
import urllib.request

import pytest
from tiny import tiny_pair

from sonocanvas.pairs.folder import save_folder


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("studio-weights")
    save_folder(tiny_pair(), folder)
    return folder


@pytest.fixture
def studio(tmp_path, monkeypatch, tiny_weights):
    from sonocanvas.web.studio import Studio

    monkeypatch.setattr("sonocanvas.pairs.mini.WEIGHTS", tiny_weights)
    monkeypatch.setattr("sonocanvas.config.MINI", tiny_weights)
    return Studio(tmp_path / "runs", "cpu")


@pytest.fixture
def address(studio, monkeypatch):
    """Yields the address of a server of the studio that runs in its own thread."""
    import uvicorn

    from sonocanvas.web.app import new_app

    monkeypatch.setattr("sonocanvas.web.app.FIRST", ("a castle", "bells ringing"))  # known words
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(new_app(studio), host="127.0.0.1", port=port, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    for _ in range(600):
        if server.started:
            break
        time.sleep(0.05)
    place = f"http://127.0.0.1:{port}"
    with urllib.request.urlopen(f"{place}/config", timeout=30) as answer:
        assert answer.status == 200
    yield place
    server.should_exit = True
    server.force_exit = True
    thread.join(10)
    gc.collect()  # triggers warnings about what Gradio left open here, where they are ignored
