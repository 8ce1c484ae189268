"""What lives in another process, seen from here."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from neuroloop.core.body import Body
from neuroloop.core.errors import PartError
from neuroloop.core.mailbox import Mailbox
from neuroloop.core.shared import load
from neuroloop.core.values import Float32s, Int64s, Reading, SourceSpec, UInt8s
from neuroloop.core.world import Point, World
from neuroloop.runtime.host.memory import (
    ENDED,
    FORWARD,
    STATE,
    T_US,
    TOUCHED_US,
    TOUCHING,
    TURN,
    YAW,
    Shared,
    X,
    glance,
)
from neuroloop.runtime.host.wire import Called

_CONTACT_US = 20_000
"""who looks less often than the body goes round must not miss a short contact"""

Ask = Callable[[Called, Sequence[Any]], bytes]
"""has something done in the process: what, and with which arguments"""


class RemoteSource:
    """A sensor whose readings another process pushes into their ring."""

    def __init__(self, spec: SourceSpec) -> None:
        self._spec = spec

    @property
    def spec(self) -> SourceSpec:
        """What it yields."""
        return self._spec

    def read(self, until_us: int) -> Sequence[Reading]:
        """Return nothing: what there is is in the ring already."""
        del until_us
        return ()


class RemoteRecording(RemoteSource):
    """A recording that another process reads; ``words`` are its counters."""

    def __init__(self, spec: SourceSpec, words: Int64s) -> None:
        super().__init__(spec)
        self._words = words

    @property
    def ended(self) -> bool:
        """Whether the last reading is in the ring."""
        return bool(load(self._words, ENDED))


class RemotePlant:
    """A plant that runs by itself, in real time; its present state is looked up without waiting."""

    def __init__(self, body: Body, world: World, shared: Shared, ask: Ask) -> None:
        self._body, self._world, self._shared, self._ask = body, world, shared, ask
        self._state = np.zeros(STATE)

    @property
    def body(self) -> Body:
        """The robot."""
        return self._body

    @property
    def world(self) -> World:
        """Where it stands."""
        return self._world

    @property
    def commands(self) -> Mailbox:
        """Where whoever moves the body puts commands (`core.command`)."""
        return self._shared.commands

    @property
    def t_us(self) -> int:
        """Run time of the plant."""
        return int(self._now()[T_US])

    def advance(self, until_us: int) -> None:
        """Leave it to the plant, which needs nobody for that."""

    def command(self, values: Float32s) -> None:
        """Refuse: commands go into the mailbox, where the body's watchdog counts them."""
        del values
        raise PartError(
            "plant: it runs in a process of its own and takes commands from the tick alone"
        )

    def pose(self) -> tuple[float, float, float]:
        """Return x, y in metres and yaw in radians, in the world's frame."""
        x, y, yaw = self._now()[X : YAW + 1].tolist()
        return x, y, yaw

    def twist(self) -> tuple[float, float]:
        """Return forward speed in m/s and turning speed in rad/s, as they really are."""
        forward, turn = self._now()[FORWARD : TURN + 1].tolist()
        return forward, turn

    def touching(self) -> bool:
        """Whether the body is or was in contact within the last 20 ms."""
        now = self._now()
        return bool(now[TOUCHING] or now[T_US] - now[TOUCHED_US] < _CONTACT_US)

    def place(self, start: tuple[float, float, float], goal: Point | None) -> None:
        """Begin anew; refused while the plant runs."""
        there = None if goal is None else [float(v) for v in goal]
        self._ask("place", ([float(v) for v in start], there))
        self._world = msgspec.structs.replace(self._world, start=start, goal=goal)

    def scan(self, pose: tuple[float, float, float], bearing_rad: Float32s) -> Float32s:
        """Return the true distance along each beam from where the body is now (``float32[k]``)."""
        beams = np.asarray(bearing_rad, np.float32).tobytes()
        mount = [float(v) for v in pose]
        return np.frombuffer(self._ask("scan", (mount, beams)), np.float32).copy()

    def picture(self, pose: tuple[float, ...], shape: tuple[int, int], fov_rad: float) -> UInt8s:
        """Return what a camera at ``pose`` (x, y, z, yaw) sees now (``uint8[h, w]``)."""
        mount = [float(v) for v in pose]
        content = self._ask("picture", (mount, shape, float(fov_rad)))
        return np.frombuffer(content, np.uint8).reshape(shape).copy()

    def snapshot(self) -> bytes:
        """Return everything `restore` needs for a bit-identical continuation."""
        return self._ask("snapshot", ())

    def restore(self, state: bytes) -> None:
        """Go back to a snapshot; refused while the plant runs."""
        self._ask("restore", (state,))

    def _now(self) -> NDArray[np.float64]:
        """Return the newest state; the last one known where the process died while writing it."""
        state = np.empty(STATE)
        if glance(self._shared.state.address, state.view(np.uint8), 0):
            self._state = state
        return self._state
