"""How long an artist waits: from the click on "Make it" to the first preview and to the sound.

`python benchmarks/studio.py` starts the studio with the shipped models and clicks in a headless
Chromium (Debian's `chromium` and `chromium-driver`). It prints the median and the slowest of
several clicks; the first click loads the models and is listed separately.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import threading
from pathlib import Path

import uvicorn

from sonocanvas.web.app import new_app
from sonocanvas.web.studio import Studio

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from browser import Browser  # a helper from the tests

CLICK = """
const done = arguments[arguments.length - 1], began = performance.now(), found = {};
const seen = () => document.querySelector('#preview img')?.src ?? '';
const before = seen();
const look = () => {
  const text = document.querySelector('#status')?.innerText ?? '';
  if (!('preview' in found) && seen() !== before) found.preview = performance.now() - began;
  if (found.preview && text.startsWith('Done.')) {
    found.sound = performance.now() - began;
    done(found);
  } else requestAnimationFrame(look);
};
document.querySelector('#make').click();
setTimeout(look, 30);
"""


def served(studio: Studio, port: int) -> uvicorn.Server:
    """Returns a server of the studio, running in its own thread."""
    config = uvicorn.Config(new_app(studio), host="127.0.0.1", port=port, log_level="error")
    server = uvicorn.Server(config)
    threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True).start()
    return server


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clicks", type=int, default=8)
    parser.add_argument("--port", type=int, default=7999)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = served(Studio(Path(folder) / "runs"), arguments.port)
        browser = Browser(Path(folder))
        browser.until(lambda: server.started)
        browser.go(f"http://127.0.0.1:{arguments.port}")
        browser.until(lambda: browser.run("return !!document.querySelector('#make')"))
        painted = browser.run(
            "return performance.getEntriesByName('first-contentful-paint')[0].startTime"
        )
        found = [browser.wait_for(CLICK) for _ in range(arguments.clicks + 1)]
        browser.close()
        server.should_exit = True
    print("| s | first preview | canvas with sound |\n|---|---|---|")
    first, *rest = found
    print(f"| the first click | {first['preview'] / 1000:.2f} | {first['sound'] / 1000:.2f} |")
    for name, of in (("median of the others", statistics.median), ("slowest", max)):
        cells = (f"{of([one[key] for one in rest]) / 1000:.2f}" for key in ("preview", "sound"))
        print(f"| {name} | {' | '.join(cells)} |")
    print(f"\nFirst paint of the page after {painted / 1000:.2f} s; {arguments.clicks} clicks.")


if __name__ == "__main__":
    main()
