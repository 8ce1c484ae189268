"""The way between a board and its brain is cut, at one end or in the midst, and nobody is told."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from neuroloop.drill.board import cable
from neuroloop.drill.board.board import BoardRobot
from neuroloop.drill.board.cable import Cable
from neuroloop.drill.board.lacks import lacks
from neuroloop.drill.board.relay import Relay
from neuroloop.drill.drill import Body, Drill
from neuroloop.drill.plays import Stops

_FAILED = '(stopped|motion ended last) at .*robot "rover1" failed|switched on anew'
_STOPS = "stops; moves again when the way is back and somebody armed"
_OFF_S = 0.3


@contextmanager
def _brains_end(robot: BoardRobot) -> Iterator[None]:
    relay = robot.body.relay
    relay.half_open = True
    try:
        yield
    finally:
        relay.half_open = False


class _Radio:
    """The board has its own relay; of one drill."""

    @contextmanager
    def prepare(self, robot: BoardRobot) -> Iterator[None]:
        with Relay(robot.body.broker.port) as self._relay:
            robot.body.move("127.0.0.1", self._relay.port)
            try:
                yield
            finally:
                robot.body.home()

    @contextmanager
    def half_open(self, _: BoardRobot) -> Iterator[None]:
        self._relay.half_open = True
        try:
            yield
        finally:
            self._relay.half_open = False


class _Island:
    """The board has a network of its own; of one drill."""

    @contextmanager
    def prepare(self, robot: BoardRobot) -> Iterator[None]:
        board = robot.body
        with Cable() as self._cable, Relay(board.broker.port, self._cable.address) as relay:
            board.move(self._cable.address, relay.port, self._cable.within)
            try:
                yield
            finally:
                board.home()

    @contextmanager
    def cut(self, _: BoardRobot) -> Iterator[None]:
        self._cable.pull()
        try:
            yield
        finally:
            self._cable.plug()

    @contextmanager
    def power_cut(self, robot: BoardRobot) -> Iterator[None]:
        """Switch the board off: with its power goes its voice, so that no connection is closed."""
        self._cable.pull()
        robot.body.switch_off()
        time.sleep(_OFF_S)
        self._cable.plug()
        robot.body.switch_on()
        yield


def _lacks() -> str:
    return lacks() or cable.lacks()


_radio, _island, _silent = _Radio(), _Island(), _Island()

DRILLS = (
    Drill(
        "board-network-half-open-brain",
        "the brain's connection is gone at the broker and open at its own end",
        _STOPS,
        _FAILED,
        Stops(_brains_end),
        ("actuator.wheels.broker.port={relay}",),
        body=Body.BOARD,
        lacks=lacks,
    ),
    Drill(
        "board-network-half-open-robot",
        "the robot's connection is gone at the broker and open at its own end",
        _STOPS,
        _FAILED,
        Stops(_radio.half_open, prepare=_radio.prepare),
        body=Body.BOARD,
        lacks=lacks,
    ),
    Drill(
        "board-network-cut",
        "the robot's network is cut (veth pair down), then delivers what it kept",
        _STOPS,
        _FAILED,
        Stops(_island.cut, prepare=_island.prepare),
        body=Body.BOARD,
        lacks=_lacks,
    ),
    Drill(
        "board-power-cut-silent",
        "its power is cut for 0.3 s, and no connection is closed",
        "stands still when it is switched on; moves again when armed",
        _FAILED,
        Stops(_silent.power_cut, prepare=_silent.prepare, sleeps=True),
        body=Body.BOARD,
        lacks=_lacks,
    ),
)
