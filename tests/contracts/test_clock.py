"""Every clock makes ticks that go on, stops where it is told, and stops the motors."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from neuroloop.config import body, resolve
from neuroloop.core.errors import MachineError, PartError
from neuroloop.core.message import R_DT_US, R_INDEX, R_T_US
from neuroloop.core.ports import Site
from neuroloop.core.values import Motion
from neuroloop.engine.arena import Assembler
from neuroloop.engine.op import slot
from neuroloop.engine.program import Plan, Program
from neuroloop.runtime.episode import End, Episode
from neuroloop.runtime.feed import Feed, Intake
from neuroloop.runtime.loop import Loop
from neuroloop.testing.recording import Recording

DT_US, TICKS = 1000, 40


class Onlooker:
    """Keeps the head of every record."""

    def __init__(self):
        self.heads = []

    def take(self, record, outcome):
        self.heads.append(record.view(np.int64)[[R_INDEX, R_T_US, R_DT_US]].tolist())


def _loop(**episode):
    to = Assembler()
    motion = slot(to, "motion", 8)
    feed = Feed("motion", 0, 8)
    program = Program(Plan([], [motion], [motion]), to)
    edits = Feed("edits", -1, 64)
    return Loop(
        dt_us=DT_US,
        program=program,
        intake=Intake([feed, edits]),
        edits=edits,
        actuators=[Recording(body.load("rover", Path(), "here"))],
        sinks=[Onlooker()],
        episode=Episode(**episode),
    ), feed


def _clock(kind):
    module = importlib.import_module(f"neuroloop.runtime.clocks.{kind}")
    settings = getattr(module, "EXAMPLE", {})
    try:
        return module.build(module.Config(**{"dt_us": DT_US, **settings}), Site("clock", 0, DT_US))
    except MachineError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("kind", resolve.kinds("clock"))
def test_ticks_go_on_to_the_end_and_the_motors_are_stopped(kind):
    loop, feed = _loop(most_us=TICKS * DT_US)
    feed.reading(Motion(0, np.float32([0.25, 0.5])))

    clock = _clock(kind)
    clock.drive(loop)

    index, t_us, dt_us = np.array(loop.sinks[0].heads).T
    assert (np.diff(index) >= 1).all()
    assert (t_us == index * DT_US).all()
    assert (dt_us == DT_US).all()
    missed = clock.facts.missed + clock.facts.unseen if clock.facts else 0
    assert len(index) + missed >= TICKS
    wheels = loop.actuators[0]
    assert wheels.stops == 1
    assert (wheels.values[-1] == [0.25, 0.5]).all()
    assert loop.episode.end is End.TIME


@pytest.mark.parametrize("kind", resolve.kinds("clock"))
def test_motors_are_stopped_when_a_part_fails(kind):
    loop, _ = _loop(most_us=10_000_000)

    class Breaks:
        def take(self, record, outcome):
            raise ValueError("broken")

    loop.sinks.append(Breaks())

    with pytest.raises(PartError, match=r"Breaks.*broken"):
        _clock(kind).drive(loop)

    assert loop.actuators[0].stops == 1
