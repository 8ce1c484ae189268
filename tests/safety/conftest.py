import numpy as np
import pytest

from neuroloop.core.message import (
    EVENT,
    R_BYTES,
    R_DT_US,
    R_INDEX,
    R_SKIPPED,
    R_T_US,
    RECORD_BYTES,
    Kind,
    pack,
    payload_bytes,
    payload_of,
)
from neuroloop.core.native import address_of
from neuroloop.core.safety import MOST_WHO, ORDERS, Cause, Order, State
from neuroloop.engine import row
from neuroloop.engine.arena import Assembler
from neuroloop.engine.op import place, slot, spiking
from neuroloop.engine.program import Plan, Program
from neuroloop.runtime.tick import step
from neuroloop.safety import ladder
from neuroloop.safety.block import (
    B_ACTIVE,
    B_BLAMED,
    B_BY,
    B_CAUSE,
    B_CAUSES,
    B_STATE,
    B_STOPPED_US,
    B_WARNINGS,
    first_block,
)

DT_US = 1000


class Rows:
    """Rows of the guard over one block, and records made by hand.

    ``sensor`` and ``ladder`` and ``limb`` place what they are given, in the order of the calls.
    """

    def __init__(self):
        self.to = Assembler()
        self.block_field = self.to.array("block", first_block())
        self.ports, self.rows, self.outlets = [], [], []
        self.index = 0

    def sensor(self, spec, *kernels, n=None):
        """Place rows that read one sensor; returns its port."""
        seen = slot(self.to, spec.name, payload_bytes(spec))
        self.ports.append(seen)
        for k, kernel in enumerate(kernels):
            words = {
                row.N: payload_bytes(spec) if n is None else n,
                row.IN: seen.data,
                row.IN_META: seen.meta,
                row.OUT: self.block_field,
            }
            self.rows.append(place(self.to, f"{spec.name}.{k}", kernel, words))
        return len(self.ports) - 1

    def ladder(self, kernel, capacity=8):
        """Place the row that decides; returns the port of orders."""
        orders = spiking(self.to, "orders", ORDERS * MOST_WHO, capacity)
        self.ports.append(orders)
        words = {
            row.N: orders.n,
            row.IN: orders.spikes,
            row.IN_META: orders.capacity,
            row.OUT: self.block_field,
        }
        self.rows.append(place(self.to, "ladder", kernel, words))
        return len(self.ports) - 1

    def limb(self, kernel, channels=2):
        """Place a limb's row; returns the ports of what is wanted and of what is steered."""
        wanted, steer, allowed = (slot(self.to, n, 4 * channels) for n in ("want", "steer", "out"))
        self.ports += [wanted, steer]
        self.outlets.append(allowed)
        words = {
            row.N: channels,
            row.IN: wanted.data,
            row.IN_META: wanted.meta,
            row.OUT: allowed.data,
            row.OUT_META: allowed.meta,
            row.BLOCK_AT: self.block_field,
            row.STEER: steer.data,
            row.STEER_META: steer.meta,
        }
        self.rows.append(place(self.to, "limb", kernel, words))
        return len(self.ports) - 2, len(self.ports) - 1

    def begin(self):
        """Lay it all out."""
        self.program = Program(Plan(self.rows, self.ports, self.outlets), self.to)
        self.arena, self.outcome = self.program.arena, self.program.outcome_buffer()
        self.block = self.arena["block"]
        return self

    def tick(self, *messages, skipped=0, t_us=None):
        """Run one tick with these messages; returns the motion of the limb, if there is one."""
        self.index += skipped
        now = self.index * DT_US if t_us is None else t_us
        head = np.zeros(RECORD_BYTES, np.uint8)
        record = np.concatenate([head, *messages])
        words = record.view(np.int64)
        words[[R_BYTES, R_INDEX, R_T_US, R_DT_US]] = len(record), now // DT_US, now, DT_US
        words[R_SKIPPED] = skipped
        step(self.program.address, address_of(record), address_of(self.outcome))
        self.index = now // DT_US + 1
        if self.outlets:
            return self.arena["out.data"].view(np.float32).copy()
        return None

    @property
    def now_us(self):
        """Stamp of the next tick."""
        return self.index * DT_US

    def raised(self):
        """Take the causes and warnings away that rows raised, as the ladder does."""
        found = tuple(
            {cause for cause in Cause if int(self.block[word]) >> cause & 1}
            for word in (B_CAUSES, B_WARNINGS)
        )
        self.block[[B_CAUSES, B_WARNINGS]] = 0
        return found


class Messages:
    """Messages of a record."""

    @staticmethod
    def reading(port, value):
        return pack(Kind.READING, port, value.t_us, payload_of(value))

    @staticmethod
    def lost(port, n=1):
        return pack(Kind.LOST, port, 0, np.array([n], np.int64).view(np.uint8))

    @staticmethod
    def orders(port, *given):
        """``given`` are pairs of an order and the number of who gives it."""
        events = np.zeros(len(given), EVENT)
        events["unit"] = [ORDERS * who + order for order, who in given]
        events["value"] = 1
        return pack(Kind.SPIKES, port, 0, events.view(np.uint8))


class Guard:
    """The row that decides, alone."""

    def __init__(self, rows, config, *, start=False):
        self.rows = rows
        self.port = rows.ladder(ladder.build(config, start=start, dt_us=DT_US))
        rows.begin()
        self.block = rows.block

    def tick(self, causes=(), orders=(), skipped=0, broken=False):
        causes = causes if isinstance(causes, dict) else dict.fromkeys(causes, 0)
        for cause, who in causes.items():
            self.block[B_CAUSES] |= 1 << cause
            self.block[B_BY + cause] = who
        self.rows.arena.header[row.H_BROKEN] = broken
        orders = [(o, 0) if isinstance(o, Order) else o for o in orders]
        message = [Messages.orders(self.port, *orders)] if orders else []
        self.rows.tick(*message, skipped=skipped)
        assert self.rows.arena.header[row.H_GUARD] == self.block[B_STATE]
        assert self.rows.arena.header[row.H_CAUSES] == self.block[B_ACTIVE]
        return self.state

    def ticks(self, n, causes=()):
        return [self.tick(causes) for _ in range(n)]

    @property
    def state(self):
        return State(int(self.block[B_STATE]))

    @property
    def ended(self):
        cause, who, t_us = (int(self.block[w]) for w in (B_CAUSE, B_BLAMED, B_STOPPED_US))
        return Cause(cause - 1), who, t_us


@pytest.fixture
def rows():
    """Rows of the guard, for one test."""
    return Rows()


@pytest.fixture(scope="session")
def new_rows():
    """What makes rows of the guard, where a test needs them often."""
    return Rows


@pytest.fixture(scope="session")
def say():
    """What makes messages."""
    return Messages


@pytest.fixture(scope="session")
def new_guard():
    """What makes a row that decides, from the settings of its ladder."""
    return lambda config, **how: Guard(Rows(), config, **how)
