"""A twin put together from a body, a world and a plant."""

import secrets
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from neuroloop.config import resolve, toml
from neuroloop.core.black_box import BlackBox
from neuroloop.core.errors import ConfigError, MachineError
from neuroloop.core.pace import pace_of
from neuroloop.core.ports import Plant, Site
from sims.twin.log import Log
from sims.twin.robot import Robot
from sims.twin.telling import Rates, Wheels, tellings
from sims.twin.twin import Twin


def plant_of(kind: str, settings: Mapping[str, object], stack: ExitStack) -> tuple[Plant, int]:
    """Open a plant and return it with the length of its step in us.

    Raises
    ------
    MachineError
        Where it cannot run on this machine.
    """
    where = f"plant {kind}"
    module = resolve.module("plant", kind, Path(), where)
    reason = module.unavailable() if hasattr(module, "unavailable") else None
    if reason is not None:
        raise MachineError(f"{where}: {reason}")
    config = toml.convert(dict(settings), module.Config, where)
    built = module.build(config, Site("plant", 0, pace_of(config.step_us), role="plant"))
    opened = stack.enter_context(built) if isinstance(built, AbstractContextManager) else built
    return opened, config.step_us


def place(plant: Plant, start: Sequence[float] | None, goal: Sequence[float] | None) -> None:
    """Put the robot somewhere else than the world's file says, or give it another goal."""
    if start is None and goal is None:
        return
    x, y, yaw = plant.world.start if start is None else start
    there = plant.world.goal if goal is None else (goal[0], goal[1])
    plant.place((x, y, yaw), there)


def switched_on(
    plant: Plant, step_us: int, seed: int, rates: Rates, box: BlackBox | None, log: Log | None
) -> Twin:
    """Return a robot in ``plant`` that was never on before.

    Raises
    ------
    ConfigError
        Where it is to measure more often than it goes round.
    """
    pace_us, body = pace_of(step_us), plant.body
    fastest = max(rates.range_hz, rates.odometry_hz, rates.goal_hz)
    if fastest > 1e6 / pace_us:
        raise ConfigError(
            f"{fastest:g} Hz: a plant is read at most {1e6 / pace_us:g} times a second"
        )
    boot = secrets.randbits(31) | 1
    robot = Robot(body.limits, round(body.watchdog_ms * 1e3), boot)
    wheels = Wheels(plant)
    sensors = tellings(Site("twin", seed, pace_us, plant=plant), boot, wheels, rates)
    return Twin(plant, step_us, robot, wheels, sensors, box=box, log=log)
