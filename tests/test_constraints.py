"""`constraints.txt` pins everything that an installation for the tests pulls in."""

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

CONSTRAINTS = Path(__file__).parent.parent / "constraints.txt"


def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def needed(name, extras, seen):
    """Adds an installed distribution and its requirements here to `seen`, with versions."""
    key = (plain(name), tuple(sorted(extras)))
    if key in seen:
        return
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return  # for another platform, or an extra not requested
    seen[key] = found.version
    for text in found.requires or ():
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": one}) for one in ("", *extras)):
            needed(requirement.name, requirement.extras, seen)


def test_every_package_that_is_installed_is_pinned_at_its_version():
    seen = {}
    needed("sonocanvas", {"dev"}, seen)
    versions = {name: version.partition("+")[0] for (name, _), version in seen.items()}
    for name in ("sonocanvas", "setuptools"):  # itself, and what a fresh environment has
        versions.pop(name, None)
    lines = [line for line in CONSTRAINTS.read_text().splitlines() if not line.startswith("#")]
    pinned = {plain(name): version for name, _, version in (line.partition("==") for line in lines)}
    assert len(versions) > 80
    assert {name: pinned.get(name) for name in versions} == versions
