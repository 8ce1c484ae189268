"""The whole bench of the loop: three ways to run it in turn, beside the same stress."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from neuroloop.bench.loop import live, plain
from neuroloop.bench.loop.around import Around, kernel, undisturbed
from neuroloop.bench.loop.stress import stressed
from neuroloop.bench.loop.stretch import Quantiles, Stretch, quantiles
from neuroloop.config import runfile
from neuroloop.core.errors import ConfigError, MachineError
from neuroloop.runtime.realtime import Granted

RUN_FILE = Path(__file__).parent / "loop.toml"
OURS, THREAD, ASYNCIO = "neuroloop", "thread", "asyncio"
METHODS = (OURS, THREAD, ASYNCIO)
LEAST_HZ, MOST_HZ = 1.0, 20_000.0
_LEAST_TICKS = 100
_OFF_BEAT = 0.997
"""the sensor's rate over that of the ticks: their phase goes round some times a second"""
_FINEST_US = 1e-3
_SPIN_US = 100
Say = Callable[[str], None]


@dataclass(frozen=True)
class Task:
    """What is to be measured."""

    rate_hz: float = 1000.0
    seconds: float = 20.0
    """of each stretch"""
    stress: tuple[str, ...] = ()
    repeat: int = 5
    neurons: int = 1000
    pin: bool = False

    @property
    def dt_us(self) -> int:
        """Length of a tick."""
        return round(1e6 / self.rate_hz)

    @property
    def spin_us(self) -> int:
        """How long before its deadline a loop watches the clock: what live runs take unasked."""
        return min(_SPIN_US, self.dt_us // 4)

    def check(self) -> None:
        """Refuse what cannot be measured.

        Raises
        ------
        ConfigError
            Says what would be right.
        """
        if not LEAST_HZ <= self.rate_hz <= MOST_HZ:
            raise ConfigError(f"--rate-hz {self.rate_hz:g}: {LEAST_HZ:g} to {MOST_HZ:,.0f} Hz")
        if self.seconds * self.rate_hz < _LEAST_TICKS:
            raise ConfigError(
                f"--seconds {self.seconds:g}: fewer than {_LEAST_TICKS} ticks of "
                f"{self.rate_hz:g} Hz say nothing of quantiles"
            )

    def run(self, kind: str) -> runfile.RunFile:
        """Load the run file under one of the two clocks."""
        clock = f'kind="{kind}", dt_us={self.dt_us}'
        if kind == "wall":
            clock += f", spin_us={self.spin_us}, pin={str(self.pin).lower()}"
        changes = [
            f"clock={{{clock}}}",
            f"run.seconds={self.seconds}",
            f"sensor.touch.latency_ms={self.dt_us / 1e3}",
            f"sensor.touch.rate_hz={_OFF_BEAT * 1e6 / self.dt_us}",
            f"engine.network_options.neurons={self.neurons}",
        ]
        return runfile.load(str(RUN_FILE), changes)


@dataclass(frozen=True)
class Method:
    """One way to run the loop; figures are medians of its stretches."""

    late: Quantiles
    """start of a tick after its deadline, microseconds"""
    ran: float
    skipped: float
    on_time_percent: float
    """deadlines whose motion was out before the next one"""
    unseen: float
    granted: Granted
    around: Sequence[Around]
    """of each stretch"""


@dataclass(frozen=True)
class LoopCost:
    """What was found."""

    task: Task
    kernel: str
    methods: Mapping[str, Method]
    times_worse_at_p99: Mapping[str, float]
    """lateness of the others over that of ours, median of the repeats"""
    sensor_to_motor: Quantiles
    """ours: from the stamp of a reading until its motion was out, microseconds"""
    phases: Mapping[str, int]
    """ours: deadlines skipped in all stretches, by what had taken the time"""

    def as_json(self) -> dict[str, Any]:
        """Return it as plain numbers."""
        return asdict(self)


def measure(task: Task, say: Say = lambda _: None) -> LoopCost:
    """Measure everything; ``say`` is told what comes next.

    Raises
    ------
    ConfigError
        Where the task is impossible.
    MachineError
        Where this is no Linux, or it is so busy that no live tick came through.
    """
    if not sys.platform.startswith("linux"):
        raise MachineError("a live loop needs Linux, and so does measuring one")
    task.check()
    stretches: dict[str, list[tuple[Stretch, Around]]] = {name: [] for name in METHODS}
    total = task.repeat * len(METHODS)
    with stressed(task.stress):
        for k in range(total):
            repeat, turn = divmod(k, len(METHODS))
            name = METHODS[(repeat + turn) % len(METHODS)]  # none is always the first
            say(f"stretch {k + 1} of {total}: {name}, {task.seconds:g} s")
            stretches[name].append(undisturbed(partial(_stretch, task, name)))
    return summed(task, stretches)


def summed(task: Task, stretches: Mapping[str, Sequence[tuple[Stretch, Around]]]) -> LoopCost:
    """Take medians over the stretches of each method."""
    p99 = {
        name: [max(quantiles(s.late_us).p99_us, _FINEST_US) for s, _ in found]
        for name, found in stretches.items()
    }
    worse = {
        name: median(theirs / ours for theirs, ours in zip(p99[name], p99[OURS], strict=True))
        for name in (THREAD, ASYNCIO)
    }
    ours = [stretch for stretch, _ in stretches[OURS]]
    phases: dict[str, int] = {}
    for stretch in ours:
        for phase, n in stretch.phases.items():
            phases[phase] = phases.get(phase, 0) + n
    return LoopCost(
        task=task,
        kernel=kernel(),
        methods={name: _method(found) for name, found in stretches.items()},
        times_worse_at_p99=worse,
        sensor_to_motor=_middle([quantiles(s.reaction_us) for s in ours]),
        phases=phases,
    )


def _stretch(task: Task, name: str) -> Stretch:
    if name == OURS:
        return live.measure(task.run("wall"))
    wait = plain.in_thread if name == THREAD else plain.in_asyncio
    return plain.measure(task.run("step"), wait, spin_us=task.spin_us, pin=task.pin)


def _method(found: Sequence[tuple[Stretch, Around]]) -> Method:
    stretches = [stretch for stretch, _ in found]
    return Method(
        late=_middle([quantiles(s.late_us) for s in stretches]),
        ran=median(s.ran for s in stretches),
        skipped=median(s.skipped for s in stretches),
        on_time_percent=median(s.on_time_percent for s in stretches),
        unseen=median(s.unseen for s in stretches),
        granted=stretches[-1].granted,
        around=[around for _, around in found],
    )


def _middle(of: Sequence[Quantiles]) -> Quantiles:
    """Return the median of each quantile."""
    rows = [(q.p50_us, q.p99_us, q.p999_us, q.max_us) for q in of]
    return Quantiles(*(float(median(column)) for column in zip(*rows, strict=True)))
