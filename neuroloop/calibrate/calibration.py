"""Drive the legs of a calibration, one run each, and say what the body file should hold."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neuroloop.calibrate import body_file
from neuroloop.calibrate.course import Course, goal
from neuroloop.calibrate.formula import Leg, Lengths, Way, lengths
from neuroloop.config import body as bodies
from neuroloop.config.runfile import RunFile
from neuroloop.core.body import Body
from neuroloop.core.errors import ConfigError, PartError, nearest
from neuroloop.core.ports import Sink
from neuroloop.runtime.episode import End
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.session import played

Ask = Callable[[Way, float], float]
"""Asks a person how far the robot went where so much was commanded; metres or radians."""
_VEERED_RAD = math.radians(2.0)


@dataclass(frozen=True)
class Plan:
    """How far to drive, and which limb."""

    metres: float = 2.0
    radians: float = 4 * math.pi
    limb: str | None = None
    """the first one where it is left out"""

    def amount(self, way: Way) -> float:
        """Metres, or radians of a turn."""
        return self.metres if way.straight else self.radians

    def limb_of(self, run: RunFile) -> str:
        """Name of the actuator in a run."""
        names = [part.name for part in run.decoders]
        if not names:
            raise ConfigError(f"{run.path}: it has no actuator, so there is nothing to calibrate")
        if self.limb is not None and self.limb not in names:
            raise ConfigError(f'no actuator "{self.limb}"{nearest(self.limb, names)}')
        return self.limb or names[0]


@dataclass
class Calibration:
    """What was found."""

    body: Body
    """as the body file had it"""
    file: Path | None
    """None where the actuator brings a body of its own"""
    legs: Sequence[Leg]
    remarks: list[str] = field(default_factory=list)

    @property
    def found(self) -> Lengths:
        """What the body file should hold."""
        return lengths(self.body.drive, self.legs)

    def as_json(self) -> dict[str, Any]:
        """Return plain values for one JSON object."""
        drive, found = self.body.drive, self.found
        return {
            "file": None if self.file is None else str(self.file),
            "legs": [
                {
                    "way": leg.way.name.lower(),
                    "unit": "m" if leg.way.straight else "rad",
                    "commanded": leg.commanded,
                    "measured": leg.measured,
                }
                for leg in self.legs
            ],
            **{
                name: {"old": getattr(drive, name), "new": getattr(found, name)}
                for name in body_file.NAMES
            },
            "remarks": self.remarks,
        }

    def text(self) -> str:
        """Return the result as lines."""
        drive, found = self.body.drive, self.found
        lines = [f"{self.body.name}, {self.file or 'a body of its actuator'}"]
        lines += [f"  {leg.way.name.lower():10} {_amounts(leg)}" for leg in self.legs]
        for name in body_file.NAMES:
            old, new = getattr(drive, name), getattr(found, name)
            lines.append(f"  {name:19} {old:.6g} -> {new:.6g} m ({100 * (new / old - 1):+.2f} %)")
        return "\n".join([*lines, *(f"  {remark}" for remark in self.remarks)])


def driven(run: RunFile, plan: Plan, ask: Ask | None) -> Calibration:
    """Drive all legs and measure them: by the plant's true pose, else by asking.

    Each leg is a run of its own, so that nothing is powered while a person measures.

    Raises
    ------
    ConfigError
        Where nobody can measure, and where nothing of the run can be steered.
    PartError
        Where a leg could not be driven to its end: says why.
    KeyboardInterrupt
        Where the person ended it.
    """
    if run.plant is None and ask is None:
        raise ConfigError(
            "there is no plant that knows where the robot is, and no terminal to ask at: measure "
            "by hand, then give --measured-m and --measured-deg"
        )
    if run.plant is None and run.clock.kind != "wall":
        raise ConfigError("a real robot is calibrated in real time: --set clock.kind=wall")
    limb = plan.limb_of(run)
    driver = _Driver(run, limb, plan)
    legs = [driver.leg(way, ask) for way in Way]
    return Calibration(driver.body, body_file.of(run, limb), legs, driver.remarks)


def reckoned(run: RunFile, plan: Plan, measured_m: float, measured_rad: float) -> Calibration:
    """Return what follows where the plan was driven before and a person measured it.

    Raises
    ------
    ConfigError
        Where no body file says what the robot was thought to be.
    """
    limb = plan.limb_of(run)
    file = body_file.of(run, limb)
    if file is None:
        raise ConfigError(f"{run.path}: [actuator.{limb}]: it names no body file")
    body = bodies.load(str(file), run.folder, f"[actuator.{limb}]")
    legs = [
        Leg(Way.FORWARD, plan.metres, measured_m),
        Leg(Way.LEFT, plan.radians, measured_rad),
    ]
    return Calibration(body, file, legs)


class _Driver:
    """Runs the run file once for each leg."""

    def __init__(self, run: RunFile, limb: str, plan: Plan) -> None:
        self._run, self._limb, self._plan = run, limb, plan
        self._number = [part.name for part in run.decoders].index(limb)
        self.body: Body
        self.remarks: list[str] = []

    def leg(self, way: Way, ask: Ask | None) -> Leg:
        course: Course | None = None

        def onlookers(loop: Loop) -> list[Sink]:
            nonlocal course
            loop.episode.goal = loop.episode.most_us = None
            self.body = loop.actuators[self._number].body
            aim = goal(way, self._plan.amount(way), self.body)
            course = Course(loop, self._limb, self._number, aim)
            return [course]

        with played(self._run, onlookers) as session:
            end = session.loop.episode.end
        if end is End.STOPPED:
            raise KeyboardInterrupt
        if course is None or not course.done:
            why = course.failure if course is not None else ""
            raise PartError(f"calibration: {way.name.lower()}: {why or f'the run ended: {end}'}")
        if way.straight and abs(course.veered) > _VEERED_RAD:
            self.remarks.append(
                f"{way.name.lower()}, it turned by {math.degrees(course.veered):+.1f} degrees: its "
                "wheels differ, which a body file cannot say"
            )
        measured = course.measured
        if measured is None and ask is not None:
            measured = ask(way, course.commanded)
        return Leg(way, course.commanded, measured or 0.0)


def _amounts(leg: Leg) -> str:
    if leg.way.straight:
        return f"commanded {leg.commanded:8.4f} m    measured {leg.measured:8.4f} m"
    commanded, measured = math.degrees(leg.commanded), math.degrees(leg.measured)
    return f"commanded {commanded:8.2f} deg  measured {measured:8.2f} deg"
