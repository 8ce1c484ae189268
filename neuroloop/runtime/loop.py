"""The loop: sensor → encoder → engine → decoder → guard → actuator → world, tick by tick.

It knows no names: what is in it comes from a run file (`runtime.assemble`).  A clock drives it by
calling `sense`, the compiled tick, `move` and `show` in turn; see `runtime.clocks`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from neuroloop.core.message import R_DT_US, R_INDEX, R_T_US, messages
from neuroloop.core.native import address_of
from neuroloop.core.ports import Actuator, Plant, Sink
from neuroloop.core.values import Float32s, Motion, Tick, UInt8s
from neuroloop.engine.program import Program
from neuroloop.runtime.boundary import blame
from neuroloop.runtime.broken import check
from neuroloop.runtime.episode import Episode
from neuroloop.runtime.feed import Feed, Intake
from neuroloop.runtime.orders import Orders
from neuroloop.runtime.python_part import PythonDecoder, PythonEncoder
from neuroloop.runtime.source import OpenSource
from neuroloop.runtime.tick import tick

if TYPE_CHECKING:
    from neuroloop.runtime.live.live import Live


@dataclass
class Loop:
    """Everything that runs, and the few things one can do with it."""

    dt_us: int
    program: Program
    intake: Intake
    edits: Feed
    orders: Orders = field(default_factory=Orders)
    plant: Plant | None = None
    plant_kind: str | None = None
    """the kind that really runs"""
    sources: Sequence[OpenSource] = ()
    actuators: Sequence[Actuator] = ()
    """in the order in which their motion leaves a tick, before anything else does"""
    python_parts: Sequence[PythonEncoder | PythonDecoder] = ()
    bearings: Mapping[str, Float32s] = field(default_factory=dict)
    """direction each unit of an encoder looks in, for pictures"""
    sinks: list[Sink] = field(default_factory=list)
    episode: Episode = field(default_factory=Episode)
    next_index: int = 0
    live: "Live | None" = None
    """all that only a run by the wall clock has"""

    def __post_init__(self) -> None:
        self.moved = self.outcome = self.program.outcome_buffer()
        self._motions, self.motion_bytes = self.program.motions()
        self.addresses = (
            self.program.address,
            self.intake.table_address,
            len(self.intake.feeds),
            address_of(self.intake.record),
            address_of(self.outcome),
        )

    def sense(self, now_us: int) -> None:
        """Let the world run to the present and collect what the sensors have to say."""
        if self.plant is not None:
            try:
                self.plant.advance(now_us)
            except Exception as error:
                blame("plant", "plant", error)
        for source in self.sources:
            source.poll(now_us + self.dt_us)

    def step(self) -> None:
        """Run one tick: all that is due enters, the network runs, motion comes out."""
        tick(*self.addresses, self.next_index, self.next_index * self.dt_us, self.dt_us)
        self.next_index += 1

    def move(self, outcome: UInt8s) -> None:
        """Pass the motion on; its place at the head of an outcome is `motion_bytes` long."""
        self.moved = outcome
        for actuator, (stamp, values) in zip(self.actuators, self._motions, strict=True):
            t_us = int(outcome[stamp].view(np.int64)[0])
            try:
                actuator.write(Motion(t_us, outcome[values].view(np.float32).copy()))
            except Exception as error:
                blame("actuator", type(actuator).__name__, error)

    def show(self, record: UInt8s, outcome: UInt8s) -> None:
        """Let the parts in plain Python and the onlookers see a tick."""
        if self.python_parts:
            now = Tick(*(int(w) for w in record.view(np.int64)[[R_INDEX, R_T_US, R_DT_US]]))
            entered, left = list(messages(record)), list(messages(outcome))
            for part in self.python_parts:
                part.take(now, entered, left)
        for sink in self.sinks:
            try:
                sink.take(record, outcome)
            except Exception as error:
                blame("sink", type(sink).__name__, error)

    def stop(self) -> None:
        """Command zero on every channel of every actuator, whatever one of them does."""
        failures: list[tuple[str, Exception]] = []
        for actuator in self.actuators:
            try:
                actuator.stop()
            except Exception as error:  # the others still have to stop
                failures.append((type(actuator).__name__, error))
        if failures:
            blame("actuator", *failures[0])

    def ended(self) -> bool:
        """Whether the run is over: asked to stop, goal reached, or every file read."""
        check(self.program, self.moved)
        return self.episode.over(self.plant, self.next_index * self.dt_us, self.sources)
