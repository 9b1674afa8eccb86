"""A headless Chromium, driven by the WebDriver protocol through Debian's `chromium-driver`."""

import base64
import contextlib
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
NEEDED = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER), reason="there is no chromium and chromedriver here"
    ),
]
"""Marks for tests that need a browser."""
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--autoplay-policy=no-user-gesture-required", "--mute-audio", "--disable-dev-shm-usage"),
)
ENTER = "\ue007"


class Browser:
    """One window; its methods are the protocol's commands."""

    def __init__(self, folder):
        """Starts the browser.

        Args:
            folder: Folder for its profile and downloads.
        """
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.downloads = folder / "downloads"
        self.downloads.mkdir()
        self._driver = subprocess.Popen(
            [DRIVER, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._at = f"http://127.0.0.1:{port}"
        options = {
            "binary": CHROMIUM,
            "args": [*FLAGS, f"--user-data-dir={folder / 'profile'}"],
            "prefs": {"download.default_directory": str(self.downloads)},
        }
        wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}}
        try:
            self.until(lambda: self._call("GET", "/status")["ready"])
            session = self._call("POST", "/session", wanted)["sessionId"]
        except Exception:
            self._driver.kill()
            raise
        self._at += f"/session/{session}"

    def close(self):
        """Closes the browser."""
        self._call("DELETE", "")
        self._driver.terminate()
        self._driver.wait(10)

    def go(self, address):
        """Opens an address."""
        self._call("POST", "/url", {"url": address})

    def run(self, script, *arguments):
        """Runs a script in the page and returns its result."""
        return self._call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def wait_for(self, script, *arguments):
        """Returns what a script passes to its last argument, a callback, within a minute."""
        self._call("POST", "/timeouts", {"script": 50_000})
        return self._call("POST", "/execute/async", {"script": script, "args": list(arguments)})

    def press(self, *keys):
        """Presses keys in turn, wherever the focus is."""
        strokes = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        hand = {"type": "key", "id": "hand", "actions": strokes}
        self._call("POST", "/actions", {"actions": [hand]})

    def upload(self, selector, path):
        """Chooses a file in a file input."""
        where = {"using": "css selector", "value": selector}
        (element,) = self._call("POST", "/element", where).values()
        self._call("POST", f"/element/{element}/value", {"text": str(path)})

    def tabs(self, count):
        """Opens `count` more tabs and returns the handles of all tabs, for `look_at`."""
        for _ in range(count):
            self._call("POST", "/window/new", {"type": "tab"})
        return self._call("GET", "/window/handles")

    def look_at(self, tab):
        """Switches to a tab."""
        self._call("POST", "/window", {"handle": tab})

    def drag(self, begin, end):
        """Presses the pointer at one point of the window, moves it to another and releases it.

        Args:
            begin: `(x, y)` in CSS pixels.
            end: The same; the same place is a click.
        """
        moves = [
            {"type": "pointerMove", "duration": 0, "x": round(x), "y": round(y)}
            for x, y in (begin, ((begin[0] + end[0]) / 2, (begin[1] + end[1]) / 2), end)
        ]
        down, up = ({"type": f"pointer{how}", "button": 0} for how in ("Down", "Up"))
        mouse = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}}
        mouse["actions"] = [moves[0], down, *moves[1:], up]
        self._call("POST", "/actions", {"actions": [mouse]})

    def size(self, width, height, phone=False):
        """Sets the size of the page in CSS pixels."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}
        command = {"cmd": "Emulation.setDeviceMetricsOverride", "params": metrics}
        self._call("POST", "/goog/cdp/execute", command)

    def picture(self, path):
        """Writes a screenshot as a PNG."""
        Path(path).write_bytes(base64.b64decode(self._call("GET", "/screenshot")))

    def until(self, true, seconds=30):
        """Waits until a call returns something true, and returns that."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                if found := true():
                    return found
            time.sleep(0.05)
        raise TimeoutError(f"not so after {seconds} s")

    def _call(self, verb, path, body=None):
        request = urllib.request.Request(
            self._at + path,
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            method=verb,
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            with error:
                raise RuntimeError(error.read().decode()) from None
