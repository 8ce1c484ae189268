"""A limb's row of the guard in a rig, behind the ladder that decides whether anything may move."""

import numpy as np

from neuroloop.config.runfile import Ladder
from neuroloop.core.ports import Kernel
from neuroloop.core.safety import MOST_WHO, ORDERS, Cause, Order, State
from neuroloop.core.values import Float32s, Motion, Spikes
from neuroloop.engine import row
from neuroloop.engine.arena import Assembler
from neuroloop.engine.op import Word, place, slot, spiking
from neuroloop.engine.program import Plan
from neuroloop.safety import ladder
from neuroloop.safety.block import B_NEXT_AHEAD, first_block
from neuroloop.testing.promise import promise
from neuroloop.testing.rig import Rig

_DT_US = 1000
_ORDERS_KEPT = 8


class Guarded:
    """Ticks of a guard, each with what is wanted, steered and ordered in it.

    Parameters
    ----------
    kernel
        The limb's row.
    limits
        Largest magnitude of each channel, ``float32[k]``.
    """

    def __init__(self, kernel: Kernel, limits: Float32s) -> None:
        self.limits = limits
        self.small: Float32s = limits * np.float32(0.25)
        self.rig = Rig(lambda to: _plan(to, kernel, len(limits)), _DT_US)

    def order(self, order: Order) -> None:
        """Give an order in the next tick."""
        unit, t_us = np.array([order], np.uint32), np.array([self.rig.t_us], np.int64)
        self.rig.send("orders", Spikes(t_us, unit))

    def steer(self, values: Float32s) -> None:
        """Steer in the next tick."""
        self.rig.send("steer", Motion(self.rig.t_us, values))

    def after(self, wanted: Float32s | None = None, t_us: int | None = None) -> Float32s:
        """Run a tick in which a decoder wants something; returns what the motors get."""
        rig = self.rig
        if wanted is not None:
            rig.send("wanted", Motion(rig.t_us if t_us is None else t_us, wanted))
        rig.tick()
        motion = rig.motion("allowed")
        promise(len(motion) == len(self.limits), f"a motion has {len(self.limits)} channels")
        promise(rig.stamp("allowed") == rig.t_us - rig.dt_us, "a motion is stamped with its tick")
        promise((np.abs(motion) <= self.limits).all(), "a motion is within the body's limits")
        if self.state is not State.ARMED:
            promise((motion == 0).all(), "nothing moves while the guard is not armed")
        return motion

    def armed(self) -> Float32s:
        """Run ticks with a small command: nothing stands against motion, then it is armed."""
        self.after(self.small)
        self.order(Order.ARM)
        return self.after(self.small)

    def obstacle(self) -> None:
        """Let the reflexes of the next tick allow no motion ahead."""
        self.rig.arena["guard.block"][B_NEXT_AHEAD] = 0

    @property
    def state(self) -> State:
        """Of the guard, in the last tick."""
        return State(int(self.rig.arena.header[row.H_GUARD]))

    @property
    def causes(self) -> set[Cause]:
        """What stood against motion in the last tick."""
        bits = int(self.rig.arena.header[row.H_CAUSES])
        return {cause for cause in Cause if bits >> cause & 1}


def _plan(to: Assembler, kernel: Kernel, channels: int) -> Plan:
    block = to.array("guard.block", first_block())
    orders = spiking(to, "orders", ORDERS * MOST_WHO, _ORDERS_KEPT)
    wanted, steer, allowed = (slot(to, n, 4 * channels) for n in ("wanted", "steer", "allowed"))
    decides: dict[int, Word] = {
        row.N: orders.n,
        row.IN: orders.spikes,
        row.IN_META: orders.capacity,
        row.OUT: block,
    }
    limb: dict[int, Word] = {
        row.N: channels,
        row.IN: wanted.data,
        row.IN_META: wanted.meta,
        row.OUT: allowed.data,
        row.OUT_META: allowed.meta,
        row.BLOCK_AT: block,
        row.STEER: steer.data,
        row.STEER_META: steer.meta,
    }
    rows = [
        place(to, "guard.ladder", ladder.build(Ladder(), start=False, dt_us=_DT_US), decides),
        place(to, "guard.limb", kernel, limb),
    ]
    return Plan(rows, [wanted, steer, orders], [allowed])
