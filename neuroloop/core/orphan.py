"""Processes that are of no use without the one that started them."""

import ctypes
import signal
import sys

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def die_with_parent() -> None:
    """Ask the kernel to send this process SIGTERM where its parent ends, however it does.

    For ``subprocess.Popen(preexec_fn=...)``, in a process with one thread.  Elsewhere than on Linux
    it does nothing.
    """
    if sys.platform.startswith("linux"):
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
