"""Every sensor that is a file or a feed keeps the promises of its port."""

import importlib
import time

import numpy as np
import pytest

from neuroloop.config import resolve
from neuroloop.core.errors import MachineError
from neuroloop.core.ports import Finite, Site
from neuroloop.core.values import Frame, Ranges, Scalars, Sound, SourceSpec, Spikes
from neuroloop.testing import scripted
from neuroloop.testing.ports import check_source, entered
from neuroloop.testing.promise import ContractError

pytestmark = pytest.mark.real_time

PATIENCE_S = 5.0
ROWS = [[0.0, 1.0], [0.5, 2.0], [1.0, 3.0]]


# those of a plant are in test_plant_sensors.py, those at a broker in tests/mqtt/test_sensors.py
KINDS = [kind for kind in resolve.kinds("sensor") if not kind.startswith(("plant", "mqtt"))]


@pytest.mark.parametrize("kind", KINDS)
def test_sensor_keeps_its_promises(kind, given, tmp_path):
    module = importlib.import_module(f"sensors.{kind}")
    needed = given("sensor", kind)
    settings = {} if needed is None else needed(tmp_path)
    try:
        built = module.build(module.Config(**settings), Site("sensor", 1, 1000, tmp_path))
        with entered(built) as sensor:
            if not isinstance(sensor, Finite):
                time.sleep(0.3)  # what it listens to is alive, and speaks in its own time
            came = check_source(sensor, seconds=0.25)
            if not isinstance(sensor, Finite) and needed is not None:
                came = came or came_at_last(sensor, 250_000)
    except MachineError as error:
        pytest.skip(str(error))

    assert came > 0 or needed is None


def came_at_last(sensor, until_us):
    """Read at the pace of the clock until something comes: the check took no time."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        time.sleep(0.001)
        until_us += 1000
        if readings := sensor.read(until_us):
            return len(readings)
    return 0


@pytest.mark.parametrize("repeat", [True, False])
def test_scripted_sensor_of_a_run_file_keeps_its_promises(repeat):
    config = scripted.Config(ROWS, rate_hz=100.0, repeat=repeat)

    came = check_source(scripted.build(config, Site("goal", 0, 1000)), seconds=0.1)

    assert came == (10 if repeat else 3)


@pytest.mark.parametrize(
    ("readings", "units"),
    [
        ([Scalars(5, np.float32([1])), Scalars(0, np.float32([2]))], 0),
        ([Frame(0, np.zeros((3, 4), np.uint8))], 0),
        ([Ranges(1500, np.float32([np.nan, 1]), np.float32([0, 1]))], 0),
        ([Sound(0, np.zeros((8, 2), np.float32), 8000.0)], 0),
        ([Spikes(np.int64([10, 10, 2500]), np.uint32([3, 1, 2]))], 4),
    ],
)
def test_scripted_sensor_of_any_reading_keeps_its_promises(readings, units):
    sensor = scripted.Scripted("script", readings, units=units)

    came = check_source(sensor, seconds=0.01)

    assert came == (2 if units else len(readings))
    assert sensor.ended


class Wrong:
    """A sensor that breaks one promise at a time."""

    def __init__(self, break_=None, shape=(1,)):
        self.spec = SourceSpec("wrong", Scalars, shape, 10.0)
        self._break, self._given = break_, 0

    def read(self, until_us):
        early = {"future": until_us, "back": -self._given}.get(self._break, until_us - 1)
        if self._given >= 2 and self._break != "again":
            return []
        self._given += 1
        values = np.zeros(1, np.float64 if self._break == "dtype" else np.float32)
        return [Scalars(early, values)]


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("future", "came out before"),
        ("back", "come in order|comes twice"),
        ("again", "no reading comes twice"),
        ("dtype", "float32, not float64"),
    ],
)
def test_broken_promise_is_named(broken, words):
    with pytest.raises(ContractError, match=words):
        check_source(Wrong(broken), seconds=0.01)


def test_shape_other_than_declared_is_named():
    with pytest.raises(ContractError, match=r"values is \(2,\), not \(1,\)"):
        check_source(Wrong(shape=(2,)), seconds=0.01)
