"""Every layout puts the same sums into the target's input, exactly when they are due."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from neuroloop.config import resolve
from neuroloop.core.errors import ConfigError
from neuroloop.core.native import address_of
from neuroloop.core.ports import Bundle
from neuroloop.core.values import Spikes
from neuroloop.engine import row
from neuroloop.engine.arena import Assembler
from neuroloop.engine.choose import known
from neuroloop.engine.layouts import _facts, buckets, ring
from neuroloop.engine.lower import Lowering
from neuroloop.engine.measure import run_ticks
from neuroloop.engine.op import place, spiking
from neuroloop.engine.program import Plan, Program
from neuroloop.network import Input, Network, Population, Projection, pairs
from neuroloop.network.quantise import quantise
from neuroloop.runtime.simulator import Simulator
from neuroloop.testing.rig import Rig

TICKS = 30
EXACT = sorted(set(known()) - {"bits"})
"""with weights on a grid these give the same bits; `bits` rounds a count times a weight once"""


@dataclass
class Case:
    """A random projection; weights are drawn from a grid, or anywhere, or are all one."""

    n_pre: int
    n_post: int
    synapses: int
    delays: tuple[int, int] = (1, 1)
    weights: str = "grid"
    multapses: bool = True

    def connections(self, rng):
        pre = rng.integers(0, self.n_pre, self.synapses)
        post = rng.integers(0, self.n_post, self.synapses)
        if not self.multapses:
            pre, post = np.unique(np.stack([pre, post]), axis=1)
        drawn = {
            "grid": rng.integers(-40, 40, len(pre)) / 64,
            "any": rng.normal(0.0, 1.0, len(pre)),
            "one": 0.3,
        }
        return pairs(pre, post, drawn[self.weights])


CASES = {
    "one delay": Case(50, 130, 900),
    "no delay": Case(50, 130, 900, (0, 0)),
    "long delay": Case(9, 70, 200, (25, 25)),
    "a neuron alone": Case(1, 1, 1),
    "empty rows": Case(200, 40, 30),
    "no synapses": Case(5, 7, 0),
    "many lines": Case(30, 700, 9000),
    "one weight": Case(80, 100, 900, weights="one", multapses=False),
    "one weight, no delay": Case(300, 130, 9000, (0, 0), "one", multapses=False),
    "one weight, several times": Case(20, 10, 400, weights="one"),
    "any weights": Case(50, 130, 900, weights="any"),
    "delays": Case(50, 130, 900, (1, 9)),
    "delays from none": Case(50, 130, 900, (0, 20)),
    "long delays": Case(50, 65, 900, (17, 28)),
    "delays, one weight": Case(50, 130, 900, (1, 9), "one"),
    "delays, any weights": Case(50, 130, 900, (0, 9), "any"),
}


def _simulator(case, layout, update="full", seed=3):
    rng = np.random.default_rng(seed)
    wired = case.connections(rng)
    low, high = case.delays
    delay = low if low == high else rng.integers(low, high + 1, len(wired)).astype(float)
    cells = Population("cells", case.n_post, "current_lif", {"current_decay": 0.0}, update=update)
    link = Projection("in", "cells", wired, delay, layout=layout)
    return Simulator(Network((Input("in", case.n_pre),), (cells,), (link,)), room={"in": 700}), link


def _fired(case, tick):
    """Return who fires: some, twice now and then, and all in one tick."""
    rng = np.random.default_rng(tick)
    if tick == 5:
        return np.arange(case.n_pre)
    return rng.integers(0, case.n_pre, rng.integers(0, 2 * case.n_pre))


def _run(simulator, case, first=0, last=TICKS):
    sums = []
    for tick in range(first, last):
        simulator.step({"in": _fired(case, tick)})
        sums.append(simulator.arena["cells.c"].copy())
    return np.stack(sums)


def _expected(case, link):
    """Return the sums of each tick, ``float64[ticks, n_post]``, by NumPy."""
    wired = link.connections
    sums = np.zeros((TICKS + 32, case.n_post))
    delay = np.broadcast_to(np.asarray(link.delay_ms, int), len(wired))
    for tick in range(TICKS):
        times = np.bincount(_fired(case, tick), minlength=wired.n_pre)[wired.pre]
        np.add.at(sums, (tick + delay, wired.post), times * wired.weight.astype(float))
    return sums[:TICKS]


def _bundle(case, layout="auto", seed=3, **more):
    rng = np.random.default_rng(seed)
    wired = case.connections(rng)
    low, high = case.delays
    delay = rng.integers(low, high + 1, len(wired)).astype(np.int32)
    return Bundle(wired, case.n_pre, case.n_post, delay, layout=layout, **more)


def _able(case):
    return [name for name, layout in known().items() if not layout.refuses(_bundle(case))]


@pytest.mark.parametrize("layout", known())
@pytest.mark.parametrize("name", CASES)
def test_sums_are_those_of_a_plain_loop(name, layout):
    case = CASES[name]
    if layout not in _able(case):
        pytest.skip("it says that it cannot hold these")
    simulator, link = _simulator(case, layout)

    sums = _run(simulator, case)

    scale = np.abs(link.connections.weight).max(initial=0.0) * max(len(link.connections), 1)
    np.testing.assert_allclose(sums, _expected(case, link), rtol=0, atol=1e-6 * scale)


@pytest.mark.parametrize("name", [n for n, case in CASES.items() if case.weights == "grid"])
def test_sums_of_weights_on_a_grid_have_the_same_bits_in_every_layout(name):
    case = CASES[name]
    able = [layout for layout in _able(case) if layout in EXACT]

    runs = [_run(_simulator(case, layout)[0], case) for layout in able]

    expected = _expected(case, _simulator(case, able[0])[1]).astype(np.float32)
    assert all(np.array_equal(run, expected) for run in runs)


@pytest.mark.parametrize("name", ["any weights", "delays, any weights", "one weight"])
def test_layouts_that_add_weight_by_weight_have_the_same_bits_for_any_weights(name):
    case = CASES[name]
    able = [n for n in _able(case) if n in ("csr", "constant", "ring", "buckets")]
    if case.weights == "one":
        able.remove("buckets")  # a count times the weight, rounded once

    runs = [_run(_simulator(case, layout)[0], case) for layout in able]

    assert all(np.array_equal(run, runs[0]) for run in runs)


@pytest.mark.parametrize("layout", known())
@pytest.mark.parametrize("weights", ["grid", "any", "one"])
def test_spikes_in_flight_are_part_of_a_snapshot(layout, weights):
    delays = (0, 20) if layout in ("ring", "buckets") else (7, 7)
    case = Case(50, 130, 900, delays, "one" if layout in ("bits", "constant") else weights, False)
    simulator, _ = _simulator(case, layout)
    other, _ = _simulator(case, layout)
    _run(simulator, case, 0, 12)
    _run(other, case, 0, 3)

    other.restore(simulator.snapshot())

    assert np.array_equal(_run(other, case, 12), _run(simulator, case, 12))
    assert other.snapshot() == simulator.snapshot()


class _Library:
    def kind(self, role, name, where):
        return resolve.module(role, name, Path(), where)


@pytest.mark.parametrize("layout", ["csr", "ring", "buckets"])
def test_reset_of_the_network_forgets_spikes_in_flight(layout):
    link = Projection("in", "cells", pairs([0], [0], 0.5), 4.0, layout=layout)
    cells = Population("cells", 1, "current_lif", {"current_decay": 0.0})
    network = Network((Input("in", 1),), (cells,), (link,))

    def lay(to):
        inputs = {"in": spiking(to, "in", 1)}
        lowered = Lowering(to, _Library(), 1000, 1, reset_every_ticks=10).network(network, inputs)
        return Plan(lowered.ops, list(inputs.values()))

    rig = Rig(lay)
    current = []
    for tick in range(20):
        if tick in (3, 8, 12):
            rig.send("in", Spikes(np.array([rig.t_us]), np.array([0], np.uint32)))
        rig.tick()
        current.append(float(rig.arena["cells.c"][0]))

    assert np.flatnonzero(current).tolist() == [7, 16]


@pytest.mark.parametrize(
    ("slots", "case"),
    [
        ("word", Case(400, 4000, 3_000_000, (0, 20))),
        ("place", Case(50, 130, 900, (0, 9), "any")),
        ("target", Case(3, 1 << 20, 90, (0, 5000), "any")),
    ],
)
def test_ring_takes_the_smallest_form(slots, case):
    built = ring.build(_bundle(case))

    assert slots in built.static


def test_all_forms_of_a_ring_have_the_same_bits(monkeypatch):
    case = Case(60, 200, 5000, (0, 20))
    expected = _run(_simulator(case, "ring")[0], case)

    monkeypatch.setattr(ring, "_SMALL_BYTES", 0)
    words = _run(_simulator(case, "ring")[0], case)
    monkeypatch.setattr(ring, "_form", lambda bundle: (None, 5, False))
    apart = _run(_simulator(case, "ring")[0], case)

    assert np.array_equal(words, expected)
    assert np.array_equal(apart, expected)


def test_whole_sums_are_turned_into_input_before_they_could_overflow(monkeypatch):
    case = Case(60, 30, 5000, (1, 4))
    expected = _run(_simulator(case, "buckets")[0], case)

    monkeypatch.setattr(buckets, "_limit", lambda grid: 250)

    assert np.array_equal(_run(_simulator(case, "buckets")[0], case), expected)


def test_buckets_take_four_bytes_a_synapse_where_weights_are_on_a_grid():
    case = Case(100, 1000, 400_000, (1, 60))

    on_grid = buckets.n_bytes(_bundle(case))

    assert 4 * 400_000 < on_grid < 5 * 400_000
    case.weights = "any"
    assert buckets.n_bytes(_bundle(case)) > 6 * 400_000


@pytest.mark.parametrize("name", CASES)
def test_size_is_what_is_built(name):
    case = CASES[name]
    for layout in _able(case):
        bundle = _bundle(case)
        kernel = known()[layout].build(bundle)
        arrays = [*kernel.state.values(), *kernel.static.values()]
        size = sum(np.asarray(a).nbytes for a in arrays)
        wanted = known()[layout].n_bytes(bundle)
        # a few words of the layout's own are not counted
        assert abs(size - wanted) < 128, layout


@pytest.mark.parametrize("layout", [name for name in known() if name != "dense"])
@pytest.mark.parametrize("weights", ["grid", "any", "one"])
def test_flags_are_set_where_and_when_input_arrives(layout, weights):
    delays = (0, 9) if layout in ("ring", "buckets") else (5, 5)
    weights = "one" if layout in ("bits", "constant") else weights
    case = Case(20, 900, 60, delays, weights, multapses=False)
    bundle = _bundle(case, touches=True)

    program = _flagged(known()[layout].build(bundle), bundle)
    arena = program.arena
    for _ in range(6):
        _run_row(program, np.array([3, 7, 7], np.int32))
        _run_row(program, np.array([], np.int32))
    reached = arena["input"][0].reshape(16, 15, 64).any(axis=2)

    assert np.array_equal(arena["flags"] != 0, reached)


def _flagged(kernel, bundle):
    to = Assembler()
    source = spiking(to, "source", bundle.n_pre)
    into = to.field("input", np.float32, (1, 16, (bundle.n_post + 63) // 64 * 64))
    words = {
        row.N: bundle.n_pre,
        row.IN: source.spikes,
        row.IN_META: source.capacity,
        row.OUT: into,
        row.COUNT: 16,
        row.TOUCHED: to.field("flags", np.uint8, (16, into.shape[2] // row.BLOCK)),
    }
    return Program(Plan([place(to, "rows", kernel, words)], [source]), to)


def _run_row(program, spikes):
    run_ticks(
        program.arena.address,
        address_of(program.rows),
        program.arena.offsets["source.spikes"],
        spikes.reshape(1, -1),
    )


def test_dense_is_not_for_targets_that_visit_only_what_is_reached():
    assert "every spike" in known()["dense"].refuses(_bundle(CASES["one delay"], touches=True))


@pytest.mark.parametrize(
    ("layout", "name", "words"),
    [
        ("bits", "one weight, several times", "more than once"),
        ("bits", "one delay", "the weights differ"),
        ("bits", "delays, one weight", "the delays differ"),
        ("constant", "any weights", "the weights differ"),
        ("constant", "delays, one weight", "the delays differ"),
        ("csr", "delays", "the delays differ"),
        ("dense", "delays", "the delays differ"),
    ],
)
def test_layout_that_cannot_hold_them_says_why(layout, name, words):
    with pytest.raises(ConfigError, match=rf'in-cells: layout "{layout}" cannot .* {words}'):
        _simulator(CASES[name], layout)


@pytest.mark.parametrize(
    ("weight", "wanted"),
    [
        ([0.5, -0.25, 3.0], (0.25, -1, 12)),
        ([3.0, 3.0], (3.0, 1, 1)),
        ([0.0, 0.0], (1.0, 0, 0)),
        ([0.0, 2.0**-20], (2.0**-20, 0, 1)),
        ([16383.0, 1.0], (1.0, 0, 16383)),
        ([-3 * 2.0**100, 2.0**101], (2.0**100, -3, 2)),
    ],
)
def test_grid_of_weights_is_found_exactly(weight, wanted):
    found = _facts.grid(_with_weights(weight))

    assert (found.step, found.low, found.high) == wanted


@pytest.mark.parametrize("weight", [[16384.0, 1.0], [0.1, 0.2], [1.0, 1e-40], [1e-40, 3e-40]])
def test_weights_off_any_useful_grid_are_kept_as_they_are(weight):
    assert _facts.grid(_with_weights(weight)) is None


@pytest.mark.parametrize("bits", [2, 9, 15, 24])
def test_quantised_weights_lie_on_a_grid_and_are_off_by_half_a_step_at_most(bits):
    weight = np.random.default_rng(0).normal(0.0, 87.8, 1000).astype(np.float32)

    rounded = quantise(weight, bits)

    steps = 2.0 ** np.arange(-40, 40)
    step = steps[np.rint(np.abs(weight).max() / steps) < 2 ** (bits - 1)][0]
    assert rounded.dtype == np.float32
    assert (np.rint(rounded / step) == rounded / step).all()
    assert (np.abs(rounded - weight) <= step / 2).all()
    if bits <= 15:
        assert _facts.grid(_with_weights(rounded)).most < 2 ** (bits - 1)


def test_weights_on_a_grid_are_their_own_quantised_form():
    weight = np.array([-3.0, 0.25, 0.0], np.float32)

    assert quantise(weight, 5).tolist() == weight.tolist()
    assert quantise([0.0, 0.0]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(("weight", "bits"), [([np.nan], 15), ([1.0], 1), ([1.0], 25)])
def test_what_cannot_be_quantised_is_refused(weight, bits):
    with pytest.raises(ConfigError):
        quantise(weight, bits)


def _with_weights(weight):
    n = len(weight)
    wired = pairs(np.zeros(n, int), np.arange(n), np.asarray(weight, np.float32))
    return Bundle(wired, 1, n, np.ones(n, np.int32))


@pytest.mark.parametrize("layout", known())
def test_synapses_that_spikes_use_are_counted(layout):
    case = CASES["one weight"]
    simulator, link = _simulator(case, layout)

    used = []
    for _ in range(3):
        simulator.step({"in": [3, 3, 7]})
        used.append(int(simulator.arena.header[row.H_SYNOPS]))

    assert used == [np.diff(link.connections.start)[[3, 3, 7]].sum()] * 3
