"""The Python that runs neuroloop."""

import platform
import sys
from collections.abc import Iterator

from neuroloop.doctor.finding import Finding, missing, ok

_FIRST, _BEYOND = (3, 11), (3, 15)


def findings() -> Iterator[Finding]:
    """Look at version and machine."""
    version = platform.python_version()
    if _FIRST <= sys.version_info[:2] < _BEYOND:
        yield ok("version", f"{version}, {sys.executable}")
    else:
        remedy = "install Python 3.11 to 3.14 and start ./launch/demo again"
        yield missing("version", f"{version}; neuroloop needs 3.11 to 3.14", remedy)
    yield ok("machine", f"{platform.system()} {platform.release()}, {platform.machine()}")
