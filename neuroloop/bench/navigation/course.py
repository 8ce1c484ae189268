"""How well a network finds its way: starts and goals of a world file, through the user's loop."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuroloop.chips.energy.counts import Counts, everything, read
from neuroloop.config.runfile import RunFile
from neuroloop.core.message import R_SYNOPS, RECORD_BYTES
from neuroloop.core.ports import Plant, Site
from neuroloop.core.values import UInt8s
from neuroloop.runtime.assemble import opened
from neuroloop.runtime.episode import End
from neuroloop.runtime.episodes import Episodes, Trial
from neuroloop.runtime.loop import Loop

DECISION_US = 100_000
ROW = np.dtype(
    [
        ("pair", np.int64),
        ("t_s", np.float64),
        ("x_m", np.float64),
        ("y_m", np.float64),
        ("yaw_rad", np.float64),
        ("v_left_mps", np.float32),
        ("v_right_mps", np.float32),
    ]
)
"""of a trace: one row a decision"""

SUCCESS, COLLISION, TIMEOUT = "success", "collision", "timeout"
_OUTCOMES = {End.GOAL: SUCCESS, End.CONTACT: COLLISION, End.TIME: TIMEOUT}


@dataclass(frozen=True)
class Result:
    """One pair."""

    pair: int
    outcome: str
    path_m: float
    time_s: float
    synops: int
    rows: NDArray[np.void]
    """`ROW` records"""
    counts: Counts = field(default_factory=Counts)
    """what the parts of the network counted in it"""


@dataclass(frozen=True)
class Score:
    """All pairs; path and time are means over the successes."""

    pairs: int
    success: int
    collision: int
    timeout: int
    mean_path_m: float
    mean_time_s: float
    wall_s: float
    synops_per_decision: float
    unreachable: list[int]
    """pairs that no disc of 0.30 m can solve: reported, not run, not counted"""

    def as_json(self) -> dict[str, object]:
        """Return plain values."""
        return asdict(self)


class _Rows:
    """A sink that keeps a row a decision, and counts synaptic operations."""

    def __init__(self, pair: int, plant: Plant, loop: Loop) -> None:
        self._pair, self._plant = pair, plant
        self._every = max(1, DECISION_US // loop.dt_us)
        self._motion = loop.program.motions()[0][0][1]
        self._tick = 0
        self.rows: list[tuple[float, ...]] = []
        self.synops = 0

    def take(self, record: UInt8s, outcome: UInt8s) -> None:
        """Look at a tick."""
        del record
        self.synops += int(outcome[:RECORD_BYTES].view(np.int64)[R_SYNOPS])
        self._tick += 1
        if self._tick % self._every == 0:
            left, right = outcome[self._motion].view(np.float32).tolist()
            t_s = self._plant.t_us / 1e6
            self.rows.append((self._pair, t_s, *self._plant.pose(), left, right))


class Course:
    """A run file's loop, open, ready to run pairs."""

    def __init__(self, loop: Loop, episodes: Episodes) -> None:
        self._loop, self._episodes = loop, episodes

    def run(self, pair: int, trial: Trial) -> Result:
        """Run one pair to its end."""
        plant = self._loop.plant
        if plant is None:
            raise TypeError("a course has a plant")
        rows = _Rows(pair, plant, self._loop)
        episode = self._episodes.play(trial, [rows])
        if episode.end is End.STOPPED:
            raise KeyboardInterrupt
        return Result(
            pair,
            _OUTCOMES[episode.end or End.TIME],
            episode.path_m,
            self._loop.next_index * self._loop.dt_us / 1e6,
            rows.synops,
            np.array(rows.rows, ROW),
            _counts(self._loop, rows.synops),
        )


def _counts(loop: Loop, synops: int) -> Counts:
    """Return what was counted in an episode, at whose start all counters were put back."""
    counts = read(loop.program)
    if counts.populations or counts.projections:
        return counts
    network = loop.program.plan.network
    sizes = () if network is None else (e.n for n, e in network.ends.items() if n in network.kinds)
    return everything(sum(sizes), counts.ticks, synops)


@contextmanager
def course(run: RunFile) -> Iterator[Course]:
    """Open the loop of a run file for many pairs."""
    clock = run.clock.module.build(run.clock.config, Site("clock", run.run.seed, 0, run.folder))
    with opened(run, clock.dt_us) as loop:
        yield Course(loop, Episodes(run, loop, clock))


def trials(
    starts: NDArray[np.float64], goals: NDArray[np.float64], seed: int
) -> list[tuple[int, Trial]]:
    """Return the pairs of a world file, each with a seed of its own."""
    found = []
    for pair, (start, goal) in enumerate(zip(starts, goals, strict=True)):
        x, y, yaw = (float(v) for v in start)
        own = int(np.random.SeedSequence([seed, pair]).generate_state(1)[0])
        found.append((pair, Trial((x, y, yaw), (float(goal[0]), float(goal[1])), own)))
    return found


def score(results: Sequence[Result], wall_s: float, unreachable: list[int]) -> Score:
    """Sum up."""
    good = [r for r in results if r.outcome == SUCCESS]
    decisions = sum(len(r.rows) for r in results)
    count = {o: sum(r.outcome == o for r in results) for o in _OUTCOMES.values()}
    return Score(
        pairs=len(results),
        success=count[SUCCESS],
        collision=count[COLLISION],
        timeout=count[TIMEOUT],
        mean_path_m=float(np.mean([r.path_m for r in good])) if good else 0.0,
        mean_time_s=float(np.mean([r.time_s for r in good])) if good else 0.0,
        wall_s=wall_s,
        synops_per_decision=sum(r.synops for r in results) / decisions if decisions else 0.0,
        unreachable=unreachable,
    )


def run_pairs(
    run: RunFile, chosen: Sequence[tuple[int, Trial]], done: Callable[[Result], None]
) -> list[Result]:
    """Run pairs one after another in this process."""
    results = []
    with course(run) as open_course:
        for pair, trial in chosen:
            results.append(open_course.run(pair, trial))
            done(results[-1])
    return results


def save_trace(results: Sequence[Result], path: Path) -> None:
    """Write one row a decision: the columns of `ROW` as arrays."""
    rows = np.concatenate([r.rows for r in results]) if results else np.empty(0, ROW)
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **{n: rows[n] for n in ROW.names or ()})


def clocked(work: Callable[[], list[Result]]) -> tuple[list[Result], float]:
    """Return what the work gives and the seconds it took."""
    start = time.perf_counter()
    results = work()
    return results, time.perf_counter() - start
