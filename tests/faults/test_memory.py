"""Memory stays flat over a hundred canvases of `mini`; effects of threads and torch versions.

`pytest -m slow tests/faults/test_memory.py -s` prints the figures.
"""

import ctypes
import gc
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from sonocanvas import RunConfig, generate
from sonocanvas.models import load_pair

PROMPTS = {"image_prompt": "an owl", "audio_prompt": "an owl hooting"}


def resident_mb():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("loaded", "most_mb"),
    [("once", 20), ("for each canvas", 50)],  # transformers retains a little after each load
)
def test_memory_is_flat_after_the_fifth_canvas(loaded, most_mb):
    run = RunConfig(**PROMPTS)
    pair = load_pair(run, "cpu") if loaded == "once" else None
    found = []
    for seed in range(100):
        generate(run.model_copy(update={"seeds": (seed,)}), pair=pair)
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)  # otherwise the C library returns memory at odd times
        found.append(resident_mb())
    early, late = statistics.median(found[5:25]), statistics.median(found[-20:])
    print(
        f"\nmodels loaded {loaded}: memory, median of canvases 6 to 25: {early:.0f} MB, of 81 to "
        f"100: {late:.0f} MB; after the fifth from {min(found[5:]):.0f} to {max(found[5:]):.0f} MB"
    )
    assert late - early < most_mb


PROGRAM = """
import json, sys
import torch
torch.set_num_threads(int(sys.argv[1]))
from sonocanvas import RunConfig, generate
from sonocanvas.models import load_pair
run = RunConfig(image_prompt="an owl", audio_prompt="an owl hooting", seeds=range(4))
for sample in generate(run):
    print(json.dumps([sample.latent.tolist(), (sample.canvas * 255).round().tolist()]))
"""


def made(threads, python=sys.executable):
    """Returns latents and gray levels of four seeds, made in a new process."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    command = [python, "-c", PROGRAM, str(threads)]
    ran = subprocess.run(command, env=environment, capture_output=True, check=True, text=True)
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    return [torch.tensor([line[which] for line in lines]) for which in range(2)]


def check_almost_equal(one, other, what):
    latent = (one[0] - other[0]).abs().max() / one[0].std()
    levels = (one[1] - other[1]).abs()
    share = (levels > 0).float().mean()
    print(
        f"\n{what}: latents differ by at most {latent:.1e} of their deviation, "
        f"canvases by at most {levels.max():.0f} of 255 gray levels in {share:.2%} of the pixels"
    )
    assert latent < 0.05
    assert levels.max() <= 8


@pytest.mark.slow
def test_one_and_two_threads_make_almost_the_same():
    one, again = made(1), made(1)
    assert all(torch.equal(a, b) for a, b in zip(one, again, strict=True))
    check_almost_equal(one, made(2), "1 and 2 threads")


@pytest.mark.slow
@pytest.mark.skipif("OTHER_PYTHON" not in os.environ, reason="needs a Python with another torch")
def test_another_version_of_torch_makes_almost_the_same():
    python = os.environ["OTHER_PYTHON"]
    asked = [python, "-c", "import torch; print(torch.__version__)"]
    other = subprocess.run(asked, capture_output=True, check=True, text=True).stdout.strip()
    assert other != torch.__version__
    check_almost_equal(made(1), made(1, python), f"torch {torch.__version__} and {other}")
