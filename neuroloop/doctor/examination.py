"""Runs every check; one that breaks becomes a line of the report, not the end of it."""

import importlib
import pkgutil
from collections.abc import Iterator

from neuroloop.doctor import checks
from neuroloop.doctor.finding import Finding, missing


def areas() -> list[str]:
    """Return the names of the checks, which are those of their files."""
    return [found.name for found in pkgutil.iter_modules(checks.__path__)]


def examine() -> Iterator[tuple[str, Finding]]:
    """Yield area and finding, each as soon as it is known."""
    for area in areas():
        try:
            module = importlib.import_module(f"{checks.__name__}.{area}")
            for finding in module.findings():
                yield area, finding
        except Exception as error:
            yield area, broken(area, error)


def broken(area: str, error: Exception) -> Finding:
    """Say that a check could not be made."""
    what = f"{type(error).__name__}: {error}"
    return missing(area, f"the check failed: {what}", "the first missing line above is the cause")
