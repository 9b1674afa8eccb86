"""Where a run is computed and kept: on a cluster, in a store."""

import json
import sys

import fsspec
from tiny_asked import QUICKLY


def test_what_names_no_cluster_is_refused_before_anything_is_made(sonocanvas, tmp_path):
    code, _, errors = sonocanvas("generate", *QUICKLY, "--on", "slurm")
    assert code == 2
    assert errors.startswith("'slurm' is not a cluster; write ray or ray://HOST:PORT")
    assert not list(tmp_path.rglob("sample.json"))


def test_a_cluster_without_ray_says_what_to_install(sonocanvas, monkeypatch):
    monkeypatch.setitem(sys.modules, "sonocanvas.batch.pool", None)
    code, _, errors = sonocanvas("generate", *QUICKLY, "--on", "ray")
    assert (code, errors) == (
        2,
        "A cluster needs Ray: `pip install -c constraints.txt -e '.[cluster]'`.\n",
    )


def test_a_run_is_kept_in_a_store(sonocanvas, tmp_path):
    code, output, errors = sonocanvas("generate", *QUICKLY, "--out", "memory://store/run", "--json")
    assert (code, errors) == (0, "")
    described = json.loads(output)
    assert described["page"] == "memory://store/run/index.html"
    assert described["samples"][0]["folder"] == "memory://store/run/0000"
    with fsspec.open("memory://store/run/0000/sample.json") as file:
        assert json.load(file)["seed"] == 0
    assert not (tmp_path / "memory:").exists()
