"""A robot that really runs, as ``neuroloop run`` in processes of its own, for one drill."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from neuroloop.core.black_box import RECORD, Records, read_black_box
from neuroloop.core.errors import MachineError, NeuroloopError, PartError
from neuroloop.drill import judge
from neuroloop.drill.parts.trigger import pull, was_obeyed
from neuroloop.drill.processes import Process, descendants, stands
from neuroloop.runtime import control_socket

RUN_FILE = Path(__file__).with_name("robot.toml")
_START_S, _END_S, _ANSWER_S = 30.0, 10.0, 2.0
_LOOK_S = 0.05
_STEADY_NS = 300_000_000
"""it has to move for so long before something is done to it"""


@dataclass(frozen=True)
class Outcome:
    """What a run left behind."""

    exit_code: int
    report: dict[str, Any]
    """empty where it died before it could report"""
    errors: str


class Robot:
    """One run; a context manager that leaves no process behind.

    Parameters
    ----------
    folder
        A new one, for the files of this run alone.
    plant
        Kind of the world.
    changes
        Of the run file; ``{folder}`` in them is the folder.
    options
        Further ones of ``neuroloop run``.
    stdin
        Number of an open file; nothing where it is left out.
    keyboard
        Number of the other end, where that is a terminal.
    module
        What is run; ``neuroloop`` or a program of the drills.
    """

    def __init__(  # noqa: PLR0913
        self,
        folder: Path,
        plant: str,
        changes: Sequence[str] = (),
        *,
        options: Sequence[str] = (),
        stdin: int | None = None,
        keyboard: int | None = None,
        module: Sequence[str] = ("neuroloop", "run"),
    ) -> None:
        self.folder = folder
        self.trigger = folder / "trigger"
        self.black_box = folder / "black_box"
        self._out, self._errors = folder / "out", folder / "errors"
        settings = [
            f"plant.kind={plant}",
            f"run.black_box={self.black_box}",
            f"sensor.pulse.trigger={self.trigger}",
            *(c.replace("{folder}", str(folder)) for c in changes),
        ]
        more = [o.replace("{folder}", str(folder)) for o in options]
        self._command = [sys.executable, "-m", *module, str(RUN_FILE), "--json", *more]
        self._command += [part for change in settings for part in ("--set", change)]
        self.keyboard = keyboard
        self._stdin = subprocess.DEVNULL if stdin is None else stdin
        self._restarts = "--restart" in options
        self._seen: set[Process] = set()
        self.fault_ns = 0
        """when the fault began, on the monotonic clock"""

    def __enter__(self) -> Self:
        """Start it."""
        with self._out.open("wb") as out, self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                self._command,
                stdin=self._stdin,
                stdout=out,
                stderr=errors,
                env={**os.environ, "XDG_RUNTIME_DIR": str(self.folder)},
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
        self._look_around()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for process in self._seen:
            process.kill()

    # its processes

    @property
    def brain(self) -> int:
        """Process of the run; of one that is started again the present one, 0 between two."""
        if not self._restarts:
            return self.process.pid
        runs = (p for p in descendants(self.process.pid) if "host.worker" not in p.command)
        return next((p.pid for p in runs), 0)

    @property
    def body(self) -> int:
        """Process of the world, found by the black box that it writes."""
        return next(p.pid for p in self._workers() if p.maps(self.black_box))

    @property
    def sensor(self) -> int:
        """Process of the sensor that lives alone."""
        return next(p.pid for p in self._workers() if not p.maps(self.black_box))

    def _workers(self) -> list[Process]:
        found = [p for p in descendants(self.brain) if "host.worker" in p.command]
        if len(found) != 2:
            raise PartError(f"the drill's robot has {len(found)} processes beside it, not two")
        return found

    def _look_around(self) -> None:
        """Remember what it started: orphans cannot be found afterwards."""
        self._seen |= set(descendants(self.process.pid))

    # what is done to it

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

    def ask(self, do: str) -> dict[str, Any]:
        """Ask through the control socket, as ``neuroloop tell`` does; empty without an answer."""
        if stands(self.brain):
            return {}
        request = {"do": do, "who": "the drill"}
        for socket in (self.folder / "neuroloop").glob("*.sock"):
            with contextlib.suppress(MachineError):
                return control_socket.ask(socket, request, _ANSWER_S)
        return {}

    # what it does

    def box(self) -> Records:
        """Return its black box so far; without records where there is none."""
        return self.box_of(self.black_box)

    @staticmethod
    def box_of(path: Path) -> Records:
        """Return a black box; without records where there is none."""
        try:
            return read_black_box(path)
        except NeuroloopError:
            return np.empty(0, RECORD)

    def wait_moving(self, since_ns: int = 0, seconds: float = _START_S) -> None:
        """Wait until it has moved for a while, without a pause.

        Raises
        ------
        PartError
            Where it does not, in the words of the run.
        """

        def steady() -> bool:
            box = judge.between(self.box(), since_ns)
            still = np.flatnonzero(~judge.moving(box))
            first = int(still[-1]) + 1 if len(still) else 0
            return len(box) > first and int(box["t_ns"][-1] - box["t_ns"][first]) > _STEADY_NS

        self.wait_until(steady, seconds, "it did not move")
        self._look_around()

    def wait_until(self, true: Callable[[], bool], seconds: float, otherwise: str) -> None:
        """Wait for something that the run has to do while it lives."""
        end = time.monotonic() + seconds
        while not true():
            ended = self.process.poll() is not None
            if ended or time.monotonic() > end:
                said = self.ask("status").get("answer", "") if not ended else "the run ended"
                raise PartError(f"{otherwise} ({said}) {self._text(self._errors)[-1000:]}")
            time.sleep(_LOOK_S)

    def end(self, seconds: float = _END_S) -> Outcome:
        """End the run in order where it still goes on, and return what it left behind."""
        if self.process.poll() is None:
            self._look_around()
            self.process.send_signal(signal.SIGTERM)
        return self.ended(seconds)

    def ended(self, seconds: float = _END_S) -> Outcome:
        """Wait for the end of the run, and of every process of it."""
        self._look_around()
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
            report = json.loads(self._text(self._out))
        except ValueError:
            report = {}
        return Outcome(code, report, self._text(self._errors))

    @staticmethod
    def _text(path: Path) -> str:
        return path.read_text("utf-8", "replace")
