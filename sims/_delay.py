"""A plant whose commands arrive late, as they do over a network."""

from collections import deque
from types import TracebackType
from typing import Any, Self

import msgspec
import numpy as np

from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Plant
from neuroloop.core.values import Float32s
from neuroloop.core.world import Point


class Late:
    """Holds each command back for ``delay_us`` of run time; in all else it is the plant."""

    def __init__(self, plant: Plant, delay_us: int) -> None:
        self._plant, self._delay_us = plant, delay_us
        self._waiting: deque[tuple[int, Float32s]] = deque()

    def __getattr__(self, name: str) -> Any:
        """Leave everything else to the plant."""
        return getattr(self._plant, name)

    def __enter__(self) -> Self:
        """Open the plant, where it is one that has to be."""
        if hasattr(self._plant, "__enter__"):
            self._plant.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the plant."""
        if hasattr(self._plant, "__exit__"):
            self._plant.__exit__(kind, error, trace)

    def command(self, values: Float32s) -> None:
        """Take a command over; it acts ``delay_us`` from now."""
        self._waiting.append((self._plant.t_us + self._delay_us, values.copy()))

    def advance(self, until_us: int) -> None:
        """Let the world run, each command acting from its own time on."""
        while self._waiting and self._waiting[0][0] <= until_us:
            due_us, values = self._waiting.popleft()
            self._plant.advance(max(due_us, self._plant.t_us))
            self._plant.command(values)
        self._plant.advance(until_us)

    def place(self, start: tuple[float, float, float], goal: Point | None) -> None:
        """Begin anew; what was on its way is lost."""
        self._waiting.clear()
        self._plant.place(start, goal)

    def snapshot(self) -> bytes:
        """Return the plant's snapshot and the commands on their way."""
        waiting = [(t_us, values.tolist()) for t_us, values in self._waiting]
        return msgspec.msgpack.encode((self._plant.snapshot(), waiting))

    def restore(self, state: bytes) -> None:
        """Go back to a snapshot."""
        inner, waiting = msgspec.msgpack.decode(
            state, type=tuple[bytes, list[tuple[int, list[float]]]]
        )
        self._plant.restore(inner)
        self._waiting = deque((t_us, np.array(v, np.float32)) for t_us, v in waiting)


def late(plant: Plant, command_delay_ms: float, step_us: int) -> Plant:
    """Return the plant with its commands delayed; the plant itself where they are not."""
    delay_us = round(command_delay_ms * 1e3)
    if delay_us % step_us:
        raise ConfigError(
            f"plant.command_delay_ms: {command_delay_ms:g} ms is not a whole number of steps of "
            f"{step_us} us"
        )
    delayed: Any = Late(plant, delay_us)
    return delayed if delay_us else plant
