"""From starting Python to the first tick of a small network, its kernels on disk or not."""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

from neuroloop.core.errors import PartError

_SECONDS = 600
_PROGRAM = """\
import time
from neuroloop import Input, Network, Population, Projection, Simulator
from neuroloop.network import one_to_one
imported = time.monotonic()
link = Projection("in", "cells", one_to_one(16), 1.0)
Simulator(Network((Input("in", 16),), (Population("cells", 16),), (link,))).step({"in": [3]})
print(imported, time.monotonic())
"""


@dataclass(frozen=True)
class Start:
    """Seconds from starting Python."""

    imported_s: float
    """until Python has started and everything is imported"""
    first_tick_s: float
    """until the first tick is done, imports included"""


@dataclass(frozen=True)
class Starts:
    """With an empty disk cache, where it was measured, and with a full one."""

    cold: Start | None
    cached: Start


def measure(*, cold: bool) -> Starts:
    """Start with a kernel cache of its own; without ``cold`` with the user's, once to fill it.

    Raises
    ------
    PartError
        Where the program fails; says what it said.
    """
    if not cold:
        _start(dict(os.environ))
        return Starts(None, _start(dict(os.environ)))
    with tempfile.TemporaryDirectory(prefix="neuroloop-bench-") as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        return Starts(_start(environment), _start(environment))


def _start(environment: dict[str, str]) -> Start:
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        env=environment,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        raise PartError(f"the first tick failed: {done.stderr.strip()}")
    imported, ticked = (float(word) - start for word in done.stdout.split())
    return Start(imported, ticked)
