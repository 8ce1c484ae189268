"""A population that visits only what is reached does what a full update does."""

from types import SimpleNamespace

import numpy as np
import pytest

from neuroloop.config import resolve
from neuroloop.core.errors import ConfigError
from neuroloop.engine import choose
from neuroloop.engine.arena import Assembler
from neuroloop.engine.lower import Lowering
from neuroloop.engine.op import spiking
from neuroloop.engine.program import Plan
from neuroloop.network import Input, Network, Population, Projection, one_to_one, pairs
from neuroloop.runtime.simulator import Simulator
from neuroloop.testing.rig import Rig

N = 333
"""neurons: several blocks, and a part of one"""
CELLS = {
    "defaults": {},
    "refractory": {"refractory_ms": 3.0},
    "subtract": {"reset": "subtract", "v_reset": 0.4, "refractory_ms": 1.0},
    "millivolts": {
        "v_rest": -65.0,
        "v_reset": -70.0,
        "v_threshold": -64.2,
        "refractory_ms": 2.0,
        "tau_m_ms": 7.0,
    },
    "reset above threshold": {"v_reset": 1.2, "refractory_ms": 2.0},
    "rest above threshold": {"v_rest": 1.1, "v_reset": -2.0, "tau_m_ms": 5.0},
}


def network(update, params=None, arrays=None, delay=1.0, layout="auto"):
    rng = np.random.default_rng(4)
    weights = rng.uniform(-0.3, 1.3, N)
    cells = Population("cells", N, "lif", params or {}, arrays or {}, update)
    links = (
        Projection("in", "cells", one_to_one(N, weights), delay, layout=layout),
        Projection("cells", "cells", pairs(np.arange(N), rng.permutation(N), 0.4), 3.0),
    )
    return Network((Input("in", N),), (cells,), links)


class Both:
    """The same network twice: updated in full, and by events."""

    def __init__(self, *arguments, **more):
        self.full = Simulator(network("full", *arguments, **more), watch=["cells"])
        self.events = Simulator(network("events", *arguments, **more), watch=["cells"])
        self.spikes = 0
        self._looked = 0

    def step(self, units=()):
        """Run a tick of both; who fires is the same."""
        given = {"in": np.asarray(units, np.int64)}
        fired = self.full.step(given)["cells"], self.events.step(given)["cells"]
        np.testing.assert_array_equal(*fired)
        self.spikes += len(fired[0])

    def edit(self, name, value):
        for simulator in (self.full, self.events):
            simulator.edit(name, value)

    def look(self):
        """Compare the state: within a unit in the last place for each tick since the last look."""
        a, b = self.full.arena, self.events.arena
        rest = np.abs(a["cells.params"][2])
        ticks = self.full.index - self._looked
        self._looked = self.full.index
        ulp = np.spacing(np.maximum(np.maximum(np.abs(a["cells.v"]), rest), np.float32(1e-37)))
        assert (np.abs(a["cells.v"] - b["cells.v"]) <= ticks * ulp).all()
        np.testing.assert_array_equal(a["cells.refractory"], b["cells.refractory"])


def drive(rng, most=4):
    return rng.choice(N, rng.integers(0, most), replace=False)


@pytest.mark.parametrize("delay", [0.0, 1.0, 5.0])
@pytest.mark.parametrize("cells", CELLS)
def test_sparse_drive_gives_the_same_spikes_and_voltages(cells, delay):
    both, rng = Both(CELLS[cells], delay=delay), np.random.default_rng(8)

    for k in range(1500):
        both.step(drive(rng))
        if k % 331 == 0:
            both.look()

    assert both.spikes > 500
    both.look()


def test_voltages_that_do_not_rest_at_0_have_the_same_bits():
    both, rng = Both(CELLS["millivolts"]), np.random.default_rng(12)

    for _ in range(600):
        both.step(drive(rng, 2))

    a, b = both.full.arena, both.events.arena
    np.testing.assert_array_equal(a["cells.v"], b["cells.v"])


@pytest.mark.parametrize("layout", sorted(choose.known()))
def test_every_layout_that_is_taken_flags_whom_it_reaches(layout):
    weight = 0.7
    reach = {"constant": 1, "bits": 1}.get(layout, 2)
    rng = np.random.default_rng(2)
    post = np.concatenate([rng.permutation(N) for _ in range(reach)])
    wired = pairs(np.tile(np.arange(N), reach), post, weight)
    found = []
    for update in ("full", "events"):
        link = Projection("in", "cells", wired, 3.0, layout=layout)
        cells = Population("cells", N, "lif", {}, {}, update)
        made = Network((Input("in", N),), (cells,), (link,))
        if layout == "dense" and update == "events":
            with pytest.raises(ConfigError, match="every spike reaches every neuron"):
                Simulator(made)
            return
        simulator = Simulator(made, watch=["cells"])
        trains = np.random.default_rng(3)
        found.append([simulator.step({"in": drive(trains, 9)})["cells"] for _ in range(300)])
    assert sum(map(len, found[0])) > 100
    for full, events in zip(*found, strict=True):
        np.testing.assert_array_equal(full, events)


def test_neurons_with_a_bias_are_visited_and_the_others_still_follow():
    bias = np.where(np.arange(N) % 70 == 3, 1.7, 0.0)
    both, rng = Both({"refractory_ms": 2.0}, {"bias": bias}), np.random.default_rng(1)

    for _ in range(400):
        both.step(drive(rng))

    assert both.spikes > 200
    both.look()


def test_first_values_above_threshold_fire_at_once():
    both = Both({}, {"v": np.linspace(0.0, 2.0, N)})

    both.step()

    assert both.spikes > 100
    both.look()


def test_edits_are_seen_wherever_nobody_was():
    both, rng = Both({"refractory_ms": 2.0}), np.random.default_rng(6)
    slower = both.full.arena["cells.params"].copy()
    slower[0], slower[3] = 0.99, 0.6
    edits = [
        ("cells.v", np.linspace(0, 1.5, N)),
        ("cells.bias", np.where(np.arange(N) == 250, 3.0, 0.0)),
        ("cells.bias", 0.0),
        ("cells.refractory", np.where(np.arange(N) < 100, 9.0, 0.0)),
        ("cells.params", slower),
    ]
    for name, value in edits:
        for _ in range(100):
            both.step(drive(rng))
        both.edit(name, value)
        before = both.spikes
        both.step()
        assert both.spikes - before > 90 or name != "cells.v"
    both.look()
    both.edit("cells.silent", 1)
    before = both.spikes
    for _ in range(50):
        both.step(drive(rng))
    assert both.spikes == before
    both.look()


def test_a_look_changes_no_spike():
    both, rng = Both({"refractory_ms": 2.0}), np.random.default_rng(7)

    for k in range(400):
        both.step(drive(rng))
        if k % 3:
            both.look()

    assert both.spikes > 100


def test_ten_thousand_silent_ticks_are_caught_up():
    both = Both({"tau_m_ms": 4000.0, "refractory_ms": 30.0})
    for units in (np.arange(0, N, 7), np.arange(0, N, 5), np.arange(0, N, 7)):
        both.step(units)
    for simulator in (both.full, both.events):
        simulator.run(10_000)

    both.step(np.arange(0, N, 9))
    both.step()
    assert both.spikes > 5
    both.look()


def test_a_run_goes_on_to_the_bit_from_a_snapshot():
    simulator = Simulator(network("events", {"refractory_ms": 2.0}), watch=["cells"])
    rng = np.random.default_rng(5)
    trains = [drive(rng) for _ in range(300)]
    for units in trains[:150]:
        simulator.step({"in": units})
    middle, ends = simulator.snapshot(), []
    for _ in range(2):
        simulator.restore(middle)
        fired = [simulator.step({"in": units})["cells"].tolist() for units in trains[150:]]
        ends.append((fired, simulator.snapshot()["network"]))

    assert ends[0] == ends[1]


def test_a_network_that_is_reset_begins_anew_wherever_it_was():
    rigs = {}
    for update in ("full", "events"):
        made = network(update, {"refractory_ms": 2.0}, {"v": np.linspace(-1, 1.2, N)})

        def lay(to: Assembler, made=made):
            inputs = {"in": spiking(to, "in", N)}
            library = SimpleNamespace(
                kind=lambda role, name, where: resolve.module(role, name, None, where)
            )
            lowered = Lowering(to, library, 1000, 1, reset_every_ticks=40).network(made, inputs)
            return Plan(lowered.ops, list(inputs.values()), [lowered.spiking["cells"]])

        rigs[update] = Rig(lay)
    for _ in range(130):
        for rig in rigs.values():
            rig.tick()
        np.testing.assert_array_equal(*(rig.spikes("cells") for rig in rigs.values()))


def test_auto_takes_events_for_many_neurons_that_few_spikes_reach():
    few = pairs(np.arange(100), np.arange(100) * 200, 1.5)
    cells = Population("cells", 30_000)
    small = Population("small", 100)
    links = (Projection("in", "cells", few, 1.0), Projection("in", "small", one_to_one(100), 1.0))

    simulator = Simulator(Network((Input("in", 100),), (cells, small), links), watch=["cells"])

    assert simulator.updates["cells"].startswith("events: ")
    assert "small" not in simulator.updates
    assert "cells.touched" in simulator.arena.fields
    simulator.step({"in": [3, 5]})
    assert simulator.step()["cells"].tolist() == [600, 1000]


@pytest.mark.parametrize(
    ("cells", "link", "why"),
    [
        ({"params": {"bias": 0.1}}, {}, "a bias"),
        ({"arrays": {"bias": np.eye(1, 30_000)[0]}}, {}, "a bias"),
        ({}, {"connections": one_to_one(30_000, 0.1)}, "lines of neurons reached"),
        ({}, {"layout": "dense", "connections": pairs([0], [0], 1.0)}, "layout of a projection"),
        ({}, {"source": "values", "kind": "value"}, "does not say whom"),
    ],
)
def test_auto_says_why_it_visits_all(cells, link, why):
    few = pairs(np.arange(100), np.arange(100) * 200, 1.5)
    made = {"source": "in", "connections": few, **link}
    inputs = (Input("in", 30_000), Input("values", 30_000, "values"))
    population = Population("cells", 30_000, **cells)
    if made.get("layout") == "dense":
        inputs = (Input("in", 1), inputs[1])
    network = Network(inputs, (population,), (Projection(target="cells", delay_ms=1.0, **made),))

    said = Simulator(network).updates["cells"]

    assert said.startswith("full: ")
    assert why in said


def test_events_of_what_cannot_say_whom_it_reaches_are_refused():
    link = Projection("in", "cells", one_to_one(3), 0.0, kind="value")
    cells = Population("cells", 3, update="events")

    with pytest.raises(ConfigError, match=r"projection in-cells \(kind value\) does not say"):
        Simulator(Network((Input("in", 3, "values"),), (cells,), (link,)))


def test_events_of_a_kind_that_always_moves_are_refused():
    cells = Population("cells", 3, "poisson", {"rate_hz": 3.0}, update="events")

    with pytest.raises(ConfigError, match='kind poisson cannot be updated by "events"'):
        Simulator(Network((), (cells,)))
