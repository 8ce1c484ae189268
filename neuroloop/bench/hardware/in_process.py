"""The same ways with nothing between brain and body: one process, simulated time."""

from collections.abc import Sequence
from dataclasses import dataclass

from neuroloop.bench.hardware.drive import Way
from neuroloop.config import runfile
from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from neuroloop.runtime.assemble import opened
from neuroloop.runtime.episode import End
from neuroloop.runtime.episodes import Episodes, Trial


@dataclass(frozen=True)
class Beside:
    """How one way went in process."""

    reached: bool
    """the goal, without a contact"""
    path_m: float
    seconds: float


def in_process(name: str, ways: Sequence[Way]) -> list[Beside]:
    """Drive the ways by a run file with a plant and the clock ``step``.

    Raises
    ------
    ConfigError
        Where the run file is not of that kind, or there is no goal to be reached.
    """
    first = ways[0]
    changes = [f"plant.kind={first.plant}", f'plant.world="{first.world}"']
    changes += [f"plant.{change}" for change in first.changes]
    run = runfile.load(name, [*changes, "clock.kind=step", f"run.seconds={first.seconds}"])
    clock = run.clock.module.build(run.clock.config, Site("clock", run.run.seed, 0, run.folder))
    with opened(run, clock.dt_us) as loop:
        world = loop.plant.world if loop.plant is not None else None
        if world is None or world.goal is None:
            raise ConfigError(f"{run.path}: a [plant] in a world with a goal is wanted")
        episodes, found = Episodes(run, loop, clock), []
        for way in ways:
            x, y, yaw = world.start if way.start is None else way.start
            goal = world.goal if way.goal is None else (way.goal[0], way.goal[1])
            episode = episodes.play(Trial((x, y, yaw), goal, way.seed))
            seconds = loop.next_index * loop.dt_us / 1e6
            found.append(Beside(episode.end is End.GOAL, episode.path_m, seconds))
    return found
