"""A run that is started again where it crashed; what starts again is disarmed."""

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from neuroloop.core.errors import Exit

_FIRST_S, _LONGEST_S = 0.5, 10.0
_CALM_S = 60.0
"""a run that went well for so long has earned a short wait again"""


def supervised(arguments: Sequence[str], save: Path | None) -> int:
    """Run ``neuroloop run`` with these arguments until it ends by itself; returns its exit code.

    A run that was killed, or that failed through a fault of its own, begins again: from its last
    saved state, where there is one, and with nothing moving until somebody arms.
    """
    wait_s = _FIRST_S
    again: list[str] = []
    while True:
        began = time.monotonic()
        code = _once([*arguments, *again])
        if code >= 0 and code != Exit.FAULT:
            return code
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else "failed"
        wait_s = _FIRST_S if time.monotonic() - began > _CALM_S else wait_s
        print(  # noqa: T201
            f"neuroloop: the run {how}; it starts again, disarmed, in {wait_s:g} s", file=sys.stderr
        )
        time.sleep(wait_s)
        wait_s = min(2 * wait_s, _LONGEST_S)
        again = ["--set", "guard.arm=manual"]
        if save is not None and save.exists():
            again += ["--resume", str(save)]


def _once(arguments: Sequence[str]) -> int:
    """Run once; signals that end this process end the run first."""
    child = subprocess.Popen([sys.executable, "-m", "neuroloop", "run", *arguments])

    def pass_on(number: int, frame: FrameType | None) -> None:
        del frame
        # Ctrl-C in a terminal reaches the whole group by itself
        if number != signal.SIGINT:
            child.send_signal(number)

    asking = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
    before = {s: signal.signal(s, pass_on) for s in asking}
    try:
        return child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
