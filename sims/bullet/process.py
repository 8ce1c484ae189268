"""The PyBullet process seen from the plant: start it, ask it, and never wait for the dead."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

from neuroloop.core import shared
from neuroloop.core.errors import PartError
from sims.bullet import wire
from sims.bullet.wire import ASKED, REPLY, REQUEST, Ask, Wire

_START_S = 60.0
_ANSWER_S = 5.0
_END_S = 0.5
_LOOK_NS = 20_000_000
"""how often the process is looked after while it works"""


class Process:
    """One process with one world in it; ``scene`` is the JSON that says which."""

    def __init__(self, scene: bytes) -> None:
        self._scene = scene
        self._wire: Wire | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        self._asked = self._answered = 0
        self.token = b""
        """16 bytes that tell this life of the process from any other"""

    @property
    def pid(self) -> int:
        """The number the system knows it by, 0 where it does not run."""
        return 0 if self._process is None else self._process.pid

    @property
    def wire(self) -> Wire:
        """The shared memory, which is this side's until the next question."""
        if self._wire is None:
            raise PartError("plant: the PyBullet process is not running")
        if self._answered < self._asked:  # Ctrl-C ended the wait for an answer
            self._wait(self._wire, _ANSWER_S)
        return self._wire

    def start(self) -> None:
        """Start it and wait until its world is built."""
        self.token = os.urandom(16)
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            with shared.anonymous_file(wire.MEMORY_BYTES) as number:
                self._wire = wire.attach(number)
                self._wire.write(self._scene)
                self._process = self._run(number)
            # the first answer is to no question: it says that the world is built
            self._asked, self._answered = 1, 0
            self._wait(self._wire, _START_S)
        except BaseException:
            self.close()
            raise

    def ask(self, asked: Ask, *arguments: float, seconds: float = _ANSWER_S) -> None:
        """Have something done and wait for it; what comes of it is in the shared memory."""
        memory = self.wire
        memory.arguments[: len(arguments)] = arguments
        memory.words[ASKED] = asked
        self._asked += 1
        wire.publish(memory.words, REQUEST, self._asked)
        self._wait(memory, seconds)

    def close(self) -> None:
        """End it, by force where it does not listen."""
        process, memory = self._process, self._wire
        self._process = self._wire = None
        if process is not None:
            if memory is not None:
                memory.words[ASKED] = Ask.STOP
                wire.publish(memory.words, REQUEST, self._asked + 1)
            try:
                process.wait(_END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._log is not None:
            self._log.close()
            self._log = None

    def _run(self, number: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "sims.bullet.server", str(number), str(os.getpid())]
        # the process must find the very packages that this one runs on
        path = os.pathsep.join(place or str(Path.cwd()) for place in sys.path)
        return subprocess.Popen(
            command,
            pass_fds=(number,),
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._log,
            # Ctrl-C in a terminal goes to a whole session: stopping is this side's business
            start_new_session=True,
        )

    def _wait(self, memory: Wire, seconds: float) -> None:
        """Wait for the last answer; a process that ended or is silent too long is an error."""
        deadline = time.monotonic() + seconds
        while not wire.wait(memory.words, REPLY, self._asked, _LOOK_NS):
            ended = self._process is None or self._process.poll() is not None
            # it may have answered just before it ended
            if ended and not wire.wait(memory.words, REPLY, self._asked, 0):
                raise self._failure("PyBullet process ended")
            if time.monotonic() > deadline:
                raise self._failure(f"PyBullet process gave no answer for {seconds:.1f} s")
        self._answered = self._asked

    def _failure(self, what: str) -> PartError:
        code = None if self._process is None else self._process.poll()
        how = f" with {code}" if code is not None else ""
        lines: list[str] = []
        if self._log is not None:
            self._log.seek(0)
            lines = self._log.read().decode(errors="replace").strip().splitlines()
        last = f": {lines[-1]}" if lines else ""
        self.close()
        return PartError(f"plant: {what}{how}{last}")
