"""Whether a thread may ask for real-time priority."""

import os
import sys
import threading
from collections.abc import Iterator

from neuroloop.doctor.finding import Finding, note, ok
from neuroloop.doctor.remedy import limit


def findings() -> Iterator[Finding]:
    """Ask for it in a thread that ends at once: the priority is its own."""
    if not sys.platform.startswith("linux"):
        yield note("SCHED_FIFO", "Linux only; simulation does without")
        return
    refused: list[OSError] = []
    thread = threading.Thread(target=_ask, args=(refused,))
    thread.start()
    thread.join()
    if refused:
        detail = f"refused ({refused[0].strerror}): live ticks run at ordinary priority"
        yield note("SCHED_FIFO", detail, limit("rtprio", "80"))
    else:
        yield ok("SCHED_FIFO", "granted")


def _ask(refused: list[OSError]) -> None:
    if sys.platform.startswith("linux"):
        lowest = os.sched_param(os.sched_get_priority_min(os.SCHED_FIFO))
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, lowest)
        except OSError as error:
            refused.append(error)
