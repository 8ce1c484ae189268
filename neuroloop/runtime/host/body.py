"""A simulated body that lives in real time: it obeys the newest command, and stops without one."""

from collections.abc import Sequence

import numpy as np

from neuroloop.core.black_box import AWAKE, POWER, BlackBox
from neuroloop.core.command import COMMAND_WORDS, Gate, Verdict
from neuroloop.core.errors import ConfigError
from neuroloop.core.pace import drive, pace_of, whole
from neuroloop.core.ports import Plant
from neuroloop.core.shared import store
from neuroloop.core.values import Int64s, Scalars
from neuroloop.core.wishes import Wishes
from neuroloop.runtime.boundary import blame
from neuroloop.runtime.feed import Feed
from neuroloop.runtime.host.memory import (
    FORWARD,
    HEARTBEAT,
    STATE,
    T_US,
    TOUCHED_US,
    TOUCHING,
    TURN,
    Shared,
    glance,
)
from neuroloop.runtime.host.sensor import HostedSensor, Tell

_BEHIND_US, _BEHIND_NS = 200_000, 1_000_000_000
"""a world so far behind real time, for so long, is one that this machine is too slow for"""
_NEVER_US = -(2**62)


class LiveBody:
    """A plant with its sensors, its gate and its black box; `round` does all there is to do.

    Parameters
    ----------
    step_us
        Of the plant.
    tell
        Is told what fails and what is well again.
    """

    def __init__(
        self,
        plant: Plant,
        step_us: int,
        sensors: Sequence[HostedSensor],
        shared: Shared,
        tell: Tell,
        box: BlackBox | None = None,
    ) -> None:
        body = plant.body
        watchdog_us = round(body.watchdog_ms * 1e3)
        self.plant, self.pace_us = plant, pace_of(step_us)
        self.gate = Gate(len(body.channels), watchdog_us * 1000)
        self._step_us, self._sensors, self._box = step_us, sensors, box
        self._shared, self._tell = shared, tell
        self._wishes = Wishes(len(body.channels), watchdog_us)
        self._command: Int64s = np.zeros(COMMAND_WORDS, np.int64)
        self._seen = 0
        self._state = np.zeros(STATE)
        self._state[TOUCHED_US] = _NEVER_US
        self._feed: Feed | None = None
        self._start_ns = self._last_ns = 0
        self._behind_ns = 0
        self._told = False

    def connect(self, feed: Feed) -> None:
        """Tell of itself through this feed."""
        self._feed = feed

    def rehearse(self) -> None:
        """Call all that will be called, so that nothing is compiled in the first round."""
        plant = self.plant
        plant.advance(plant.t_us)
        for sensor in self._sensors:
            sensor.rehearse(plant.t_us + 1)
        self._seen = glance(self._shared.commands.address, self._command.view(np.uint8), self._seen)
        self.show(0)

    def begin(self, start_ns: int, at_us: int, now_ns: int) -> None:
        """Let run time go on from ``at_us``; it was 0 at ``start_ns`` of the monotonic clock."""
        at_us = whole(at_us, self._step_us)
        if self.plant.t_us > at_us:
            raise ConfigError(
                f"plant: it is at {self.plant.t_us} us, and the run begins at {at_us} us"
            )
        self.plant.command(np.zeros(self.gate.channels, np.float32))
        self.plant.advance(at_us)
        self._state[TOUCHED_US] = _NEVER_US
        self._start_ns, self._last_ns = start_ns, now_ns
        for sensor in self._sensors:
            sensor.begin(start_ns, at_us)

    @property
    def stopped_ns(self) -> int:
        """When the watchdog stops the wheels, or stopped them."""
        gate = self.gate
        return gate.heard_ns + gate.watchdog_ns if gate.sequence >= 0 else 0

    def next_ns(self, now_ns: int) -> int:
        """Return when the next round is due."""
        pace_ns = self.pace_us * 1000
        return self._start_ns + ((now_ns - self._start_ns) // pace_ns + 1) * pace_ns

    def round(self, now_ns: int) -> None:
        """Let the world come up to the present, obey, measure, and tell of it."""
        gap_ns, self._last_ns = now_ns - self._last_ns, now_ns
        now_us = (now_ns - self._start_ns) // 1000
        before_us = self.plant.t_us
        self._advance(now_us)
        self._obey(now_ns, now_us)
        t_us = self.plant.t_us
        for sensor in self._sensors:
            sensor.poll(t_us + 1, now_ns, self._tell)
        self.show(now_ns)
        if self._feed is not None and t_us > before_us:
            self._feed.reading(Scalars(t_us, self._state[1 : TOUCHING + 1].astype(np.float32)))
        store(self._shared.words, HEARTBEAT, now_ns)
        self._write(now_ns, now_us, gap_ns)
        self._keeps_up(now_us - t_us, now_ns)

    def show(self, now_ns: int) -> None:
        """Let the host see the present state; call it when the plant was changed, too."""
        plant, state = self.plant, self._state
        wanted = self.gate.wanted(now_ns)
        state[T_US] = plant.t_us
        state[1:TOUCHING] = (*plant.pose(), *plant.twist(), *wanted)
        state[TOUCHING] = plant.touching() or state[TOUCHED_US] == plant.t_us
        if state[TOUCHING]:
            state[TOUCHED_US] = plant.t_us
        self._shared.state.put(state.view(np.uint8))

    def _advance(self, now_us: int) -> None:
        try:
            touched_us = drive(self.plant, self._wishes, now_us, self._step_us)
        except Exception as error:
            blame("plant", "plant", error)
        if touched_us is not None:
            self._state[TOUCHED_US] = touched_us

    def _obey(self, now_ns: int, now_us: int) -> None:
        """Take the newest command; it acts from the step on in which it was heard."""
        seen = glance(self._shared.commands.address, self._command.view(np.uint8), self._seen)
        if seen == self._seen:
            return
        self._seen = seen
        if self.gate.command(self._command, now_ns) is Verdict.TAKEN:
            self._wishes.hear(whole(now_us, self._step_us), self.gate.wanted(now_ns))

    def _write(self, now_ns: int, now_us: int, gap_ns: int) -> None:
        if self._box is None:
            return
        gate, state = self.gate, self._state
        heard_ns = now_ns - gate.heard_ns if gate.sequence >= 0 else -1
        wanted, flags = gate.wanted(now_ns), AWAKE * gate.awake(now_ns) | POWER * gate.power
        heard = (gate.owner, gate.sequence, heard_ns)
        moves = (*wanted, *state[FORWARD : TURN + 1].tolist())
        self._box.write((now_ns, now_us, *heard, gap_ns, *moves, tuple(gate.counts), flags))

    def _keeps_up(self, behind_us: int, now_ns: int) -> None:
        """Say when the world falls behind real time, and when it has caught up."""
        if behind_us <= _BEHIND_US:
            self._behind_ns = 0
            if self._told:
                self._told = False
                self._tell("", True, "body: its world keeps up with real time again")
            return
        self._behind_ns = self._behind_ns or now_ns
        if not self._told and now_ns - self._behind_ns > _BEHIND_NS:
            self._told = True
            behind = f"body: its world is {behind_us / 1e6:.2f} s behind real time"
            self._tell("", False, f"{behind}; this machine is too slow for it")
