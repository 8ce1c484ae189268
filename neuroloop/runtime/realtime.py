"""What a live run asks of the machine, and what it was granted.

A real-time priority, a core of its own and an exact timer for the thread that asks; for the whole
process memory that is never paged out.  A machine may refuse each of them, and a run goes on
without, less punctual: nothing here raises, and what was refused is said in words.
"""

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PRIORITY = 50
"""of a live tick, 1 to 99; the kernel's own threads that serve devices have this too"""
_NICE = -15
_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4
_PR_SET_TIMERSLACK = 29
_CAP_IPC_LOCK = 14
_STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Granted:
    """What the thread that asked has."""

    fifo: bool
    """real-time priority (SCHED_FIFO)"""
    locked: bool
    """whether memory of this process is locked"""
    core: int | None
    """the core it is pinned to"""
    refused: tuple[str, ...]
    """what was not granted, a colon and why"""


def ask(priority: int, *, pin: bool = False) -> Granted:
    """Ask for what a live tick wants, for the calling thread.

    Parameters
    ----------
    priority
        Of SCHED_FIFO, 1 to 99.
    pin
        Stay on one core, the last that the process may use, where it may use two or more.
    """
    if not sys.platform.startswith("linux"):
        return Granted(False, False, None, ("SCHED_FIFO: needs Linux", lock_refusal()))
    ordinary = _fifo(priority)
    if ordinary:  # only a thread of ordinary priority is woken up to 50 us later than it wants
        ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
    core, unpinned = _pin() if pin else (None, "")
    locked = _locked_bytes() > 0
    refused = (ordinary, "" if locked else lock_refusal(), unpinned)
    return Granted(not ordinary, locked, core, tuple(why for why in refused if why))


def hurry(priority: int) -> None:
    """Give the calling thread SCHED_FIFO, where that is granted; nothing is asked of memory."""
    if sys.platform.startswith("linux"):
        _fifo(priority)


@contextlib.contextmanager
def favoured() -> Iterator[None]:
    """Let the ordinary threads of this process go before those of others, where that is granted.

    A thread in real time that wants the interpreter's lock waits for the ordinary thread that has
    it, and on a busy machine that one may be waiting for a core.
    """
    before = {}
    if sys.platform.startswith("linux"):
        before = {thread: os.getpriority(os.PRIO_PROCESS, thread) for thread in _threads()}
    _nice({thread: min(_NICE, nice) for thread, nice in before.items()})
    try:
        yield
    finally:  # those that were started meanwhile are as the others were
        usual = before.get(os.getpid(), 0)
        _nice({thread: before.get(thread, usual) for thread in _threads() if before})


def lift_children(priority: int) -> None:
    """Give the processes that this one started SCHED_FIFO too, where that is granted."""
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError, ValueError):
        for listed in Path("/proc/self/task").glob("*/children"):
            for child in listed.read_text("ascii").split():
                os.sched_setscheduler(int(child), os.SCHED_FIFO, os.sched_param(priority))


@contextlib.contextmanager
def locked_memory() -> Iterator[bool]:
    """Keep the memory of this process from being paged out; yields whether that was granted.

    Pages are locked as they are touched: to lock all that is mapped would double what a process
    with NumPy and Numba holds.  Mappings made meanwhile are locked too.
    """
    if lock_refusal():
        yield False
        return
    libc = ctypes.CDLL(None)
    locked: bool = libc.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT) == 0
    try:
        yield locked
    finally:
        if locked:
            libc.munlockall()


def lock_refusal() -> str:
    """Say why memory cannot be locked, or nothing where it can.

    A finite limit is as good as none: once a process has locked its future memory, what it maps
    beyond the limit fails.
    """
    if not sys.platform.startswith("linux"):
        return "memory locking: needs Linux"
    import resource

    most, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if most == resource.RLIM_INFINITY or _status("CapEff", 16) >> _CAP_IPC_LOCK & 1:
        return ""
    return f"memory locking: limited to {most / 1e6:g} MB (RLIMIT_MEMLOCK)"


def _threads() -> list[int]:
    try:
        return [int(task.name) for task in Path("/proc/self/task").iterdir()]
    except OSError:
        return []


def _nice(wanted: dict[int, int]) -> None:
    for thread, nice in wanted.items():
        with contextlib.suppress(OSError):  # refused, or it has ended
            os.setpriority(os.PRIO_PROCESS, thread, nice)


def _fifo(priority: int) -> str:
    """Return why it was refused, or nothing."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except OSError as error:
        return f"SCHED_FIFO: {error.strerror}"
    return ""


def _pin() -> tuple[int | None, str]:
    """Return the core, and why not."""
    allowed = os.sched_getaffinity(0)
    if len(allowed) < 2:
        return None, "one core: there is no other"
    core = max(allowed)
    try:
        os.sched_setaffinity(0, {core})
    except OSError as error:
        return None, f"one core: {error.strerror}"
    return core, ""


def _locked_bytes() -> int:
    return _status("VmLck", 10) * 1024


def _status(name: str, base: int) -> int:
    """Return a number of ``/proc/self/status``, 0 where it is not told."""
    try:
        lines = _STATUS.read_text("ascii").splitlines()
    except OSError:
        return 0
    found = (line.partition(":")[2].split()[0] for line in lines if line.startswith(f"{name}:"))
    return int(next(found, "0"), base)
