"""One life of a host's process: started, listened to, asked, ended; and how it ended, in words."""

import logging
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from neuroloop.core.errors import PartError
from neuroloop.runtime.host.line import Line
from neuroloop.runtime.host.wire import (
    Answer,
    Building,
    Built,
    Call,
    Called,
    Connected,
    Counted,
    End,
    Failed,
    Logged,
    Noticed,
    Report,
    error_of,
)

_ANSWER_S, _END_S = 10.0, 2.0
_LOOK_S = 0.1


class Child:
    """Runs from the start; ``memory`` is the number of a file that it inherits."""

    def __init__(self, memory: int) -> None:
        self.built: Built | None = None
        """what it said when its parts were open"""
        self.connected = False
        """whether its encoders are built too"""
        self.failure: Failed | None = None
        """its last words"""
        self.coming = ""
        """the part it came to last"""
        self.counts: dict[str, Mapping[str, int]] = {}
        """what each sensor counted, by its name, when this was heard last"""
        self._notices: list[Noticed] = []
        self._answers: dict[int, Answer] = {}
        self._calls = 0
        self._lock = threading.Lock()
        mine, other = socket.socketpair()
        self._line: Line[Report] = Line(mine, Report)
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        worker = "neuroloop.runtime.host.worker"
        # it must find the very packages that this process runs on
        path = os.pathsep.join(place or str(Path.cwd()) for place in sys.path)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", worker, str(other.fileno()), str(os.getpid())],
                pass_fds=(other.fileno(), memory),
                env={**os.environ, "PYTHONPATH": path},
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                # Ctrl-C in a terminal goes to a whole session: stopping is the host's business
                start_new_session=True,
            )
        except BaseException:
            self._line.close()
            self._log.close()
            raise
        finally:
            other.close()

    @property
    def pid(self) -> int:
        """The number the system knows it by."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def send(self, message: object, file: int | None = None) -> None:
        """Tell it something, with the number of an open file that it gets."""
        with self._lock:
            self._line.send(message, file)

    def hear(self, seconds: float = 0.0) -> None:
        """Take in what it said; wait for that so long."""
        if seconds:
            self._line.wait(seconds)
        if self._lock.acquire(blocking=False):  # else somebody asks it something, and listens
            try:
                self._hear()
            finally:
                self._lock.release()

    def notices(self) -> list[Noticed]:
        """Return what happened to its sensors since this was asked last."""
        found, self._notices = self._notices, []
        return found

    def ask(self, what: Called, arguments: Sequence[Any]) -> bytes:
        """Have something done by its plant and wait for that.

        Raises
        ------
        NeuroloopError
            What the plant raised.
        PartError
            Where the process ended or gave no answer in time.
        """
        with self._lock:
            self._calls += 1
            number = self._calls
            self._line.send(Call(number, what, list(arguments)))
            deadline = time.monotonic() + _ANSWER_S
            while number not in self._answers:
                if self._line.closed:
                    raise PartError(f"plant: its process is gone and cannot {what}")
                if time.monotonic() > deadline:
                    raise PartError(f"plant: its process gave no answer for {_ANSWER_S:g} s")
                if self._line.flush_for(_LOOK_S):
                    self._line.wait(_LOOK_S)
                self._hear()
            answer = self._answers.pop(number)
        if answer.error is not None:
            raise error_of(answer.error)
        return answer.content

    def how_it_ended(self) -> str:
        """Say by what, with the last line that it printed."""
        code = self._process.poll()
        if code is not None and code < 0:
            return f"was killed by signal {-code}"
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return f"ended with {code}" + (f": {lines[-1]}" if lines else "")

    def kill(self) -> None:
        """End it by force."""
        self._process.kill()

    def close(self) -> None:
        """End it, by force where it does not listen."""
        try:
            if self.running:
                self.send(End())
                self._process.wait(_END_S)
                self.hear()
        except subprocess.TimeoutExpired:
            self._process.kill()
        finally:
            self._process.wait()
            self._line.close()
            self._log.close()

    def _hear(self) -> None:
        self._line.flush()
        for report in self._line.receive():
            self._take(report)

    def _take(self, report: Report) -> None:
        match report:
            case Building():
                self.coming = report.part
            case Built():
                self.built = report
            case Connected():
                self.connected = True
            case Failed():
                self.failure = report
            case _:
                self._pass_on(report)

    def _pass_on(self, report: Report) -> None:
        match report:
            case Noticed():
                self._notices.append(report)
            case Counted():
                self.counts[report.name] = report.counts
            case Logged():
                logging.getLogger(report.logger).log(report.level, "%s", report.text)
            case Answer():
                self._answers[report.number] = report
