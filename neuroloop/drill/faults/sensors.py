"""A sensor that the network's motion depends on goes wrong."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from neuroloop.drill.drill import Drill
from neuroloop.drill.plays import Stops, pulled
from neuroloop.drill.processes import freeze, thaw
from neuroloop.drill.simulated import SimulatedRobot, sensor_process

_STOPS = "stops; moves again when armed"


@contextmanager
def _killed(robot: SimulatedRobot) -> Iterator[None]:
    os.kill(sensor_process(robot), signal.SIGKILL)
    yield


@contextmanager
def _frozen(robot: SimulatedRobot) -> Iterator[None]:
    sensor = sensor_process(robot)
    freeze(sensor)
    try:
        yield
    finally:
        thaw(sensor)


DRILLS = (
    Drill(
        "sensor-killed",
        "a sensor's process is killed (SIGKILL)",
        _STOPS,
        'sensor "pulse".*(killed|silent)',
        Stops(_killed),
    ),
    Drill(
        "sensor-frozen",
        "a sensor's process hangs (SIGSTOP)",
        _STOPS,
        'sensor "pulse"( silent|: its process has not answered)',
        Stops(_frozen),
    ),
    Drill(
        "sensor-raises",
        "a sensor raises, again and again",
        _STOPS,
        'sensor "pulse" failed: RuntimeError.*pulse.py',
        Stops(pulled("raise")),
    ),
    Drill(
        "sensor-silent",
        "a sensor gives nothing",
        _STOPS,
        'sensor "pulse" silent',
        Stops(pulled("silent")),
    ),
    Drill(
        "sensor-repeating",
        "a sensor gives one reading again and again",
        _STOPS,
        'sensor "pulse" gives the same numbers',
        Stops(pulled("repeat")),
    ),
    Drill(
        "sensor-nan",
        "a sensor gives NaN",
        _STOPS,
        'sensor "pulse" gave what is no number',
        Stops(pulled("nan")),
    ),
    Drill(
        "sensor-out-of-range",
        "a sensor gives what it said it never gives",
        _STOPS,
        'sensor "pulse" out of its range',
        Stops(pulled("out")),
    ),
    Drill(
        "sensor-too-fast",
        "a sensor gives ten times the readings it declared",
        _STOPS,
        'sensor "pulse" gives far more readings',
        Stops(pulled("fast")),
    ),
    Drill(
        "ring-overflow",
        "bursts of a sensor's readings larger than its ring",
        _STOPS,
        'readings of sensor "pulse" lost|sensor "pulse" gives far more readings',
        Stops(pulled("burst")),
    ),
)
