"""The documentation site has no broken links and loads nothing from other hosts."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def build(settings, out):
    """Builds a site with warnings as errors, and returns (exit code, stderr)."""
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", settings, "-d", out]
    quiet = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    found = subprocess.run(words, env=quiet, capture_output=True, text=True, check=False)
    return found.returncode, found.stderr


def test_the_site_is_built_without_a_broken_link(tmp_path):
    code, said = build(ROOT / "mkdocs.yml", tmp_path)
    assert code == 0, said
    pages = {path.stem for path in tmp_path.glob("*.html")}
    assert pages >= {path.stem for path in (ROOT / "docs").glob("*.md")}
    served = tmp_path / "src" / "sonocanvas" / "data" / "benchmark.tsv.txt"
    assert served.read_text().startswith("id\t")
    text = (tmp_path / "index.html").read_text()
    loaded = re.findall(r"<(?:script|img|link)[^>]*?(?:src|href)=[\"']?([^\"'\s>]+)", text)
    assert loaded
    assert [one for one in loaded if one.startswith(("http", "//"))] == []


def test_a_broken_link_would_be_told(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("[a](none.md) [b](index.md#none)")
    settings = (ROOT / "mkdocs.yml").read_text().partition("nav:")[0]
    settings = settings.replace("hooks: [docs/site_hooks.py]\n", "")
    (tmp_path / "mkdocs.yml").write_text(settings)
    code, said = build(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert code != 0
    assert "none.md" in said
    assert "#none" in said


def test_the_description_on_pypi_refers_to_no_file():
    text = (ROOT / "docs" / "pypi.md").read_text("utf-8")
    assert 'readme = "docs/pypi.md"' in (ROOT / "pyproject.toml").read_text("utf-8")
    targets = re.findall(r"\]\(([^)]*)\)|src=|href=", text)
    assert targets
    assert all(target.startswith("https://") for target in targets)
