"""PyBullet; without it the plants of our own run all the same."""

import importlib.util
import platform
import sys
from collections.abc import Iterator
from importlib import metadata

from neuroloop.doctor.finding import Finding, note, ok
from neuroloop.doctor.remedy import pip_install


def findings() -> Iterator[Finding]:
    """Look for it; it is not loaded."""
    if importlib.util.find_spec("pybullet") is not None:
        yield ok("PyBullet", metadata.version("pybullet"))
        return
    here = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    has_wheel = (
        sys.version_info < (3, 12)
        and sys.platform.startswith("linux")
        and platform.machine() == "x86_64"
    )
    if has_wheel:
        yield note("PyBullet", "not installed", pip_install("pybullet"))
    else:
        detail = f"no wheel for {here}, only for Python 3.11 on Linux x86_64"
        yield note("PyBullet", detail, 'plant.kind = "plane" runs every demo')
