"""What a simulated robot measures, as messages: range finder, wheels, the way to the goal."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuroloop.config import resolve, toml
from neuroloop.core import robot_protocol as protocol
from neuroloop.core.ports import Plant, Site, Source
from neuroloop.core.values import Ranges, Scalars
from sims.twin import messages


@dataclass(frozen=True)
class Rates:
    """How often each sensor measures, in Hz; 0 leaves it out."""

    range_hz: float
    odometry_hz: float
    goal_hz: float
    mount: str
    """range finder of the body"""


class Wheels:
    """How far each wheel went since boot."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._half_m = plant.body.drive.wheel_separation_m / 2
        self.metres = [0.0, 0.0]

    @property
    def mps(self) -> list[float]:
        """Speed of the left and of the right wheel."""
        forward, turn = self._plant.twist()
        return [forward - turn * self._half_m, forward + turn * self._half_m]

    def roll(self, passed_us: int) -> None:
        """Count the time that passed since the last call."""
        for i, mps in enumerate(self.mps):
            self.metres[i] += mps * passed_us / 1e6


@dataclass
class Telling:
    """One sensor and the topic it is told on."""

    topic: str
    source: Source
    pack: Callable[[int, Any], bytes]
    """makes a message of a number and a reading"""
    number: int = 0

    def due(self, t_us: int) -> Iterator[bytes]:
        """Yield what is measured now, at ``t_us``."""
        for reading in self.source.read(t_us + 1):
            self.number += 1
            yield self.pack(self.number, reading)


def tellings(site: Site, boot: int, wheels: Wheels, rates: Rates) -> list[Telling]:
    """Return the sensors of the robot in ``site.plant``; one without a goal does not tell of it.

    They are the sensors that a run file with a ``[plant]`` would name, with the same noise.
    """

    def scan(number: int, reading: Ranges) -> bytes:
        return messages.ranges(boot, number, reading.t_us, reading.metres)

    def odometry(number: int, reading: Scalars) -> bytes:
        return messages.odometry(boot, number, reading.t_us, wheels.metres, wheels.mps)

    def goal(number: int, reading: Scalars) -> bytes:
        del number
        bearing_rad, distance_m = (float(v) for v in reading.values)
        return messages.text(t_us=reading.t_us, bearing_rad=bearing_rad, distance_m=distance_m)

    lidar = {"rate_hz": rates.range_hz, "mount": rates.mount}
    found = []
    if rates.range_hz:
        found.append(Telling(protocol.RANGE, _sensor("lidar", lidar, site), scan))
    if rates.odometry_hz:
        settings = {"rate_hz": rates.odometry_hz}
        found.append(Telling(protocol.ODOMETRY, _sensor("odometry", settings, site), odometry))
    if rates.goal_hz and site.plant is not None and site.plant.world.goal is not None:
        settings = {"rate_hz": rates.goal_hz}
        found.append(Telling(protocol.GOAL, _sensor("goal", settings, site), goal))
    return found


def _sensor(kind: str, settings: Mapping[str, object], site: Site) -> Source:
    module = resolve.module("sensor", f"plant.{kind}", Path(), kind)
    own = Site(kind, site.seed, site.dt_us, site.folder, site.plant, role="sensor")
    source: Source = module.build(toml.convert(settings, module.Config, kind), own)
    return source
