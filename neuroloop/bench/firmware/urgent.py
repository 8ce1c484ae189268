"""Real-time priority for another process."""

import os
import sys


def urgent(pid: int, priority: int) -> bool:
    """Give a process SCHED_FIFO; whether that was allowed."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(priority))
    except PermissionError:
        return False
    return True
