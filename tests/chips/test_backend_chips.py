"""Backends of chips in the loop: what they take, what they say, and that a robot arrives."""

import logging
import threading
import time
from itertools import pairwise

import numpy as np
import pytest

from neuroloop import Simulator
from neuroloop.config import runfile
from neuroloop.core.errors import ConfigError
from neuroloop.core.message import R_PROGRAM
from neuroloop.network import Input, Network, Population, Projection, dense, one_to_one
from neuroloop.runtime.episode import End
from neuroloop.runtime.session import played

LOIHI = ["loihi1", "loihi1-nengo", "loihi2"]
WHOLE = {"du": 4095, "dv": 0, "vth": 10}


def chain(*kinds, delay_ms=1.0, **params):
    names = ["in", *(f"p{k}" for k in range(len(kinds)))]
    cells = tuple(
        Population(name, 4, kind, params.get(name, {}))
        for name, kind in zip(names[1:], kinds, strict=True)
    )
    links = tuple(
        Projection(s, t, one_to_one(4, 5.0), delay_ms=delay_ms) for s, t in pairwise(names)
    )
    return Network((Input("in", 4),), cells, links)


@pytest.mark.parametrize("backend", LOIHI)
def test_navigate_reaches_its_goal(backend):
    run = runfile.load("navigate", [f"engine.kind={backend}"])

    with played(run) as session:
        assert session.loop.episode.end is End.GOAL
        assert session.loop.episode.contacts == 0
        program = session.loop.program
        assert program.arena["hidden.v"].dtype == np.int32
        assert program.arena["chip.bias.counted"][3] > 1000
        # the decoder's windows of five ticks began with those of the network, three ticks late
        ticks = session.loop.next_index
        assert program.arena["decoder.wheels.ticks"][0] == (ticks - 3) % 5


def test_the_simulator_says_who_is_late_and_what_is_different():
    network = chain("lif", "lif", delay_ms=0.0, p0={"tau_m_ms": 50_000.0})
    simulator = Simulator(network, backend="loihi1")

    assert simulator.late == {"in": 0, "p0": 1, "p1": 2}
    assert [note.split(":")[0] for note in simulator.notes] == ['population "p0"']


def test_a_run_logs_what_is_different(tmp_path, caplog):
    (tmp_path / "nets.py").write_text(
        "from neuroloop.network import *\n"
        "def build():\n"
        "    slow = Population('motor', 3, params={'tau_m_ms': 50_000_000.0})\n"
        "    links = Projection('sectors', 'motor', one_to_one(3)),"
        " Projection('heading', 'motor', one_to_one(3))\n"
        "    return Network((Input('sectors', 12), Input('heading', 4)), (slow,), links)\n"
    )
    changes = [f"engine.network={tmp_path}/nets.py:build", "engine.kind=loihi1", "run.seconds=0.1"]
    with (
        caplog.at_level(logging.WARNING, "neuroloop.network"),
        played(runfile.load("navigate_by_hand", changes)),
    ):
        pass

    assert len(caplog.messages) == 1
    assert 'nets.py:build: population "motor": a tick should take 2e-08' in caplog.messages[0]


@pytest.mark.parametrize("backend", [*LOIHI, "dynapcnn"])
def test_whole_numbers_run_as_they_are_given_on_their_own_backend_alone(backend):
    whole = chain("loihi1.cuba", p0=WHOLE)
    whole = Network(
        whole.inputs,
        whole.populations,
        (Projection("in", "p0", one_to_one(4, 5.0), delay_ms=1.0, kind="loihi1.synapses"),),
    )
    if backend == "dynapcnn":
        with pytest.raises(
            ConfigError, match=r'"p0": kind loihi1.cuba is not of this chip.*"float"'
        ):
            Simulator(whole, backend=backend)
        return
    simulator = Simulator(whole, backend=backend, watch=["p0"])
    spikes = [len(simulator.step({"in": [1]})["p0"]) for _ in range(8)]

    assert simulator.late == {}
    # 5, 10 and 15, which is the first above 10, a tick later each
    assert spikes == [0, 0, 0, 1, 0, 0, 1, 0]


def test_a_network_is_in_whole_numbers_or_not():
    with pytest.raises(
        ConfigError, match=r'"p1" \(loihi1.cuba\) is in whole numbers and "p0" \(lif'
    ):
        Simulator(chain("lif", "loihi1.cuba", p1=WHOLE), backend="loihi1")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("xylo.synapses", r'in-p0: kind xylo.synapses is not of this chip.*"xylo" or "float"'),
        ("static", "in-p0: kind static is not of this chip; kinds of loihi1 are$"),
    ],
)
def test_synapses_of_whole_numbers_are_those_of_the_chip(kind, words):
    link = Projection("in", "p0", one_to_one(4, 5.0), kind=kind)
    whole = Network((Input("in", 4),), (Population("p0", 4, "loihi1.cuba", WHOLE),), (link,))
    with pytest.raises(ConfigError, match=words):
        Simulator(whole, backend="loihi1")


def test_kinds_of_one_s_own_have_no_form_on_a_chip(tmp_path):
    with pytest.raises(ConfigError, match=r'"p0": kind \./mine.py has no form on a chip'):
        Simulator(chain("./mine.py"), backend="loihi1", folder=tmp_path)


def test_weight_bits_are_a_setting_of_the_engine():
    changes = ["engine.kind=loihi1", "engine.weight_bits=5", "run.seconds=0.2"]
    with played(runfile.load("navigate", changes)) as session:
        fields = session.loop.program.arena.fields
        (weight,) = [
            session.loop.program.arena[name]
            for name in fields
            if name.startswith("relay-motor.") and name.endswith((".weight", ".matrix"))
        ]
        kept = np.unique(weight[weight != 0])
        assert 1 < len(kept) <= 32
    with pytest.raises(ConfigError, match="weight_bits"):
        runfile.load("navigate", ["engine.kind=loihi1", "engine.weight_bits=9"])


@pytest.mark.real_time
def test_a_running_robot_changes_to_a_chip_and_back():
    run = runfile.load("navigate", ["clock.kind=wall", "run.seconds=1.0"])
    numbers, said = [], []

    class Programs:
        def take(self, record, outcome):
            numbers.append(int(record.view(np.int64)[R_PROGRAM]))

    def companions(loop):
        def later():
            for tick, backend in ((8, "loihi1"), (20, "float")):
                while loop.live.tick is None or loop.live.tick.index < tick:
                    time.sleep(0.01)
                said.append(loop.live.swap(run.wiring.network, backend))

        threading.Thread(target=later, daemon=True).start()
        return []

    with played(run, lambda _: [Programs()], companions):
        assert len(said) == 2
    assert sorted(set(numbers)) == [0, 1, 2]
    assert all("begin anew" in text and "hidden" in text for text in said)


def test_a_dense_net_of_several_layers_keeps_its_counts():
    rng = np.random.default_rng(0)
    sizes = [20, 40, 30, 10]
    names = ["in", "a", "b", "c"]
    cells = tuple(
        Population(name, n, "lif", {"refractory_ms": 2.0}, {"bias": rng.uniform(0, 0.5, n)})
        for name, n in zip(names[1:], sizes[1:], strict=True)
    )
    links = tuple(
        Projection(s, t, dense(rng.normal(0.05, 0.3, (m, n))))
        for s, t, n, m in zip(names[:-1], names[1:], sizes[:-1], sizes[1:], strict=True)
    )
    network = Network((Input("in", 20),), cells, links)
    counts = {}
    for backend in ["float", *LOIHI]:
        simulator = Simulator(network, backend=backend, watch=names[1:])
        drive = np.random.default_rng(1)
        counts[backend] = np.zeros(3)
        for _ in range(400):
            fired = simulator.step({"in": np.flatnonzero(drive.random(20) < 0.2)})
            counts[backend] += [len(fired[name]) for name in names[1:]]
    for backend in LOIHI:
        np.testing.assert_allclose(counts[backend], counts["float"], rtol=0.03)
        assert counts["float"].min() > 300
