"""How long a run takes from starting Python to its first tick, its kernels on disk or not."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass

from neuroloop.core.errors import PartError

_SECONDS = 600
_RUN = (sys.executable, "-m", "neuroloop", "run", "--ticks", "1", "--quiet", "--headless")


@dataclass(frozen=True)
class StartCost:
    """Seconds from starting Python to the end of a run of one tick."""

    cold_s: float
    """every kernel is compiled"""
    cached_s: float
    """every kernel is read from disk"""


def measure(name: str, changes: Sequence[str] = ()) -> StartCost:
    """Start a run twice with a kernel cache of its own, which is empty the first time.

    Raises
    ------
    PartError
        Where the run fails; says what it said.
    """
    with tempfile.TemporaryDirectory(prefix="neuroloop-bench-") as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        cold, cached = (_seconds(name, changes, environment) for _ in range(2))
    return StartCost(cold, cached)


def _seconds(name: str, changes: Sequence[str], environment: dict[str, str]) -> float:
    options = [word for change in changes for word in ("--set", change)]
    start = time.perf_counter()
    done = subprocess.run(
        [*_RUN, name, *options],
        env=environment,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    seconds = time.perf_counter() - start
    # 1: one tick does not reach the goal
    if done.returncode not in (0, 1):
        raise PartError(f"a run of one tick failed: {done.stderr.strip()}")
    return seconds
