"""Watches how long this machine lets a process wait that only wants to wake up.

``python stalls.py FILE`` writes a line for each time that was over `NOTABLE_S`: when by the
monotonic clock, and for how long, in seconds.  It ends with the process that started it.
"""

import os
import sys
import time
from pathlib import Path

NOTABLE_S = 0.02
_NAP_S = 0.005


def watch(path):
    parent = os.getppid()
    os.write(1, b"!")
    with Path(path).open("a", buffering=1) as file:
        while os.getppid() == parent:
            before = time.monotonic()
            time.sleep(_NAP_S)
            now = time.monotonic()
            if now - before - _NAP_S > NOTABLE_S:
                file.write(f"{now:.6f} {now - before - _NAP_S:.6f}\n")


def longest(path, start, end):
    """Return the longest wait that overlapped [start, end], 0 where there was none."""
    time.sleep(2 * NOTABLE_S)  # one that has not ended yet is not written down yet
    try:
        lines = Path(path).read_text().splitlines()
    except FileNotFoundError:
        return 0.0
    waits = [tuple(map(float, line.split())) for line in lines if line.count(" ") == 1]
    return max((s for at, s in waits if at >= start and at - s <= end), default=0.0)


if __name__ == "__main__":
    watch(sys.argv[1])
