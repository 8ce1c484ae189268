"""What the bench of the engine measures is there, adds up and is shown; no time is asserted."""

import json

import numpy as np
import pytest

from neuroloop.bench.engine import (
    carried,
    expected,
    layouts,
    limits,
    machine,
    small,
    start,
    timing,
    wiring,
)
from neuroloop.bench.engine.whole import Budget, EngineCost
from neuroloop.core.errors import PartError
from neuroloop.engine import choose
from neuroloop.runtime.simulator import Simulator


def test_wiring_is_sorted_and_reaches_no_target_twice():
    wired = wiring.random(50, 1000, 100)
    rows = wired.post.reshape(50, 100).astype(int)
    assert (np.diff(rows, axis=1) > 0).all()
    assert rows.max() < 1000
    assert len(np.unique(rows)) > 900


def test_neurons_of_the_search_fire_at_ten_hertz_each_in_its_own_time():
    simulator = Simulator(carried.network(1000), watch=["cells"])
    spikes = simulator.run(1000)["cells"]
    assert len(spikes.unit) / 1000 == pytest.approx(carried.RATE_HZ, rel=0.1)
    in_a_tick = np.bincount(spikes.t_us // 1000, minlength=1000)
    assert in_a_tick.max() < 40


@pytest.mark.parametrize(
    ("ns_a_neuron", "wanted"), [(10.0, 100_000), (300.0, 3_333), (0.001, 1 << 20)]
)
def test_the_search_closes_in_on_the_largest_that_holds(monkeypatch, ns_a_neuron, wanted):
    class Found:
        def __init__(self, n):
            self.n = n
            self.first = timing.Window(np.full(10, n * ns_a_neuron * 1e-3), 10, 0, 1000)

        def percentile_us(self, _):
            return self.n * ns_a_neuron * 1e-3

    tried = []
    monkeypatch.setattr(carried, "_most_neurons", lambda: 1 << 20)
    monkeypatch.setattr(carried, "_run", lambda n, _: tried.append(n) or Found(n))
    found = carried.measure(1000, 1e6)
    assert found.neurons <= wanted
    assert found.neurons > wanted / 1.15
    assert found.synapses == 100 * found.neurons
    assert (found.too_many is None) == (wanted == 1 << 20)
    assert len(tried) < 20


def test_a_tick_that_nothing_holds_is_said(monkeypatch):
    monkeypatch.setattr(carried, "_run", lambda *_: _Slow())
    with pytest.raises(carried.MachineError, match="not even 1000 neurons hold a tick of 100 us"):
        carried.measure(100, 1.0)


class _Slow:
    def percentile_us(self, _):
        return 1e6


def test_every_layout_that_takes_a_shape_is_measured_and_one_is_chosen():
    costs = list(layouts.measure(0.02))
    shapes = {c.shape: [d for d in costs if d.shape == c.shape] for c in costs}
    assert len(shapes) == 6
    assert {c.layout for c in costs} == set(choose.known())
    for found in shapes.values():
        assert sum(c.chosen for c in found) == 1
        assert any(c.fastest for c in found)
        assert all(c.bytes_per_synapse > 0 and c.events_per_s > 0 for c in found)


def test_layouts_too_large_for_the_machine_are_left_out(monkeypatch):
    monkeypatch.setattr(layouts.memory, "free_bytes", lambda: 10 * 200_000)
    costs = list(layouts.measure(0.02))
    assert not [c for c in costs if c.bytes_per_synapse * c.synapses > 210_000]


def test_the_same_ticks_are_run_again():
    simulator = Simulator(carried.network(200), watch=["cells"])
    found = timing.again(simulator, 50, 3)
    assert simulator.index == 100
    assert len(found.shortest_us) == 50
    assert (found.shortest_us <= found.first.cost_us).all()


def test_what_is_expected_stands_beside_what_is_measured():
    for found in expected.measure(0.0):
        assert found.expected_us > 0 < found.measured_us
        # the header and the lines to which fields are rounded up
        assert found.expected_bytes == pytest.approx(found.measured_bytes, rel=0.05, abs=8192)


def test_limits_are_of_the_machine_alone():
    found = limits.measure(1 << 16)
    assert found.triad_gb_per_s > 0
    assert [s.targets for s in found.scatter] == [10_000, 10_000, 1_000_000]
    assert all(s.per_s > 0 for s in found.scatter)


def test_a_small_tick_and_a_quiet_million():
    tick = small.measure(50)
    assert 0 < tick.p50_us <= tick.p99_us
    assert tick.limit_us == 2.5
    million = small.quiet(3)
    assert (million.neurons, million.reached) == (1_000_000, 1_000)
    assert million.p50_us > 0
    assert million.full_us > 0


def test_the_machine_and_its_neighbours_are_named():
    here = machine.machine()
    assert here.cpu
    assert here.cores >= 1
    assert set(here.versions) == {"neuroloop", "numpy", "numba", "llvmlite"}
    quiet = machine.Neighbours().seen()
    assert 0 <= quiet.steal_percent <= 100
    assert 0 <= quiet.others_percent <= 100


def test_a_start_that_fails_says_why(monkeypatch):
    monkeypatch.setattr(start, "_PROGRAM", "raise SystemExit('no such thing')")
    with pytest.raises(PartError, match="no such thing"):
        start.measure(cold=False)


def test_less_time_is_a_smaller_budget():
    quick, full = Budget.of(8.0), Budget.of(60.0)
    assert quick.search_s < full.search_s
    assert quick.layouts_scale < full.layouts_scale == 1.0
    assert full.cold
    assert not quick.cold


@pytest.fixture
def found():
    """A result such as `whole.measure` returns."""
    m = machine.Machine("a processor", 2, "Linux", "3.11", {"neuroloop": "0"})
    scatter = tuple(limits.Scatter(n, 8_000_000, 1e9) for n in (1, 2, 3))
    cost = ("weights", 1000, "csr", 1.0, 1.1, 5e8, 6.0)
    other = ("weights", 1000, "ring", 2.0, 2.2, 2.5e8, 8.0)
    return EngineCost(
        m,
        machine.Quiet(0.5, 0.0, 3.0),
        limits.Limits(15.0, scatter),
        [carried.Carried(1000, 70_000, 7_000_000, 500.0, 900.0, 950.0, 10.0, 7e7, 75_000)],
        [layouts.LayoutCost(*cost, True, True), layouts.LayoutCost(*other, False, False)],
        [expected.Expected("a thousand", 12.0, 10.0, 1000, 1100)],
        small.SmallTick(3.0, 4.0, 2.5, 1.0),
        None,
        start.Starts(start.Start(0.5, 9.0), start.Start(0.5, 1.0)),
    )


def test_the_report_has_its_figures_with_units(command, monkeypatch, found):
    told = []
    monkeypatch.setattr(
        "neuroloop.bench.engine.whole.measure", lambda budget, say: told.append(budget) or found
    )
    code, out, _ = command("bench", "engine", "--quick")
    assert code == 0
    assert told == [Budget.of(8.0)]
    for words in ("70,000", "7,000,000", "950 us", "15.0 GB/s", "75,000 do not", "in 1 of 1"):
        assert words in out
    assert "3.00 us, more than 2.5 us" in out
    assert "cold start: first tick after 9.00 s, 8.50 s without" in out
    assert "12.00 us    10.00 us   1.20 times" in out
    assert "load 0.50" in out
    code, out, _ = command("bench", "engine", "--seconds", 30, "--json")
    report = json.loads(out)
    assert report["machine"]["cpu"] == "a processor"
    assert report["events_per_s"] == {"csr": 5e8, "ring": 2.5e8}
    assert report["carried"][0]["met_p99_us"] == 950.0
    assert report["million"] is None
    assert report["kept"] is None


def test_constants_are_measured_first_and_kept_when_asked(command, monkeypatch, found, tmp_path):
    order = []
    monkeypatch.setattr("neuroloop.engine.measure.measure", lambda: order.append("constants"))
    monkeypatch.setattr("neuroloop.engine.speed.keep", lambda _: tmp_path / "speed.json")
    monkeypatch.setattr(
        "neuroloop.bench.engine.whole.measure", lambda *_: order.append("all") or found
    )
    code, out, err = command("bench", "engine", "--keep")
    assert code == 0
    assert order == ["constants", "all"]
    assert f"kept in {tmp_path / 'speed.json'}" in out
    assert "measuring: the constants" in err
    assert json.loads(command("bench", "engine", "--keep", "--json")[1])["kept"]


@pytest.mark.slow
def test_a_quick_run_measures_everything(command):
    code, out, err = command("bench", "engine", "--quick", "--json")
    assert code == 0, err
    report = json.loads(out)
    assert [c["dt_us"] for c in report["carried"]] == [1000, 100]
    assert all(c["p99_us"] <= c["dt_us"] for c in report["carried"])
    assert report["starts"]["cached"]["first_tick_s"] > report["starts"]["cached"]["imported_s"]
    assert report["starts"]["cold"] is None
