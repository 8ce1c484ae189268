"""Processes of this machine, as ``/proc`` shows them."""

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_NAP_S = 2e-4
_STOPPED_S = 1.0


@dataclass(frozen=True)
class Process:
    """One process; with its time of birth, because numbers are used again."""

    pid: int
    born: str

    @property
    def command(self) -> str:
        """Its command line."""
        return _read(self.pid, "cmdline").replace("\0", " ")

    @property
    def lives(self) -> bool:
        """Whether it is the same, and no zombie."""
        fields = _fields(self.pid)
        return bool(fields) and _born(fields) == self.born and fields[0] not in "ZX"

    def maps(self, path: Path) -> bool:
        """Whether it has a file in its memory."""
        return str(path) in _read(self.pid, "maps")

    def kill(self) -> None:
        """End it by force where it lives."""
        if self.lives:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


def descendants(pid: int) -> list[Process]:
    """Return the children of a process and theirs."""
    parents = {}
    for place in _PROC.glob("[0-9]*"):
        fields = _fields(int(place.name))
        if fields:
            parents[int(place.name)] = (int(fields[1]), _born(fields))
    found: list[Process] = []
    above = {pid}
    while above:
        here = [Process(p, born) for p, (parent, born) in parents.items() if parent in above]
        found += here
        above = {p.pid for p in here}
    return found


def freeze(pid: int) -> None:
    """Stop a process, every thread of it, and wait until it stands."""
    os.kill(pid, signal.SIGSTOP)
    end = time.monotonic() + _STOPPED_S
    while not stands(pid) and time.monotonic() < end:
        time.sleep(_NAP_S)


def stands(pid: int) -> bool:
    """Whether it was stopped."""
    return _fields(pid)[:1] == ["T"]


def thaw(pid: int) -> None:
    """Let it go on."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def _fields(pid: int) -> list[str]:
    """Return what ``stat`` says behind the name: state, parent, ...; nothing where it is gone."""
    return _read(pid, "stat").rpartition(")")[2].split()


def _born(fields: list[str]) -> str:
    return fields[19]


def _read(pid: int, name: str) -> str:
    try:
        return (_PROC / str(pid) / name).read_text("utf-8", "replace")
    except OSError:
        return ""
