"""The door of the studio: a request must not name a file or an address of its own choice.

Gradio lets a request name the path of an uploaded file. It would also copy any other file, or load
an address, before the page sees it, so requests are checked here first.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 8 * 2**20
"""Size limit of a request that is not an upload."""


class Door:
    """Refuses requests with paths outside the folder of uploads.

    Args:
        app: The application behind it.
        uploads: Folder of the uploaded files.
    """

    def __init__(self, app: ASGIApp, uploads: Path) -> None:
        self.app, self.uploads = app, uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on or refuses it."""
        if scope["type"] != "http" or scope["method"] != "POST" or _is_upload(scope):
            await self.app(scope, receive, send)
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > MOST_BYTES:
                refusal = PlainTextResponse("The request is too large.", 413)
                await refusal(scope, receive, send)
                return
            if not message.get("more_body", False):
                break
        foreign = [path for path in _paths(body) if not self._is_uploaded(path)]
        if foreign:
            refusal = PlainTextResponse("Only uploaded files can be read.", 403)
            await refusal(scope, receive, send)
            return
        given = False

        async def again() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, again, send)

    def _is_uploaded(self, path: Any) -> bool:
        return isinstance(path, str) and Path(path).resolve().is_relative_to(self.uploads)


def _is_upload(scope: Scope) -> bool:
    kinds = [value for name, value in scope["headers"] if name == b"content-type"]
    return bool(kinds) and kinds[0].startswith(b"multipart/form-data")


def _paths(body: bytes) -> Iterator[Any]:
    """Yields every file path in a request; a request that is not JSON has none."""
    try:
        waiting = [json.loads(body)]
    except (ValueError, RecursionError):
        return
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "path" in value:
                yield value["path"]
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
