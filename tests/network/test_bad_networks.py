"""Networks that cannot be are refused in words: where, what was wrong, what would be right."""

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError
from neuroloop.network import (
    Convolution,
    Input,
    Network,
    Population,
    Projection,
    all_to_all,
    load,
    one_to_one,
    save,
)
from neuroloop.runtime.simulate import Simulator, simulate


def _network(cell=None, link=None, n=2, signal="spikes"):
    """Return a network of one input and one population with some of its words replaced."""
    return Network(
        (Input("in", n, signal),),
        (Population(**{"name": "cell", "n": n, **(cell or {})}),),
        (
            Projection(
                **{"source": "in", "target": "cell", "connections": one_to_one(n), **(link or {})}
            ),
        ),
    )


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("tau_m", '"tau_m_ms", in milliseconds'),
        ("tau_m_s", '"tau_m_ms", in milliseconds'),
        ("tau_m_us", '"tau_m_ms", in milliseconds'),
        ("Tau_m_ms", '"tau_m_ms", in milliseconds'),
        ("refractory", '"refractory_ms", in milliseconds'),
        ("refractory_s", '"refractory_ms", in milliseconds'),
        ("v_thresh", '"v_threshold"'),
        ("threshold", '"v_threshold"'),
    ],
)
def test_mistaken_unit_is_answered_with_the_right_one(name, right):
    with pytest.raises(ConfigError, match=f'population "cell" .lif.: no parameter "{name}"') as e:
        Simulator(_network({"params": {name: 1.0}}))
    assert f"did you mean {right}" in str(e.value)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ({"kind": "lfi"}, 'population "cell": no neuron kind "lfi" .did you mean "lif"'),
        ({"kind": ""}, "no neuron kind"),
        ({"kind": 7}, "kind is 7; a text is wanted"),
        ({"params": [1.0]}, "params is .1.0.; names and values are wanted"),
        ({"params": {"tau_m_ms": np.float32("nan")}}, "tau_m_ms is nan; a finite number"),
        ({"params": {"tau_m_ms": -np.inf}}, "tau_m_ms is -inf; a finite number"),
        ({"params": {"tau_m_ms": 10**400}}, '"cell" .lif.: '),
        ({"params": {"tau_m_ms": -1.0}}, '"cell" .lif.: .*> 0'),
        ({"params": {"tau_m_ms": None}}, '"cell" .lif.: `tau_m_ms`: expected `float`'),
        ({"params": {"tau_m_ms": [1.0]}}, '"cell" .lif.: `tau_m_ms`: expected `float`'),
        ({"params": {"reset": "harder"}}, '"cell" .lif.: .*harder'),
        ({"params": {3: 1.0}}, 'no parameter "3"'),
        ({"arrays": {"V": [0.0, 0.0]}}, 'kind lif has no array "V"'),
        ({"arrays": {"v": 0.5}}, r"v has shape \(\), not \(2,\)"),
        ({"arrays": {"v": [[0.0, 0.0]]}}, r"v has shape \(1, 2\), not \(2,\)"),
        ({"arrays": {"v": [0.0, np.inf]}}, "v holds a number that is not finite"),
        ({"arrays": {"v": [0.0, [1.0]]}}, "v does not fit float32"),
        ({"arrays": [0.0]}, "arrays is .0.0.; names and values are wanted"),
        ({"update": "sometimes"}, "update is .sometimes. .known: auto, events, full"),
        ({"update": None}, "update is None"),
    ],
)
def test_impossible_populations_are_refused_in_words(cell, words):
    with pytest.raises(ConfigError, match=words):
        Simulator(_network(cell))


def test_update_that_a_kind_cannot_do_is_refused():
    lazy = Population("cell", 2, "poisson", update="events")

    with pytest.raises(ConfigError, match='kind poisson cannot be updated by "events"'):
        Simulator(Network(populations=(lazy,)))


@pytest.mark.parametrize("n", [0, -1, 2.0, "2", None, 2**31, 10**15, np.nan])
@pytest.mark.parametrize("part", [Input, Population])
def test_absurd_sizes_are_refused(part, n):
    parts = {"inputs" if part is Input else "populations": (part("a", n),)}

    with pytest.raises(ConfigError, match=r'"a" has .* units'):
        Network(**parts)


@pytest.mark.parametrize("name", ["", None, 3, ["a"]])
def test_a_name_is_a_text(name):
    with pytest.raises(ConfigError, match="no name"):
        Network(populations=(Population(name, 1),))


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ({"kind": "sttic"}, 'in-cell: no synapse kind "sttic" .did you mean "static"'),
        ({"kind": 7}, "in-cell: kind is 7; a text is wanted"),
        ({"receptor": "exc"}, 'in-cell-exc: "cell" .lif. has no receptor "exc"'),
        ({"receptor": 1}, "receptor is 1; a text is wanted"),
        ({"layout": "csrr"}, 'in-cell: no layout "csrr" .did you mean "csr"'),
        ({"layout": None}, "layout is None; a text is wanted"),
        ({"params": {"tau": 1.0}}, 'in-cell .static.: no parameter "tau"'),
        ({"params": "tau"}, "params is 'tau'; names and values are wanted"),
        ({"source": "inn"}, 'no population "inn" .did you mean "in"'),
        ({"source": None}, 'no population "None"'),
        ({"target": "in"}, '"in" is an input'),
        ({"connections": np.eye(2)}, r"connections are a ndarray; dense\(\) takes a matrix"),
        ({"connections": None}, "connections are a NoneType"),
        ({"connections": one_to_one(3)}, 'neuron 2 of "in", which has 2'),
        ({"connections": all_to_all(2, 3)}, 'neuron 2 of "cell", which has 2'),
        ({"delay_ms": "soon"}, "in-cell: a delay is not a number"),
        ({"delay_ms": [1.0, None]}, "a delay is negative or not a number"),
        ({"delay_ms": [[1.0, 1.0]]}, r"\(1, 2\) delays for 2 synapses"),
        ({"delay_ms": [1.0]}, r"\(1,\) delays for 2 synapses"),
        ({"delay_ms": -0.001}, "a delay is negative"),
        ({"delay_ms": [1.0, np.nan]}, "a delay is negative or not a number"),
        ({"delay_ms": 1.5}, "a delay of 1.5 ms is not a whole number of ticks of 1 ms"),
        ({"delay_ms": [1.0, 2.25]}, "a delay of 2.25 ms is not a whole number of ticks"),
        ({"delay_ms": 65_536.0}, "a delay of 65536 ms is longer than 65,535 ticks of 1 ms"),
        ({"delay_ms": 1e300}, "is longer than 65,535 ticks"),
        ({"delay_ms": [1.0, 1e9]}, r"a delay of 1e\+09 ms is longer"),
        (
            {"connections": Convolution((1, 1, 2), np.ones((1, 1, 1, 2)))},
            'its Convolution is between 2 and 1 units, but "cell" has 2',
        ),
    ],
)
def test_impossible_projections_are_refused_in_words(link, words):
    with pytest.raises(ConfigError, match=words):
        Simulator(_network(link=link))


@pytest.mark.parametrize(
    ("signal", "kind", "words"),
    [
        ("values", "", '"in" gives values, and kind static carries spikes .kind "value"'),
        ("spikes", "value", '"in" gives spikes, and kind value carries values'),
        ("light", "", "signal is .light. .known: spikes, values"),
    ],
)
def test_spikes_are_no_values(signal, kind, words):
    with pytest.raises(ConfigError, match=words):
        Simulator(_network(link={"kind": kind}, signal=signal))


@pytest.mark.parametrize(
    "change",
    [
        {"n": -5},
        {"n": "all"},
        {"n": 1e9},
        {"n": 2**60},
        {"name": None},
        {"params": {"tau_m_ms": "fast"}},
        {"params": {"tau_m_ms": {"a": 1}}},
        {"params": None},
        {"update": 1},
        {"kind": "file"},
    ],
)
def test_nothing_of_a_file_ends_in_a_traceback(change, tmp_path):
    import json

    save(_network(), tmp_path / "net.npz")
    arrays = dict(np.load(tmp_path / "net.npz"))
    description = json.loads(arrays["description"].tobytes())
    description["populations"][0].update(change)
    arrays["description"] = np.frombuffer(json.dumps(description).encode(), np.uint8)
    np.savez(tmp_path / "bad.npz", **arrays)

    with pytest.raises(ConfigError):
        Simulator(load(tmp_path / "bad.npz"))


def test_the_kind_follows_from_the_connections():
    form = Convolution((1, 4, 4), np.ones((1, 1, 3, 3)), padding="same")
    network = _network({"kind": "current_lif"}, {"connections": form}, n=16)

    assert [j.kind for j in network.projections] == ["convolution"]
    assert _network().projections[0].kind == "static"
    assert simulate(network, ticks=3, inputs={"in": ([0.0], [5])}).synaptic_operations == 9
