"""PyBullet as a plant: questions to its process, answers out of shared memory."""

import struct
from types import TracebackType
from typing import Any, Self

import msgspec

from neuroloop.core.body import Body
from neuroloop.core.errors import PartError
from neuroloop.core.values import Float32s, UInt8s
from neuroloop.core.world import Point, World
from sims._rays import Rays
from sims.bullet.process import Process
from sims.bullet.wire import (
    DATA_BYTES,
    FORWARD,
    KEPT_STATES,
    T_US,
    TOUCHING,
    TURN,
    WANT_LEFT,
    WANT_RIGHT,
    YAW,
    Ask,
    X,
)

_BASE_S, _SECONDS_PER_PIXEL = 5.0, 4e-6
_MOST_STEPS = 1000
"""a longer advance is asked for in parts, each well below the time an answer may take"""
_SNAPSHOT = struct.Struct("<8s16sq")
_MAGIC = b"bullet01"


class Bullet:
    """A robot in PyBullet, which runs in a process of its own; open it with ``with``."""

    def __init__(self, body: Body, world: World, settings: dict[str, Any]) -> None:
        self._body, self._world = body, world
        self._step_us: int = settings["step_us"]
        self._rays = Rays(world) if settings.pop("outlines") else None
        self._process = Process(msgspec.json.encode({"body": body, "world": world, **settings}))
        self._t_us = 0

    def __enter__(self) -> Self:
        """Start the process and wait until its world is built."""
        self._t_us = 0
        self._process.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        self._process.close()

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

    def place(self, start: tuple[float, float, float], goal: Point | None) -> None:
        """Begin anew: the robot at rest at ``start``, another goal, run time 0."""
        self._process.ask(Ask.PLACE, *start)
        self._world = msgspec.structs.replace(self._world, start=start, goal=goal)
        self._t_us = 0

    def advance(self, until_us: int) -> None:
        """Let the world run to ``until_us``, a whole number of steps ahead."""
        now_us = int(self._process.wire.state[T_US])
        steps, rest = divmod(until_us - now_us, self._step_us)
        if rest or steps < 0:
            raise PartError(
                f"plant: cannot go from {now_us} us to {until_us} us in steps of {self._step_us} us"
            )
        for done in range(0, max(steps, 1), _MOST_STEPS):
            self._process.ask(Ask.ADVANCE, min(steps - done, _MOST_STEPS), done > 0)
        self._t_us = until_us

    def command(self, values: Float32s) -> None:
        """Set the wished speeds of the left and the right wheel in m/s (``float32[2]``)."""
        state = self._process.wire.state
        state[WANT_LEFT], state[WANT_RIGHT] = values

    def pose(self) -> tuple[float, float, float]:
        """Return x, y in metres and yaw in (-pi, pi], in the world's frame."""
        x, y, yaw = self._process.wire.state[X : YAW + 1].tolist()
        return x, y, yaw

    def twist(self) -> tuple[float, float]:
        """Return forward speed in m/s and turning speed in rad/s."""
        forward, turn = self._process.wire.state[FORWARD : TURN + 1].tolist()
        return forward, turn

    def touching(self) -> bool:
        """Whether the body came within 1 mm of a surface during the last `advance`."""
        return bool(self._process.wire.state[TOUCHING])

    def scan(self, pose: tuple[float, float, float], bearing_rad: Float32s) -> Float32s:
        """Return the distance to the nearest surface along each beam (``float32[k]``, metres).

        The scan is flat: an obstacle is seen whatever its height.
        """
        if self._rays is not None:
            return self._rays.scan(self.pose(), pose, bearing_rad, self._t_us)
        metres = self._process.wire.floats(len(bearing_rad))
        metres[:] = bearing_rad
        self._process.ask(Ask.SCAN, *pose, len(bearing_rad))
        return metres.copy()

    def picture(self, pose: tuple[float, ...], shape: tuple[int, int], fov_rad: float) -> UInt8s:
        """Return what a camera at ``pose`` (x, y, z, yaw on the body) sees (``uint8[h, w]``)."""
        pixels = shape[0] * shape[1]
        if pixels > DATA_BYTES:
            raise PartError(f"plant: a picture of {pixels} pixels; at most {DATA_BYTES} fit")
        seconds = _BASE_S + pixels * _SECONDS_PER_PIXEL
        self._process.ask(Ask.PICTURE, *pose, *shape, fov_rad, seconds=seconds)
        return self._process.wire.data[:pixels].reshape(shape).copy()

    def snapshot(self) -> bytes:
        """Return the name of a state kept in the process, good as long as the process lives."""
        self._process.ask(Ask.SAVE)
        saved = int(self._process.wire.arguments[0])
        return _SNAPSHOT.pack(_MAGIC, self._process.token, saved)

    def restore(self, state: bytes) -> None:
        """Go back to a snapshot taken from this plant since it was opened."""
        if len(state) != _SNAPSHOT.size or not state.startswith(_MAGIC):
            raise PartError(f"plant: {len(state)} bytes are not a snapshot of a PyBullet plant")
        _, token, saved = _SNAPSHOT.unpack(state)
        if token != self._process.token:
            raise PartError(
                "plant: this snapshot names a state in another PyBullet process; PyBullet can only"
                " go back to states of the running one"
            )
        self._process.ask(Ask.RESTORE, saved)
        if not self._process.wire.arguments[0]:
            raise PartError(f"plant: this snapshot is too old; {KEPT_STATES} are kept, the newest")
        self._t_us = int(self._process.wire.state[T_US])
