"""How fast this machine adds synapses, found by running the layouts themselves for a second.

The constants are kept (`neuroloop.engine.speed.keep`) and used from then on: a network is never
timed while it is built, for then two runs of it could differ.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuroloop.core.kernel import kernel
from neuroloop.core.native import address_of, at, call, i32, i64, now_ns
from neuroloop.core.ports import Bundle, Kernel
from neuroloop.engine import row
from neuroloop.engine.arena import Assembler
from neuroloop.engine.layouts import bits, buckets, constant, csr, dense, ring
from neuroloop.engine.op import Word, place, spiking
from neuroloop.engine.program import Plan, Program
from neuroloop.engine.row import ENTRY, H_STEP, WIDTH, header
from neuroloop.engine.speed import Speed
from neuroloop.network.connections import Connections

_REPEATS = 10
_TICKS = 40
_LEAST_NS = 1e-4
"""no constant is taken to be less: a difference of two noisy times may be"""


@kernel
def run_ticks(arena_address, row_address, spikes_at, lists):
    """Run a row of the table once for each list of spikes; returns nanoseconds."""
    arena, n = at(arena_address), lists.shape[1]
    spikes, entry = i32(arena, spikes_at, n + 1), i64(at(row_address), 0, WIDTH)[ENTRY]
    begin = now_ns()
    for t in range(lists.shape[0]):
        header(arena)[H_STEP] += 1
        spikes[0] = n
        spikes[1:] = lists[t]
        call(entry, arena_address, row_address)
    return now_ns() - begin


@dataclass(frozen=True, eq=False)
class _Shape:
    """Random rows: every source has ``k`` targets, spread over all."""

    n_pre: int
    n_post: int
    k: int
    delays: int = 1
    """1...delays ticks, as many synapses of each"""
    weight: float | None = None
    """of all synapses; None gives each its own"""

    def bundle(self) -> Bundle:
        rng = np.random.default_rng(0)
        gap, synapses = self.n_post / self.k, self.n_pre * self.k
        post = rng.random((self.n_pre, self.k), np.float32)
        post += np.arange(self.k, dtype=np.float32)
        post *= np.float32(gap)
        np.minimum(post, self.n_post - 1, out=post)
        start = np.arange(self.n_pre + 1, dtype=np.int64) * self.k
        weight = (
            rng.random(synapses, np.float32)
            if self.weight is None
            else np.broadcast_to(np.float32(self.weight), synapses)
        )
        wired = Connections(start, post.reshape(-1).astype(np.uint32), weight)
        delay = (np.arange(synapses) % self.delays + 1).astype(np.int32)
        return Bundle(wired, self.n_pre, self.n_post, delay)


def time_ns(layout: Any, bundle: Bundle, spikes: int, ticks: int = _TICKS) -> float:
    """Return what a tick in which ``spikes`` random sources fire costs, the best of a few runs."""
    program, spikes_at = _program(layout.build(bundle), bundle, spikes)
    rng = np.random.default_rng(1)
    best = np.inf
    for k in range(_REPEATS + 1):
        lists = rng.integers(0, bundle.n_pre, (ticks, spikes), np.int32)
        ns = run_ticks(program.arena.address, address_of(program.rows), spikes_at, lists) / ticks
        best = min(best, ns) if k else best  # the first warms the caches up
    return float(best)


def _program(built: Kernel, bundle: Bundle, spikes: int) -> tuple[Program, int]:
    """Return a program of this one projection, and where its source's spikes are."""
    to = Assembler()
    source = spiking(to, "source", bundle.n_pre, max(bundle.capacity, spikes))
    longest = int(bundle.delay.max()) if len(bundle.delay) else 0
    width = (bundle.n_post + 63) // 64 * 64
    into = to.field("input", np.float32, (1, 1 << longest.bit_length(), width))
    words: dict[int, Word] = {
        row.N: bundle.n_pre,
        row.IN: source.spikes,
        row.IN_META: source.capacity,
        row.OUT: into,
        row.COUNT: into.shape[1],
    }
    program = Program(Plan([place(to, "rows", built, words)], [source]), to)
    return program, program.arena.offsets["source.spikes"]


def measure() -> Speed:
    """Measure this machine; takes a second or two, and longer where kernels must be compiled."""
    per_synapse = {
        "csr": _slope(csr, lambda k: _Shape(500, 1000, k)),
        "constant": _slope(constant, lambda k: _Shape(500, 1000, k, 1, 0.1)),
        "ring": _slope(ring, lambda k: _Shape(500, 1000, k, 4)),
        "buckets": _slope(buckets, lambda k: _Shape(500, 1000, k, 1, 0.5)),
    }
    short, spikes = _Shape(500, 1000, 10, 1, 0.1).bundle(), 100
    row_ns = time_ns(constant, short, spikes) / spikes - 10 * per_synapse["constant"]
    segment = _segment(per_synapse["buckets"])
    lane, flush = _bits()
    byte, dense_lane = _dense()
    far = _far(per_synapse["ring"])
    found = per_synapse | {
        "row": row_ns,
        "segment": segment,
        "bits": lane,
        "flush": flush,
        "dense": dense_lane,
        "byte": byte,
        "far": far,
        "miss": _miss(per_synapse["constant"], row_ns, byte),
    }
    return Speed(**{name: max(value, _LEAST_NS) for name, value in found.items()})


def _slope(layout: Any, shape: Callable[[int], _Shape]) -> float:
    """Return the cost of one more synapse in a row, in cache."""
    few, many = (time_ns(layout, shape(k).bundle(), 50) for k in (20, 220))
    return (many - few) / (50 * 200)


def _segment(synapse_ns: float) -> float:
    """Return the cost of one more part of a row, of 10 synapses as all others."""
    few, many = (time_ns(buckets, _Shape(500, 1000, 10 * d, d).bundle(), 20) for d in (2, 16))
    return (many - few) / (20 * 14) - 10 * synapse_ns


def _bits() -> tuple[float, float]:
    """Return the cost of a lane of bits and of turning a count into input."""
    n = 8192
    bundle = _Shape(200, n, n // 10, 1, 0.1).bundle()
    few, many = (time_ns(bits, bundle, spikes) for spikes in (8, 88))
    lane = (many - few) / (80 * n)
    return lane, few / n - 8 * lane


def _dense() -> tuple[float, float]:
    """Return the cost of a byte that is not in cache, and of a lane that is."""
    near = time_ns(dense, _Shape(100, 1000, 1000).bundle(), 40) / (40 * 1000)
    far = time_ns(dense, _Shape(4000, 8000, 10).bundle(), 40, 20) / (40 * 8000)
    return (far - near) / 4, near


def _far(synapse_ns: float) -> float:
    """Return what a synapse costs more where the input it goes to is out of cache."""
    n, slots = 80_000, 64
    ns = time_ns(ring, _Shape(1000, n, 500, slots - 1).bundle(), 20) / (20 * 500)
    return (ns - synapse_ns) / Speed().reach(4 * slots * n)


def _miss(synapse_ns: float, row_ns: float, byte_ns: float) -> float:
    """Return what a short row costs more where it is not in cache."""
    k = 20
    ns = time_ns(constant, _Shape(1_000_000, 1000, k, 1, 0.1).bundle(), 500) / 500
    return ns - k * (synapse_ns + 2 * byte_ns) - row_ns
