"""Many episodes in one open loop: each begins anew, with a seed, a start and a goal of its own.

An episode depends on its seed alone, not on the episodes before it, so a bench gives the same
results in any order and on any number of workers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuroloop.config.runfile import RunFile
from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Plant, Seeded, Sink
from neuroloop.core.world import Point
from neuroloop.runtime.episode import Episode, Stop
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.snapshot import restore, snapshot


@dataclass(frozen=True)
class Trial:
    """One start and one goal."""

    start: tuple[float, float, float]
    """x, y in metres, yaw in radians"""
    goal: Point
    seed: int


class Episodes:
    """Runs trials in a loop with a plant, one after another."""

    def __init__(self, run: RunFile, loop: Loop, clock: Any) -> None:
        if loop.plant is None:
            raise ConfigError(f"{run.path}: episodes need a [plant]")
        self._loop, self._clock = loop, clock
        self._plant: Plant = loop.plant
        self._most_us = loop.episode.most_us
        self._stop: Stop = loop.episode.stop
        # the plant is placed anew, not restored
        self._first = {name: s for name, s in snapshot(loop).items() if name != "plant"}

    def play(self, trial: Trial, sinks: Sequence[Sink] = ()) -> Episode:
        """Run one trial to its end; ``sinks`` look on."""
        loop, world = self._loop, self._plant.world
        restore(loop, self._first)
        self._seed(trial.seed)
        self._plant.place(trial.start, trial.goal)
        loop.episode = Episode(
            goal=trial.goal,
            goal_radius_m=world.goal_radius_m,
            most_us=self._most_us,
            stop_at_goal=True,
            stop_at_contact=True,
            every_us=loop.dt_us,
            stop=self._stop,
        )
        loop.sinks = list(sinks)
        self._clock.drive(loop)
        return loop.episode

    def _seed(self, seed: int) -> None:
        """Give every part with random numbers new ones, drawn from the seed and its name."""
        for source in self._loop.sources:
            if isinstance(source.part, Seeded):
                source.part.seed(_rng(seed, source.spec.name))
        arena = self._loop.program.arena
        for name, field in arena.fields.items():
            if name.endswith(".random"):
                arena[name][...] = _rng(seed, name).integers(1, 2**32, field.shape, np.uint32)


def _rng(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng([seed, *name.encode()])
