"""A local hub for the Hub's own client; it serves repositories and records the requests."""

import contextlib
import hashlib
import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class TinyHub:
    """Repositories in folders `OWNER/NAME`.

    Args:
        folder: Folder with the repositories.

    Attributes:
        asked: Paths of the files sent, in order.
        withheld: Files whose path ends so are refused.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        self.withheld = ""

    def answer(self, path: str, head: bool) -> tuple[int, bytes, dict[str, str]]:
        """Returns status, body and headers of an answer."""
        if path.startswith("/api/models/"):
            owner, name, *rest = path.removeprefix("/api/models/").split("/")
            root = self.folder / owner / name
            files = sorted(path for path in root.rglob("*") if path.is_file())
            if not files:
                return 404, b"{}", {"X-Error-Code": "RepoNotFound"}
            return 200, json.dumps(_listed(root, files, rest)).encode(), {}
        owner, name, _, commit, inside = path.strip("/").split("/", 4)
        if self.withheld and inside.endswith(self.withheld):
            return 403, b"", {}
        body = (self.folder / owner / name / inside).read_bytes()
        if not head:
            self.asked.append(inside)
        about = {"ETag": f'"{hashlib.sha1(body).hexdigest()}"', "X-Repo-Commit": commit}
        return 200, body, about


def _listed(root: Path, files: list[Path], rest: list[str]) -> Any:
    """Returns the API's answer about a repository: its file tree or its description."""
    names = [str(path.relative_to(root)) for path in files]
    if rest[:1] == ["tree"]:
        sizes = [path.stat().st_size for path in files]
        return [
            {"type": "file", "path": name, "size": size, "oid": name}
            for name, size in zip(names, sizes, strict=True)
        ]
    commit = rest[1] if len(rest[1:]) and len(rest[1]) == len(COMMIT) else COMMIT
    return {"id": root.name, "sha": commit, "siblings": [{"rfilename": name} for name in names]}


@contextlib.contextmanager
def serving(hub: TinyHub) -> Iterator[str]:
    """Yields the address at which a hub answers."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Writes no log."""

        def reply(self, head: bool) -> None:
            status, body, headers = hub.answer(unquote(urlparse(self.path).path), head)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if not head:
                self.wfile.write(body)

        def do_GET(self) -> None:
            self.reply(head=False)

        def do_HEAD(self) -> None:
            self.reply(head=True)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def empty_cache(folder: Path, monkeypatch: Any) -> Path:
    """Takes the Hub's client offline with an empty cache, and returns the cache folder."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(folder))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return folder


def put_into(cache: Path, place: str, folder: Path, revision: str = "main") -> Path:
    """Copies the files of a repository into the cache as the Hub's client does.

    Returns:
        The folder of the snapshot.
    """
    repository = cache / f"models--{place.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / revision).write_text(COMMIT)
    return Path(shutil.copytree(folder, repository / "snapshots" / COMMIT))


@contextlib.contextmanager
def online(hub: TinyHub, monkeypatch: Any) -> Iterator[TinyHub]:
    """Yields a hub while the Hub's client is connected to it."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    with serving(hub) as address:
        url = f"{address}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", url)
        yield hub
