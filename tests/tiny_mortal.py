"""Workers with faults, in a module that the workers of a cluster can import."""

import os
import signal
import time
from pathlib import Path

from sonocanvas.batch.worker import Worker


class Mortal(Worker):
    """Dies, hangs or fails once for each file that it can remove from the folder `FAULTS`."""

    def make(self, config, seeds):
        folder = Path(os.environ["FAULTS"])
        for fault in sorted(folder.iterdir()):
            try:
                fault.unlink()
            except FileNotFoundError:
                continue
            if fault.name.startswith("die"):
                os.kill(os.getpid(), signal.SIGKILL)
            if fault.name.startswith("hang"):
                time.sleep(600)
            raise RuntimeError("a cosmic ray")
        return super().make(config, seeds)


class Named(Worker):
    """Reports its process id, so that a test can kill it."""

    def where(self):
        return f"process {os.getpid()}"
