"""A robot that really runs, as ``neuroloop run`` in processes of its own, for some drills."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

import numpy as np

from neuroloop.core.black_box import Records
from neuroloop.core.errors import MachineError, PartError
from neuroloop.drill import judge
from neuroloop.drill.parts.trigger import pull, was_obeyed
from neuroloop.drill.processes import Process, descendants, stands
from neuroloop.runtime import control_socket

FOLDER = Path(__file__).parent
WHO = "the drill"
TRIGGER = "trigger"
"""file, in the folder of a robot, that its failing parts look at"""
_END_S, _ANSWER_S = 10.0, 2.0
_LOOK_S = 0.05
STEADY_NS = 300_000_000
"""it has to move for so long before something is done to it"""


@dataclass(frozen=True)
class Outcome:
    """What a run left behind."""

    exit_code: int
    report: dict[str, Any]
    """empty where it died before it could report"""
    errors: str
    """of the drill at hand"""


@dataclass(frozen=True)
class Start:
    """How a run is started."""

    run_file: Path
    changes: Sequence[str] = ()
    """of the run file"""
    options: Sequence[str] = ()
    """further ones of ``neuroloop run``"""
    module: Sequence[str] = ("neuroloop", "run")
    """what is run; ``neuroloop`` or a program of the drills"""
    stdin: int | None = None
    """number of an open file; nothing where it is left out"""
    keyboard: int | None = None
    """number of the other end, where that is a terminal"""
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def command(self) -> list[str]:
        """The command line."""
        command = [sys.executable, "-m", *self.module, str(self.run_file), "--json", *self.options]
        return command + [part for change in self.changes for part in ("--set", change)]


class Body(Protocol):
    """What moves, and who looks at it."""

    @property
    def remote(self) -> bool:
        """Whether it is at the other end of a network.

        Then somebody has to arm before it moves, it goes on when the run has ended, and commands
        may still be on their way when a fault begins.
        """
        ...

    def attend(self, worker: int) -> None:
        """Take note of a process in which the run has parts of its own."""

    def leave_behind(self) -> None:
        """Let its counts begin anew."""

    def box(self, began_ns: int) -> Records:
        """Return what it did since then; without records where it did nothing."""
        ...

    def gap_ms(self, begin_ns: int, end_ns: int) -> float:
        """Return the longest time without a core, from a little before to a little after."""
        ...

    def words(self, box: Records) -> list[str]:
        """Return what others than the run know of commands and of its end, in words."""
        ...


B_co = TypeVar("B_co", bound=Body, covariant=True)


class Robot(Generic[B_co]):
    """One run; a context manager that leaves no process behind.

    Drills may follow each other in one life; `begin` is called before each.

    Parameters
    ----------
    folder
        A new one, for the files of this run alone.
    start
        How the run is started.
    body
        What it moves.
    """

    def __init__(self, folder: Path, start: Start, body: B_co) -> None:
        self.folder, self.body, self._start = folder, body, start
        self.trigger = folder / TRIGGER
        self.keyboard = start.keyboard
        self._out, self._errors = folder / "out", folder / "errors"
        self._restarts = "--restart" in start.options
        self._seen: set[Process] = set()
        self._said_before = 0
        self.began_ns = time.monotonic_ns()
        """when the drill at hand began; it looks at nothing before"""
        self.began_s = 0.0
        """the same in run time"""
        self.fault_ns = 0
        """when its fault began, on the monotonic clock; 0 before it did"""
        self.outcome: Outcome | None = None
        """what the run left behind, once it has ended"""
        self.notes: list[str] = []
        """what others said during the drill"""

    def __enter__(self) -> Self:
        """Start it."""
        with self._out.open("wb") as out, self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                self._start.command,
                stdin=subprocess.DEVNULL if self._start.stdin is None else self._start.stdin,
                stdout=out,
                stderr=errors,
                env={
                    **os.environ,
                    "XDG_RUNTIME_DIR": str(self.folder),
                    **self._start.environment,
                },
                start_new_session=True,
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Kill all that still lives of it."""
        self.look_around()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for process in self._seen:
            process.kill()

    # the drill at hand

    def begin(self) -> None:
        """Begin a drill: what was before is no longer looked at."""
        self.fault_ns = 0
        self.notes.clear()
        self.body.leave_behind()
        self.began_ns = time.monotonic_ns()
        self.began_s = float(self.ask("status").get("run_s", 0.0))
        self._said_before = self._errors.stat().st_size

    def mark(self) -> None:
        """Say that the fault begins now."""
        self.fault_ns = time.monotonic_ns()

    def pull(self, word: str) -> None:
        """Tell the parts of the drill to fail in a way; "" ends it."""
        pull(self.trigger, word)

    @property
    def obeyed(self) -> bool:
        """Whether a part said that it did what the last word asked for."""
        return was_obeyed(self.trigger)

    # the run

    @property
    def brain(self) -> int:
        """Process of the run; of one that is started again the present one, 0 between two."""
        if not self._restarts:
            return self.process.pid
        runs = (p for p in descendants(self.process.pid) if "host.worker" not in p.command)
        return next((p.pid for p in runs), 0)

    @property
    def lives(self) -> bool:
        """Whether the run goes on."""
        return self.process.poll() is None

    @property
    def errors(self) -> str:
        """What the run said on stderr since the drill began."""
        with self._errors.open("rb") as file:
            file.seek(self._said_before)
            return file.read().decode("utf-8", "replace")

    def ask(self, do: str) -> dict[str, Any]:
        """Ask through the control socket, as ``neuroloop tell`` does; empty without an answer."""
        if stands(self.brain):
            return {}
        request = {"do": do, "who": WHO}
        for socket in (self.folder / "neuroloop").glob("*.sock"):
            with contextlib.suppress(MachineError):
                return control_socket.ask(socket, request, _ANSWER_S)
        return {}

    def box(self) -> Records:
        """Return what its body did since the drill began."""
        return self.body.box(self.began_ns)

    def steady(self, since_ns: int = 0, for_ns: int = STEADY_NS) -> bool:
        """Whether it has moved for a while, without a pause."""
        box = judge.between(self.box(), since_ns)
        still = np.flatnonzero(~judge.moving(box))
        first = int(still[-1]) + 1 if len(still) else 0
        return len(box) > first and int(box["t_ns"][-1] - box["t_ns"][first]) > for_ns

    def wait_until(self, true: Callable[[], bool], seconds: float, otherwise: str) -> None:
        """Wait for something that the run has to do while it lives.

        Raises
        ------
        PartError
            Where it does not, in the words of the run.
        """
        end = time.monotonic() + seconds
        while not true():
            if not self.lives or time.monotonic() > end:
                said = self.ask("status").get("answer", "") if self.lives else "the run ended"
                raise PartError(f"{otherwise} ({said}) {self.errors[-1000:]}")
            time.sleep(_LOOK_S)

    def end(self, seconds: float = _END_S) -> Outcome:
        """End the run in order where it still goes on, and return what it left behind."""
        if self.lives:
            self.look_around()
            self.process.send_signal(signal.SIGTERM)
        return self.ended(seconds)

    def ended(self, seconds: float = _END_S) -> Outcome:
        """Wait for the end of the run, and of every process of it."""
        self.look_around()
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise PartError(f"the run did not end in {seconds:g} s") from None
        end = time.monotonic() + seconds
        while any(p.lives for p in self._seen):
            if time.monotonic() > end:
                raise PartError(f"a process of the run outlived it by {seconds:g} s")
            time.sleep(_LOOK_S)
        try:
            report = json.loads(self._out.read_text("utf-8", "replace"))
        except ValueError:
            report = {}
        self.outcome = Outcome(code, report, self.errors)
        return self.outcome

    def look_around(self) -> None:
        """Remember what it started: orphans cannot be found afterwards."""
        here = set(descendants(self.process.pid))
        for new in here - self._seen:
            if "host.worker" in new.command:
                self.body.attend(new.pid)
        self._seen |= here


AnyRobot = Robot[Body]
