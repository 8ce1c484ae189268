"""What one tick of a run file costs, through the very loop that a user runs.

The run goes by the step clock, so that nothing waits.  The world and the sensors are part of the
Python side: under the wall clock they run beside the tick, not in it.
"""

import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from neuroloop.config import runfile
from neuroloop.core.errors import ConfigError
from neuroloop.core.message import (
    R_ENGINE_NS,
    R_INTAKE_NS,
    R_SPIKES_IN,
    R_SPIKES_OUT,
    R_SYNOPS,
    RECORD_BYTES,
)
from neuroloop.core.values import UInt8s
from neuroloop.report.meter import Quantiles, quantiles
from neuroloop.runtime.session import played

_WARM_UP_TICKS = 200
"""first ticks, in which kernels are compiled or read from disk and memory is touched"""


@dataclass(frozen=True)
class TickCost:
    """What was measured; times are of single ticks."""

    file: str
    dt_us: int
    ticks: int
    intake: Quantiles
    """what is due is put into the tick's record"""
    engine: Quantiles
    """encoders, network, decoders, guard"""
    python: Quantiles
    """all else: world, sensors, actuators, parts in plain Python, the loop itself"""
    whole: Quantiles
    spikes_in: int
    spikes: int
    synaptic_operations: int
    run_s: float
    """run time that went by"""
    wall_s: float
    """time it took"""
    engine_s: float
    """part of it that the engine took"""

    @property
    def times_real_time(self) -> float:
        """How much faster than the world it runs."""
        return self.run_s / self.wall_s

    @property
    def synaptic_operations_per_s(self) -> float:
        """How many the engine does in a second of its own time."""
        return self.synaptic_operations / self.engine_s


class _Phases:
    """Keeps what each tick cost; its own cost is left out."""

    def __init__(self) -> None:
        self.intake_ns, self.engine_ns, self.python_ns = array("q"), array("q"), array("q")
        self.whole_ns = array("q")
        self.spikes_in = self.spikes = self.synaptic_operations = 0
        self._to_skip = _WARM_UP_TICKS
        self._last_ns = 0

    def take(self, record: UInt8s, outcome: UInt8s) -> None:
        """Look at one tick."""
        del record
        whole = time.perf_counter_ns() - self._last_ns
        if self._to_skip:
            self._to_skip -= 1
        else:
            words = outcome[:RECORD_BYTES].view("int64").tolist()
            intake, engine = words[R_INTAKE_NS], words[R_ENGINE_NS]
            self.whole_ns.append(whole)
            self.intake_ns.append(intake)
            self.engine_ns.append(engine)
            self.python_ns.append(whole - intake - engine)
            self.spikes_in += words[R_SPIKES_IN]
            self.spikes += words[R_SPIKES_OUT]
            self.synaptic_operations += words[R_SYNOPS]
        self._last_ns = time.perf_counter_ns()


def measure(name: str, seconds: float, changes: Sequence[str] = ()) -> TickCost:
    """Run a run file for ``seconds`` of run time and return what its ticks cost.

    Raises
    ------
    ConfigError
        Where the run ends before anything was measured.
    """
    phases = _Phases()
    run = _stepped(name, changes, seconds)
    with played(run, lambda _: (phases,)) as session:
        dt_us = session.loop.dt_us
    ticks = len(phases.whole_ns)
    if not ticks:
        raise ConfigError(
            f"{run.path}: the run ended within its first {_WARM_UP_TICKS} ticks, which are not "
            "measured; give it more --seconds"
        )
    return TickCost(
        file=str(run.path),
        dt_us=dt_us,
        ticks=ticks,
        intake=quantiles(phases.intake_ns),
        engine=quantiles(phases.engine_ns),
        python=quantiles(phases.python_ns),
        whole=quantiles(phases.whole_ns),
        spikes_in=phases.spikes_in,
        spikes=phases.spikes,
        synaptic_operations=phases.synaptic_operations,
        run_s=ticks * dt_us * 1e-6,
        wall_s=sum(phases.whole_ns) * 1e-9,
        engine_s=sum(phases.engine_ns) * 1e-9,
    )


def _stepped(name: str, changes: Sequence[str], seconds: float) -> runfile.RunFile:
    """Load a run file for its own tick, by the step clock, with nothing to end it early."""
    dt_us = runfile.load(name, changes).clock.config.dt_us
    ours = (
        f'clock={{kind="step", dt_us={dt_us}}}',
        f"run.seconds={seconds}",
        "run.stop_at_goal=false",
        "run.stop_at_contact=false",
    )
    return runfile.load(name, [*changes, *ours])
