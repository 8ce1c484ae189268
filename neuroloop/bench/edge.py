"""How soon a run by the wall clock ticks after its process was started, and what memory it holds.

The run is a process as a service manager starts it, and says READY to this one.
"""

import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from neuroloop.core.errors import MachineError, PartError

_START_S, _END_S, _LOOK_S = 600.0, 20.0, 0.2
_NS = 1e-9
_ROOM = 4096
_LIVE = ("--set", "clock.kind=wall", "--set", "guard.arm=manual", "--headless", "--quiet")


@dataclass(frozen=True)
class Spread:
    """Seconds from starting Python, of several starts."""

    median_s: float
    least_s: float
    most_s: float


@dataclass(frozen=True)
class Memory:
    """What one process holds."""

    what: str
    """the brain, or the process of a body or sensor beside it"""
    resident_bytes: int
    """all of its pages that are in memory"""
    share_bytes: int
    """the same, a page that n processes share counted as an n-th (Pss)"""


@dataclass(frozen=True)
class EdgeCost:
    """What a run costs a small machine."""

    run_file: str
    starts: int
    first_tick: Spread
    """until the first tick began"""
    ready: Spread
    """until the service manager was told"""
    after_s: float
    """of ticks, before memory was looked at"""
    memory: tuple[Memory, ...]

    @property
    def resident_bytes(self) -> int:
        """Of all processes; pages that several of them share count several times."""
        return sum(m.resident_bytes for m in self.memory)

    @property
    def share_bytes(self) -> int:
        """Of all processes, each page counted once."""
        return sum(m.share_bytes for m in self.memory)


def measure(
    name: str, changes: Sequence[str] = (), *, starts: int = 5, after_s: float = 5.0
) -> EdgeCost:
    """Start a run file several times with its kernels on disk, disarmed, and end it again.

    Raises
    ------
    MachineError
        Where this is not Linux.
    PartError
        Where a run fails, or ends before it was measured; says what it said.
    """
    if not sys.platform.startswith("linux"):
        raise MachineError("a live run needs Linux")
    with _Started(name, changes):
        pass  # whatever was not compiled is now
    ticks, readies = [], []
    memory: tuple[Memory, ...] = ()
    for k in range(starts):
        with _Started(name, changes) as run:
            ticks.append(run.first_tick_s)
            readies.append(run.ready_s)
            if k == starts - 1:
                time.sleep(after_s)
                memory = run.memory()
    return EdgeCost(name, starts, _spread(ticks), _spread(readies), after_s, memory)


def _spread(seconds: Sequence[float]) -> Spread:
    return Spread(statistics.median(seconds), min(seconds), max(seconds))


class _Started:
    """One run, from its start until it is asked to end."""

    def __init__(self, name: str, changes: Sequence[str]) -> None:
        options = [word for change in changes for word in ("--set", change)]
        self._command = [sys.executable, "-m", "neuroloop", "run", name, *options, *_LIVE]
        self.first_tick_s = self.ready_s = 0.0

    def __enter__(self) -> Self:
        with _listening() as (line, address):
            self._said = tempfile.TemporaryFile()
            start_ns = time.monotonic_ns()
            self._process = subprocess.Popen(
                self._command,
                env={**os.environ, "NOTIFY_SOCKET": address},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._said,
            )
            try:
                words = self._ready(line)
                self.ready_s = (time.monotonic_ns() - start_ns) * _NS
                self.first_tick_s = (int(words["X_FIRST_TICK_NS"]) - start_ns) * _NS
            except BaseException:
                self._end()
                raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def memory(self) -> tuple[Memory, ...]:
        """Return what it and every process that it started hold."""
        try:
            brain = _memory(self._process.pid, "brain")
            beside = [_memory(pid, "beside it") for pid in _below(self._process.pid)]
        except (OSError, TypeError):  # gone, or a zombie, which has no memory
            raise PartError(f"the run was over before it was measured: {self._words()}") from None
        return brain, *beside

    def _ready(self, line: socket.socket) -> dict[str, str]:
        end = time.monotonic() + _START_S
        while time.monotonic() < end:
            try:
                told = line.recv(_ROOM).decode()
            except TimeoutError:
                if self._process.poll() is not None:
                    raise PartError(f"the run failed: {self._words()}") from None
                continue
            words = dict(row.split("=", 1) for row in told.splitlines())
            if "READY" in words:
                return words
        raise PartError(f"the run did not tick within {_START_S:g} s")

    def _words(self) -> str:
        self._said.seek(0)
        return self._said.read().decode(errors="replace").strip() or "it said nothing"

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._said.close()


@contextmanager
def _listening() -> Iterator[tuple[socket.socket, str]]:
    with (
        tempfile.TemporaryDirectory(prefix="neuroloop-bench-") as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line,
    ):
        address = f"{folder}/notify"
        line.bind(address)
        line.settimeout(_LOOK_S)
        yield line, address


def _memory(pid: int, what: str) -> Memory:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
    rss, pss = (
        1024 * int(re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)[1])  # type: ignore[index]
        for name in ("Rss", "Pss")
    )
    return Memory(what, rss, pss)


def _below(pid: int) -> Iterator[int]:
    """Return the processes that a process started, and those that they did."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (thread / "children").read_text("ascii").split()):
            yield child
            yield from _below(child)
