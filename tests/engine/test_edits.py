"""Parameters of a running network change between ticks, through the record."""

import numpy as np
import pytest

from neuroloop import Input, Network, Population, Projection, Simulator
from neuroloop.core.errors import ConfigError
from neuroloop.core.message import RECORD_BYTES
from neuroloop.core.native import address_of
from neuroloop.network import one_to_one
from neuroloop.runtime.tick import step


def _cells(kind="lif", arrays=None, n=4, **params):
    link = Projection("in", "cells", one_to_one(n, 0.9), 2.0)
    cells = Population("cells", n, kind, params, arrays or {})
    network = Network((Input("in", n),), (cells, Population("noise", n, "poisson")), (link,))
    return Simulator(network, watch=["cells", "noise"])


def _drive(simulator, ticks):
    left = []
    for _ in range(ticks):
        fired = simulator.step({"in": [simulator.index % 4]})
        left.append({name: units.tolist() for name, units in fired.items()})
    return left


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("lif", {"tau_m_ms": 7.0, "refractory_ms": 3.0, "reset": "subtract"}),
        ("lif_exp", {"tau_exc_ms": 2.0, "bias_pa": 500.0}),
        ("current_lif", {"voltage_decay": 0.25, "bias": 0.125}),
    ],
)
def test_it_is_as_if_the_network_had_been_built_so(kind, given):
    changed, built = _cells(kind), _cells(kind, **given)

    changed.edit_parameters("cells", **given)

    assert _drive(changed, 60) == _drive(built, 60)
    for name in ("cells.params", "cells.bias"):
        assert changed.arena[name].tobytes() == built.arena[name].tobytes()


def test_it_acts_from_the_next_tick_and_leaves_what_is_dynamic():
    simulator = _cells(v_rest=0.0)
    simulator.edit("cells.v", 0.5)
    simulator.step()
    before = simulator.arena["cells.v"].copy()

    simulator.edit_parameters("cells", tau_m_ms=5.0, v_rest=0.25)

    assert (simulator.arena["cells.v"] == before).all()
    simulator.step()
    wanted = 0.25 + (before - 0.25) * np.exp(-1 / 5)
    np.testing.assert_allclose(simulator.arena["cells.v"], wanted, rtol=1e-6)


def test_changes_add_up():
    simulator, built = _cells(), _cells(tau_m_ms=9.0, v_threshold=0.8)
    simulator.edit_parameters("cells", tau_m_ms=9.0)
    simulator.step()
    simulator.edit_parameters("cells", v_threshold=0.8)
    simulator.step()

    assert simulator.arena["cells.params"].tolist() == built.arena["cells.params"].tolist()


def test_a_restore_takes_the_parameters_back():
    simulator = _cells()
    before = simulator.snapshot()
    simulator.edit_parameters("cells", tau_m_ms=9.0)
    simulator.step()
    simulator.restore(before)
    simulator.edit_parameters("cells", v_threshold=0.8)
    simulator.step()

    wanted = _cells(v_threshold=0.8).arena["cells.params"]
    assert simulator.arena["cells.params"].tolist() == wanted.tolist()


def test_random_numbers_go_on_where_a_rate_changes():
    one, other = _cells(), _cells()
    for simulator in (one, other):
        _drive(simulator, 10)
    other.edit_parameters("noise", rate_hz=400.0)
    for simulator in (one, other):
        _drive(simulator, 10)

    assert (other.arena["noise.rate_hz"] == 400).all()
    assert one.arena["noise.random"].tolist() == other.arena["noise.random"].tolist()


@pytest.mark.parametrize(
    ("population", "given", "words"),
    [
        ("cell", {"tau_m_ms": 1.0}, r'no population "cell" \(did you mean "cells"'),
        ("cells", {"tau_m": 1.0}, r'did you mean "tau_m_ms"'),
        ("cells", {"tau_m_ms": 0.0}, r"tau_m_ms.*expected `float` > 0.*not 0"),
        ("cells", {"tau_m_ms": np.nan}, r"tau_m_ms is nan"),
        ("cells", {"reset": "soft"}, r"reset.*'soft'"),
        ("cells", {"tau_m_ms": "long"}, r"tau_m_ms.*expected `float`, got `str`"),
    ],
)
def test_impossible_parameter_is_refused_and_changes_nothing(population, given, words):
    simulator = _cells()

    with pytest.raises(ConfigError, match=words):
        simulator.edit_parameters(population, **given)

    before = simulator.arena["cells.params"].copy()
    simulator.step()
    assert (simulator.arena["cells.params"] == before).all()


def test_parameter_that_only_says_how_neurons_start_is_refused():
    simulator = _cells(arrays={"bias": [0.0, 0.1, 0.2, 0.3]})

    with pytest.raises(ConfigError, match=r"bias would change nothing: .*edit that array"):
        simulator.edit_parameters("cells", bias=1.0)


_COUNTED = """
import numpy as np
from msgspec import Struct
from neuroloop.core.kernel import entry
from neuroloop.core.ports import Cell, Kernel
RECEPTORS = ("input",)
class Config(Struct):
    size: int = 4
@entry
def step(arena, row):
    pass
def build(config, cell):
    return Kernel(step, counts=(config.size,))
"""


def test_parameter_that_takes_other_memory_or_code_is_refused(tmp_path):
    (tmp_path / "counted.py").write_text(_COUNTED)
    network = Network(populations=(Population("cells", 3, "./counted.py"),))
    simulator = Simulator(network, folder=tmp_path)

    with pytest.raises(ConfigError, match=r'"cells": size would change more than numbers'):
        simulator.edit_parameters("cells", size=8)


def test_numpy_numbers_will_do():
    simulator = _cells(tau_m_ms=np.float64(8.0))
    simulator.edit_parameters("cells", tau_m_ms=np.float32(9.5))
    simulator.restore(simulator.snapshot())
    simulator.step()

    wanted = _cells(tau_m_ms=9.5).arena["cells.params"]
    assert simulator.arena["cells.params"].tolist() == wanted.tolist()


def test_both_edits_of_a_change_enter_or_none_does():
    simulator = _cells()
    with pytest.raises(ConfigError, match="too much waits"):
        _until_full(simulator)
    simulator.step()
    bias = simulator.arena["cells.bias"][0]
    whole = _cells(tau_m_ms=20 * bias, bias=bias)

    assert simulator.arena["cells.params"].tolist() == whole.arena["cells.params"].tolist()


def _until_full(simulator):
    for k in range(10_000):
        bias = (k % 7 + 1) / 8
        simulator.edit_parameters("cells", tau_m_ms=20 * bias, bias=bias)


def test_edit_of_a_fixed_weight_enters():
    simulator = _cells()
    name = next(
        n for n in ("in-cells.0.weight", "in-cells.0.params") if n in simulator.arena.fields
    )
    simulator.edit(name, 5.0)
    simulator.step()

    assert (simulator.arena[name] == 5).all()


def test_edit_larger_than_the_ring_is_refused_with_its_size():
    n = (1 << 22) + 64
    simulator = Simulator(Network(populations=(Population("big", n, "poisson"),)))

    with pytest.raises(ConfigError, match=r"big\.rate_hz: it has 16,777,472 bytes.* 16,777,216 at"):
        simulator.edit("big.rate_hz", 0.0)


def test_a_tick_may_take_many_small_edits():
    simulator = _cells()
    for k in range(200):
        simulator.edit("cells.bias", k / 8)
    simulator.step()

    assert (simulator.arena["cells.bias"] == 199 / 8).all()


def test_kept_records_replay_the_edits_to_the_bit():
    simulator, replayed = _cells(), _cells()
    records, outcomes = [], []
    for k in range(60):
        if k == 20:
            simulator.edit_parameters("cells", tau_m_ms=5.0, bias=0.4)
        if k == 40:
            simulator.edit("cells.silent", [1, 0, 0, 0])
        simulator.step({"in": [k % 4]})
        records.append(simulator.record.copy())
        outcomes.append(simulator.outcome[RECORD_BYTES:].tobytes())

    program = replayed._loop.program
    outcome = program.outcome_buffer()
    again = []
    for record in records:
        step(program.address, address_of(record), address_of(outcome))
        again.append(outcome[RECORD_BYTES:].tobytes())

    assert again == outcomes
    assert program.arena.memory.tobytes() == simulator.arena.memory.tobytes()
