"""Run one process of the comparison and read its line."""

import json
import subprocess
import sys
import time
from pathlib import Path

from install import NotInstalledError, interpreter
from machine import Usage

HERE = Path(__file__).parent
MOST_S = 3600


class FailedError(Exception):
    """A process ended badly; the message is the last line it said."""


def run(peer, script, *options):
    """Return the row that a script prints; ``peer`` names its environment, empty is this one.

    Raises
    ------
    NotInstalledError
        Where the peer cannot be had here.
    FailedError
        Where the script breaks off.
    """
    python = interpreter(peer) if peer else sys.executable
    before, started = Usage.now(), time.time()
    command = [str(python), str(HERE / script), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=MOST_S, check=False)
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        said = done.stderr.strip().splitlines() or [f"ended with {done.returncode}, said nothing"]
        raise FailedError(said[-1])
    row = json.loads(lines[-1])
    row["steal"] = Usage.now().steal_since(before)
    if "done_at" in row:
        row["first_s"] = row.pop("done_at") - started
    return row


__all__ = ["FailedError", "NotInstalledError", "run"]
