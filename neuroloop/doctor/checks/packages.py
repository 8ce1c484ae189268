"""The packages that neuroloop cannot do without: whether they are there, and load."""

import importlib
import re
from collections.abc import Iterator
from importlib import metadata

from neuroloop.doctor.finding import Finding, missing, note, ok
from neuroloop.doctor.remedy import pip_install

_PROJECT = "neuroloop"


def findings() -> Iterator[Finding]:
    """Load each package that the project requires."""
    try:
        requirements = metadata.requires(_PROJECT) or []
    except metadata.PackageNotFoundError:
        yield note(_PROJECT, "runs from its files, not installed", "./launch/demo installs it")
        return
    yield ok(_PROJECT, metadata.version(_PROJECT))
    for requirement in requirements:
        if "extra ==" not in requirement:
            yield _look(requirement.partition(";")[0].strip())


def _modules(name: str) -> list[str]:
    """Return what a package is imported as."""
    given = metadata.packages_distributions().items()
    found = [m for m, packages in given if name in packages and not m.startswith("_")]
    return found or [name.replace("-", "_")]


def _look(requirement: str) -> Finding:
    name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
    try:
        version = metadata.version(name)
        for module in _modules(name):
            importlib.import_module(module)
    except metadata.PackageNotFoundError:
        return missing(name, "not installed", pip_install(requirement))
    except Exception as error:
        remedy = pip_install(requirement) + " --force-reinstall"
        return missing(name, f"{version} does not load: {error}", remedy)
    return ok(name, version)
