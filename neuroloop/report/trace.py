"""Keeps what left each tick, and the robot's path, for the picture at the end."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.message import (
    MESSAGE_BYTES,
    R_BYTES,
    R_PROGRAM,
    R_T_US,
    RECORD_BYTES,
    Kind,
    messages,
)
from neuroloop.core.ports import Plant
from neuroloop.core.values import Float32s, UInt8s
from neuroloop.engine.op import Slot, Units
from neuroloop.runtime.loop import Loop

_MOST_BYTES = 1 << 30


class Trace:
    """A sink; `finish` turns what it kept into arrays."""

    def __init__(self, loop: Loop) -> None:
        self._plant: Plant | None = loop.plant
        self._live = loop.live
        self.outlets: tuple[Slot | Units, ...] = tuple(loop.program.plan.outlets)
        self._kept: list[bytes] = []
        self._n_bytes = 0
        self._path: list[tuple[float, float, float, float]] = []
        self.truncated = False
        """whether the run outgrew what is kept; the picture then shows its beginning"""

    def take(self, record: UInt8s, outcome: UInt8s) -> None:
        """Keep one tick."""
        del record
        head = outcome[:RECORD_BYTES].view(np.int64)
        n_bytes, t_us = int(head[R_BYTES]), int(head[R_T_US])
        if self._n_bytes + n_bytes > _MOST_BYTES:
            self.truncated = True
            return
        self._kept.append(outcome[:n_bytes].tobytes())
        self._n_bytes += n_bytes
        if self._plant is not None and t_us % 50_000 == 0:
            self._path.append((t_us / 1e6, *self._plant.pose()))

    def path(self) -> NDArray[np.float64]:
        """Return ``float64[n, 4]``: seconds, x and y in metres, yaw."""
        return np.array(self._path, np.float64).reshape(-1, 4)

    def spikes(self) -> dict[str, tuple[Float32s, NDArray[np.uint32]]]:
        """Return seconds and unit of every spike, by the name of what spiked."""
        times: dict[str, list[NDArray[np.int64]]] = {}
        units: dict[str, list[NDArray[np.uint32]]] = {}
        for outcome in self._kept:
            outlets = self._outlets(outcome)
            for message in messages(np.frombuffer(outcome, np.uint8)):
                if message.kind is Kind.SPIKES and len(message.payload):
                    name = outlets[message.port].name
                    events = message.events()
                    times.setdefault(name, []).append(events["t_us"])
                    units.setdefault(name, []).append(events["unit"])
        return {
            name: ((np.concatenate(t) / 1e6).astype(np.float32), np.concatenate(units[name]))
            for name, t in times.items()
        }

    def _outlets(self, outcome: bytes) -> Sequence[Slot | Units]:
        """Return what leaves a tick of the network that ran in it."""
        number = int(np.frombuffer(outcome, np.int64, 1, 8 * R_PROGRAM)[0])
        if not number or self._live is None or self._live.tick is None:
            return self.outlets
        return self._live.tick.programs[number].plan.outlets

    def motions(self) -> dict[str, tuple[Float32s, Float32s]]:
        """Return seconds ``[n]`` and values ``[n, channels]`` by the name of each actuator.

        Every tick has them all, before its spikes, in the order of the outlets.
        """
        seconds = [np.frombuffer(k, np.int64, 1, 8 * R_T_US)[0] / 1e6 for k in self._kept]
        t, start, found = np.array(seconds, np.float32), RECORD_BYTES, {}
        for outlet in self.outlets:
            if not isinstance(outlet, Slot):
                break
            width = outlet.data.shape[0] // 4
            values = [
                np.frombuffer(k, np.float32, width, start + MESSAGE_BYTES) for k in self._kept
            ]
            name = outlet.name.removeprefix("motion.")
            found[name] = (t, np.array(values, np.float32).reshape(-1, width))
            start += MESSAGE_BYTES + (outlet.data.n_bytes + 7) // 8 * 8
        return found
