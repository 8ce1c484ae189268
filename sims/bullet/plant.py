"""The plant's side of PyBullet: starts the process, asks, waits, and never waits for the dead."""

import os
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import msgspec

from neuroloop.core.body import Body
from neuroloop.core.errors import PartError
from neuroloop.core.shared import run_folder
from neuroloop.core.values import Float32s, UInt8s
from neuroloop.core.world import World
from sims.bullet import wire
from sims.bullet.wire import (
    ASKED,
    DATA_BYTES,
    FORWARD,
    KEPT_STATES,
    REPLY,
    REQUEST,
    T_US,
    TOUCHING,
    TURN,
    WANT_LEFT,
    WANT_RIGHT,
    YAW,
    Ask,
    Wire,
    X,
)

_START_S = 60.0
_ANSWER_S = 5.0
_SECONDS_PER_PIXEL = 4e-6
_LOOK_NS = 20_000_000
"""how often the process is looked after while it works"""
_MOST_STEPS = 1000
"""a longer advance is asked for in parts, each well below the time an answer may take"""
_HEAD = struct.Struct("<8s16sq")
_MAGIC = b"bullet01"


class Bullet:
    """A robot in PyBullet, which runs in a process of its own; open it with ``with``."""

    def __init__(self, body: Body, world: World, settings: dict[str, Any]) -> None:
        self._body, self._world, self._settings = body, world, settings
        self._wire: Wire | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        self._asked = self._answered = 0
        self._t_us = 0
        self._token = b""

    def __enter__(self) -> Self:
        """Start the process and wait until its world is built."""
        scene = {"body": self._body, "world": self._world, **self._settings}
        self._asked = self._answered = self._t_us = 0
        self._token = os.urandom(16)
        self._log = tempfile.TemporaryFile()
        try:
            with run_folder() as folder:
                (folder / "scene.json").write_bytes(msgspec.json.encode(scene))
                self._wire = wire.create(folder / "wire")
                self._process = self._start(folder)
                self._asked = 1  # the first answer says that the world is built
                self._wait(_START_S)
            # the maps outlive the file: from here on nothing can be left behind
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the process."""
        self._close()

    @property
    def body(self) -> Body:
        """The robot."""
        return self._body

    @property
    def world(self) -> World:
        """Where it stands."""
        return self._world

    @property
    def t_us(self) -> int:
        """Run time of the plant."""
        return self._t_us

    def advance(self, until_us: int) -> None:
        """Let the world run to ``until_us``, a whole number of steps ahead."""
        step_us = self._settings["step_us"]
        steps, rest = divmod(until_us - self._t_us, step_us)
        if rest or steps < 0:
            raise PartError(
                f"plant: cannot go from {self._t_us} us to {until_us} us in steps of {step_us} us"
            )
        for done in range(0, max(steps, 1), _MOST_STEPS):
            self._ask(Ask.ADVANCE, min(steps - done, _MOST_STEPS), done > 0)

    def command(self, values: Float32s) -> None:
        """Set the wished speeds of the left and the right wheel in m/s (``float32[2]``)."""
        state = self._open().state
        state[WANT_LEFT], state[WANT_RIGHT] = values

    def pose(self) -> tuple[float, float, float]:
        """Return x, y in metres and yaw in (-pi, pi], in the world's frame."""
        x, y, yaw = self._open().state[X : YAW + 1].tolist()
        return x, y, yaw

    def twist(self) -> tuple[float, float]:
        """Return forward speed in m/s and turning speed in rad/s."""
        forward, turn = self._open().state[FORWARD : TURN + 1].tolist()
        return forward, turn

    def touching(self) -> bool:
        """Whether the body came within 1 mm of a surface during the last `advance`."""
        return bool(self._open().state[TOUCHING])

    def scan(self, pose: tuple[float, float, float], bearing_rad: Float32s) -> Float32s:
        """Return the distance to the nearest surface along each beam (``float32[k]``, metres).

        The scan is flat: an obstacle is seen whatever its height.
        """
        metres = self._open().floats(len(bearing_rad))
        metres[:] = bearing_rad
        self._ask(Ask.SCAN, *pose, len(bearing_rad))
        return metres.copy()

    def picture(self, pose: tuple[float, ...], shape: tuple[int, int], fov_rad: float) -> UInt8s:
        """Return what a camera at ``pose`` (x, y, z, yaw on the body) sees (``uint8[h, w]``)."""
        pixels = shape[0] * shape[1]
        if pixels > DATA_BYTES:
            raise PartError(f"plant: a picture of {pixels} pixels; at most {DATA_BYTES} fit")
        seconds = _ANSWER_S + pixels * _SECONDS_PER_PIXEL
        self._ask(Ask.PICTURE, *pose, *shape, fov_rad, seconds=seconds)
        return self._open().data[:pixels].reshape(shape).copy()

    def snapshot(self) -> bytes:
        """Return the name of a state kept in the process, good as long as the process lives."""
        self._ask(Ask.SAVE)
        return _HEAD.pack(_MAGIC, self._token, int(self._open().arguments[0]))

    def restore(self, state: bytes) -> None:
        """Go back to a snapshot taken from this plant since it was opened."""
        if len(state) != _HEAD.size or not state.startswith(_MAGIC):
            raise PartError(f"plant: {len(state)} bytes are not a snapshot of a PyBullet plant")
        _, token, saved = _HEAD.unpack(state)
        if token != self._token:
            raise PartError(
                "plant: this snapshot names a state in another PyBullet process; PyBullet can only"
                " go back to states of the running one"
            )
        self._ask(Ask.RESTORE, saved)
        if not self._open().arguments[0]:
            raise PartError(f"plant: this snapshot is too old; {KEPT_STATES} are kept, the newest")

    def _start(self, folder: Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "sims.bullet.server", str(folder), str(os.getpid())]
        # the process must find the very packages that this one runs on
        path = os.pathsep.join(place or str(Path.cwd()) for place in sys.path)
        return subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._log,
            # Ctrl-C in a terminal goes to a whole session: stopping is this side's business
            start_new_session=True,
        )

    def _open(self) -> Wire:
        if self._wire is None or self._process is None:
            raise PartError("plant: the PyBullet process is not running")
        if self._answered < self._asked:  # Ctrl-C ended the wait for an answer
            self._wait(_ANSWER_S)
        return self._wire

    def _ask(self, asked: Ask, *arguments: float, seconds: float = _ANSWER_S) -> None:
        open_wire = self._open()
        open_wire.arguments[: len(arguments)] = arguments
        open_wire.words[ASKED] = asked
        self._asked += 1
        wire.publish(open_wire.words, REQUEST, self._asked)
        self._wait(seconds)

    def _wait(self, seconds: float) -> None:
        """Wait for the last answer; a process that ended or is silent too long is an error."""
        if self._wire is None:
            return
        words, count = self._wire.words, self._asked
        deadline = time.monotonic() + seconds
        while not wire.wait(words, REPLY, count, _LOOK_NS):
            ended = self._process is None or self._process.poll() is not None
            if ended and not wire.wait(words, REPLY, count, 0):
                raise self._failed("PyBullet process ended")
            if time.monotonic() > deadline:
                raise self._failed(f"PyBullet process gave no answer for {seconds:.0f} s")
        self._answered = count
        self._t_us = int(self._wire.state[T_US])

    def _failed(self, what: str) -> PartError:
        code = None if self._process is None else self._process.poll()
        how = f" with {code}" if code is not None else ""
        lines: list[str] = []
        if self._log is not None:
            self._log.seek(0)
            lines = self._log.read().decode(errors="replace").strip().splitlines()
        last = f": {lines[-1]}" if lines else ""
        self._close()
        return PartError(f"plant: {what}{how}{last}")

    def _close(self) -> None:
        process, open_wire = self._process, self._wire
        self._process = self._wire = None
        if process is not None:
            if open_wire is not None:
                open_wire.words[ASKED] = Ask.STOP
                wire.publish(open_wire.words, REQUEST, self._asked + 1)
            try:
                process.wait(0.5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._log is not None:
            self._log.close()
            self._log = None
