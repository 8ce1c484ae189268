"""Every actuator keeps the promises of its port."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from neuroloop.config import body, resolve
from neuroloop.core.errors import MachineError
from neuroloop.core.ports import Site
from neuroloop.core.values import Motion
from neuroloop.testing import recording
from neuroloop.testing.ports import check_actuator, entered
from neuroloop.testing.promise import ContractError

ROVER = body.load("rover", Path(), "here")
NEEDS = {"mqtt": "a broker"}
"""by kind, what only a test of its own can bring"""


class StandingPlant:
    """A plant that stands still."""

    body = ROVER

    def command(self, values):
        assert values.dtype == np.float32


@pytest.mark.parametrize("kind", [*resolve.kinds("actuator"), "recording"])
def test_actuator_keeps_its_promises(kind):
    if kind in NEEDS:
        pytest.skip(f"{kind} needs {NEEDS[kind]}")
    if kind == "recording":
        module = recording
    else:
        module = importlib.import_module(f"neuroloop.actuate.{kind}")
    config = module.Config(**getattr(module, "EXAMPLE", {}))
    site = Site("wheels", 0, 1000, plant=StandingPlant())
    try:
        built = module.build(config, site)
    except MachineError as error:
        pytest.skip(str(error))

    with entered(built) as actuator:
        check_actuator(actuator)


def test_motion_that_is_changed_is_found():
    class Doubles(recording.Recording):
        def write(self, motion):
            motion.values[:] *= 2

    with pytest.raises(ContractError, match="does not change the motion"):
        check_actuator(Doubles(ROVER))


def test_recording_keeps_copies():
    wheels, memory = recording.Recording(ROVER), np.float32([0.1, 0.2])
    wheels.write(Motion(0, memory))
    memory[:] = 9.0

    assert wheels.values.tolist() == [[np.float32(0.1), np.float32(0.2)]]
