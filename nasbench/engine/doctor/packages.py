"""Whether the packages that nasbench asks for are there, in versions that it can work with."""

import importlib.metadata
import importlib.util
import platform
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

from nasbench.engine.doctor.finding import Finding

AREA = "packages"
MODULES = {"scikit-learn": "sklearn", "tensorboardx": "tensorboardX"}
"""Package -> the module that it brings, where that has another name."""


def packages() -> Iterator[Finding]:
    """One line for those that are right, and one for each that is not."""
    asked = requirements()
    right = []
    for each in asked:
        found = version_of(each.name)
        if found is None:
            yield _broken(each, "is not installed")
        elif not each.specifier.contains(found, prereleases=True):
            yield _broken(each, f"is {found}, and nasbench needs {each.specifier}")
        elif not _is_there(MODULES.get(each.name.lower(), each.name.replace("-", "_"))):
            yield _broken(each, f"is said to be {found}, but Python finds no module of it", "--force-reinstall ")
        else:
            right.append(f"{each.name} {found}")
    own = version_of("nasbench") or "from a checkout"
    yield Finding(AREA, "nasbench", "ok", f"{own}, Python {platform.python_version()}")
    yield Finding(AREA, "needs", "ok", ", ".join(right) or "none is right")


def requirements() -> list[Requirement]:
    """What nasbench needs, extras left out: as it was installed, or as the checkout that it runs from says."""
    try:
        lines = importlib.metadata.requires("nasbench") or []
    except importlib.metadata.PackageNotFoundError:
        project = Path(__file__).resolve().parents[3] / "pyproject.toml"
        lines = tomllib.loads(project.read_text())["project"]["dependencies"] if project.exists() else []
    found = [Requirement(line) for line in lines]
    return [each for each in found if each.marker is None or each.marker.evaluate({"extra": ""})]


def version_of(package: str) -> str | None:
    """The installed version; None where the package is not there."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _broken(needed: Requirement, what: str, flags: str = "") -> Finding:
    needed.marker = None
    return Finding(AREA, needed.name, "broken", f"{needed.name} {what}", f"pip install {flags}'{needed}'")
