"""Matplotlib, for ``--plot``."""

from collections.abc import Iterator
from importlib import metadata

from neuroloop.doctor.finding import Finding, note, ok
from neuroloop.doctor.remedy import pip_install


def findings() -> Iterator[Finding]:
    """Look for it; it is not loaded."""
    try:
        yield ok("Matplotlib", metadata.version("matplotlib"))
    except metadata.PackageNotFoundError:
        yield note("Matplotlib", "not installed", pip_install("matplotlib"))
