"""Networks as data: connectors, what is refused and in which words, and files."""

import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroloop.core.errors import ConfigError, MachineError
from neuroloop.network import (
    Connections,
    Input,
    Network,
    Population,
    Projection,
    dense,
    fixed_probability,
    fixed_total,
    load,
    one_to_one,
    pairs,
    save,
)
from neuroloop.runtime.simulate import Simulator, simulate


def _matrix(connections, post, pre):
    matrix = np.zeros((post, pre), np.float32)
    np.add.at(matrix, (connections.post, connections.pre), connections.weight)
    return matrix


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**31))
def test_dense_matrix_comes_back_and_pairs_sort(post, pre, seed):
    rng = np.random.default_rng(seed)
    weight = (rng.normal(size=(post, pre)) * (rng.random((post, pre)) < 0.5)).astype(np.float32)

    connections = dense(weight)

    assert np.array_equal(_matrix(connections, post, pre), weight)
    order = rng.permutation(len(connections))
    again = pairs(*(getattr(connections, n)[order] for n in ("pre", "post", "weight")))
    assert again.pre.tolist() == connections.pre.tolist()
    assert again.post.tolist() == connections.post.tolist()
    assert again.weight.tolist() == connections.weight.tolist()


I64, U32, F32 = np.int64, np.uint32, np.float32


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: pairs([0, 1], [0], 1.0), "pre has shape"),
        (lambda: pairs([0, -1], [0, 0], 1.0), "pre names neuron -1"),
        (lambda: pairs([0.5], [0], 1.0), "pre is not a list of whole numbers"),
        (lambda: pairs([0], [2**32], 1.0), "post names neuron 4294967296"),
        (lambda: pairs([0], [0], np.nan), "not a finite number"),
        (lambda: pairs([0], [0], 1e300), "not a finite number"),
        (lambda: pairs([0, 1], [0, 0], [1.0]), "weights for 2 synapses"),
        (lambda: dense([[1.0, np.nan]]), "not a finite number"),
        (lambda: dense([1.0]), "a matrix"),
        (lambda: fixed_probability(2, 2, 1.5, 1.0, 0), "not within 0...1"),
        (
            lambda: Connections(I64([0, 2]), U32([1, 0]), F32([1, 1])),
            r"not sorted .*; pairs\(\) sorts",
        ),
        (lambda: Connections(I64([0, 1]), U32([0]), np.ones(1)), "weight is not a float32 array"),
        (lambda: Connections(I64([0, 2]), U32([0, 1]), F32([1])), "lengths 2 and 1"),
        (
            lambda: Connections(I64([0, 1]), U32([0, 1]), F32([1, 1])),
            "start does not run from 0 to 2",
        ),
        (lambda: Connections(I64([0, 2, 1, 2]), U32([0, 1]), F32([1, 1])), "start goes down"),
    ],
)
def test_impossible_synapses_are_refused_in_words(make, words):
    with pytest.raises(ConfigError, match=words):
        make()


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (lambda: Network((Input("a", 1), Input("a", 2))), 'two parts .* called "a"'),
        (lambda: Network((Input("a", 0),)), '"a" has 0 units'),
        (lambda: Network((Input("a", 2.5),)), '"a" has 2.5 units'),
        (lambda: Network((Input("", 1),)), "no name"),
        (
            lambda: Network((Input("lidar", 1),), (), (Projection("lidr", "x", one_to_one(1)),)),
            'no population "lidr" .did you mean "lidar"',
        ),
        (
            lambda: Network(
                (Input("a", 1), Input("b", 1)), (), (Projection("a", "b", one_to_one(1)),)
            ),
            '"b" is an input',
        ),
        (
            lambda: Network(
                (Input("a", 1),), (Population("b", 2),), (Projection("a", "b", one_to_one(2)),)
            ),
            'neuron 1 of "a", which has 1',
        ),
    ],
)
def test_parts_that_do_not_fit_are_refused_in_words(parts, words):
    with pytest.raises(ConfigError, match=words):
        parts()


def _simulator(kind="lif", params=None, arrays=None, receptor="", synapse="static"):
    cell = Population("cell", 2, kind, params or {}, arrays or {})
    link = Projection("in", "cell", one_to_one(2), receptor=receptor, kind=synapse)
    return Simulator(Network((Input("in", 2),), (cell,), (link,)))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kind": "liff"}, 'population "cell": no neuron kind "liff" .did you mean "lif"'),
        ({"synapse": "statik"}, 'projection in-cell: no synapse kind "statik" .*"static"'),
        ({"params": {"tau_ms": 1.0}}, '"cell" .lif.: .*tau_ms.*did you mean "tau_m_ms"'),
        ({"params": {"tau_m_ms": 0.0}}, '"cell" .lif.: .*> 0'),
        ({"params": {"tau_m_ms": "fast"}}, '"cell" .lif.: `tau_m_ms`: expected `float`'),
        ({"params": {"v_threshold": np.nan}}, "v_threshold is nan; a finite number"),
        ({"params": {"bias": float("inf")}}, "bias is inf"),
        ({"arrays": {"vv": [0, 0]}}, 'kind lif has no array "vv" .did you mean "v"'),
        ({"arrays": {"v": [0, 0, 0]}}, r"v has shape \(3,\), not \(2,\)"),
        ({"arrays": {"v": [0, np.nan]}}, "v holds a number that is not finite"),
        ({"arrays": {"v": ["a", "b"]}}, "v does not fit float32"),
        ({"receptor": "exc"}, 'projection in-cell-exc: "cell" .lif. has no receptor "exc"'),
        (
            {"kind": "lif_exp", "receptor": "ex"},
            'has no receptor "ex" .did you mean "exc"\\? known: exc, inh',
        ),
        ({"kind": "poisson"}, 'in-cell: "cell" is of kind poisson, which takes no input'),
        ({"kind": "./none.py"}, "no file none.py"),
    ],
)
def test_impossible_settings_are_refused_in_words(options, words):
    with pytest.raises(ConfigError, match=words):
        _simulator(**options)


def test_numpy_numbers_are_good_parameters():
    assert _simulator(params={"tau_m_ms": np.float32(10.0), "v_threshold": np.int64(2)}).index == 0


@pytest.mark.parametrize(
    "network",
    [
        Network(),
        Network(inputs=(Input("in", 3),)),
        Network(populations=(Population("cell", 1),)),
        Network(
            (Input("in", 2),),
            (Population("cell", 3),),
            (Projection("in", "cell", pairs([], [], [])),),
        ),
        Network(
            (Input("in", 2),),
            (Population("cell", 3),),
            (Projection("in", "cell", dense(np.zeros((3, 2))), delay_ms=np.empty(0)),),
        ),
    ],
)
def test_empty_networks_run(network):
    inputs = {i.name: ([1.0], [0]) for i in network.inputs}

    result = simulate(network, ticks=5, inputs=inputs, watch=[p.name for p in network.spiking])

    assert result.ticks == 5
    assert result.total_spikes == 0


def _network():
    return Network(
        (Input("in", 4), Input("level", 3, "values")),
        (
            Population(
                "one", 3, "lif_exp", {"tau_m_ms": 12.5}, {"v": [-60.0, -55.0, -51.0]}, "full"
            ),
            Population("zwei ü", 4, "lif", {"reset": "subtract", "bias": np.float32(0.25)}),
        ),
        (
            Projection("in", "one", dense(np.arange(12.0).reshape(3, 4)), np.arange(11.0), "inh"),
            Projection("one", "zwei ü", fixed_probability(3, 4, 0.5, 0.1, 1), 2.0, layout="csr"),
            Projection("level", "one", one_to_one(3, 0.5), 1.0, "exc", "value"),
            Projection("zwei ü", "zwei ü", pairs([], [], []), 1.0),
        ),
    )


def test_file_brings_the_network_back(tmp_path):
    save(_network(), tmp_path / "net.npz")

    one, other = load(tmp_path / "net.npz"), _network()

    assert one.inputs == other.inputs
    for a, b in zip(one.populations, other.populations, strict=True):
        assert (a.name, a.n, a.kind, a.update) == (b.name, b.n, b.kind, b.update)
        assert dict(a.params) == dict(b.params)
        assert {k: list(v) for k, v in a.arrays.items()} == {
            k: list(v) for k, v in b.arrays.items()
        }
    for a, b in zip(one.projections, other.projections, strict=True):
        assert (a.name, a.receptor, a.kind, a.layout) == (b.name, b.receptor, b.kind, b.layout)
        assert dict(a.params) == dict(b.params)
        assert a.connections.constant == b.connections.constant
        assert np.array_equal(a.delay_ms, b.delay_ms)
        for name in ("pre", "post", "weight"):
            got, wanted = (getattr(x.connections, name) for x in (a, b))
            assert got.dtype == wanted.dtype
            assert np.array_equal(got, wanted)
    first, second = Simulator(one), Simulator(other)
    assert first.arena.memory.tobytes() == second.arena.memory.tobytes()


def test_one_weight_for_all_stays_one_number_in_the_file(tmp_path):
    network = Network(
        populations=(Population("cell", 50),),
        projections=(Projection("cell", "cell", fixed_total(50, 50, 900, 0.5, 1), 1.0),),
    )
    save(network, tmp_path / "net.npz")

    assert np.load(tmp_path / "net.npz")["projection.0.weight"].shape == ()
    assert load(tmp_path / "net.npz").projections[0].connections.constant


def test_settings_of_synapses_are_kept(tmp_path):
    link = Projection("a", "a", one_to_one(2), 1.0, "", "stdp", {"rate": np.float32(0.5), "x": "y"})
    save(Network(populations=(Population("a", 2),), projections=(link,)), tmp_path / "net.npz")

    assert load(tmp_path / "net.npz").projections[0].params == {"rate": 0.5, "x": "y"}


def test_what_is_no_setting_is_not_saved(tmp_path):
    for cell, link in (({"bias": [object()]}, {}), ({}, {"rate": object()})):
        network = Network(
            populations=(Population("a", 2, params=cell),),
            projections=(Projection("a", "a", one_to_one(2), 1.0, params=link),),
        )
        with pytest.raises(ConfigError, match="is no parameter"):
            save(network, tmp_path / "net.npz")


def _format_1(path, **changed):
    """Write a network as files were before the second format."""
    description = {
        "format": 1,
        "inputs": [{"name": "in", "n": 4}],
        "populations": [{"name": "one", "n": 3, "kind": "lif", "params": {"bias": 0.5}}],
        "projections": [{"source": "in", "target": "one", "receptor": "", "kind": "static"}],
    }
    arrays = {
        "population.0.v": np.arange(3.0),
        "projection.0.pre": np.array([2, 0, 0], np.uint32),
        "projection.0.post": np.array([1, 2, 0], np.uint32),
        "projection.0.weight": np.array([0.5, 0.25, 0.125], np.float32),
        "projection.0.delay_ms": np.asarray(2.0),
        "description": np.frombuffer(json.dumps(description).encode(), np.uint8),
    }
    np.savez(path, **arrays | changed)
    return path


def test_files_of_the_first_format_are_read(tmp_path):
    network = load(_format_1(tmp_path / "net.npz"))

    link = network.projections[0]
    assert network.inputs == (Input("in", 4),)
    assert (link.kind, link.layout, float(link.delay_ms)) == ("static", "auto", 2.0)
    assert link.connections.pre.tolist() == [0, 0, 2]
    assert link.connections.post.tolist() == [0, 2, 1]
    assert link.connections.weight.tolist() == [0.125, 0.25, 0.5]
    assert list(network.populations[0].arrays["v"]) == [0, 1, 2]


def test_source_that_would_need_much_memory_is_refused_first(tmp_path):
    pre = np.array([2, 0, 2**32 - 1], np.uint32)

    with pytest.raises(ConfigError, match="neuron 4294967295; a file holds"):
        load(_format_1(tmp_path / "net.npz", **{"projection.0.pre": pre}))


def test_saving_leaves_nothing_beside_the_file(tmp_path):
    save(_network(), tmp_path / "net.npz")
    save(_network(), tmp_path / "net.npz")

    assert [p.name for p in tmp_path.iterdir()] == ["net.npz"]


def test_place_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(MachineError, match="cannot write"):
        save(_network(), tmp_path / "none" / "net.npz")


def test_arrays_of_objects_are_not_saved(tmp_path):
    network = Network(populations=(Population("cell", 1, arrays={"v": np.array([None])}),))

    with pytest.raises(ConfigError, match="v is not an array of numbers"):
        save(network, tmp_path / "net.npz")


class Bomb:
    """Runs code when it is unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("the file was unpickled",))


def _break(what):
    def change(description, arrays):
        part, k, key, value = what
        if part == "arrays":
            arrays[k][key] = value
        else:
            description[part][k][key] = value

    return change


def _longer(description, arrays):
    start = arrays["projection.0.start"]
    arrays["projection.0.start"] = np.append(start, start[-1])


FOREIGN = {
    "another format": (
        lambda d, a: d.update(format=99),
        "format 99; this version reads format 1 and 2; a newer one",
    ),
    "a format that is none": (
        lambda d, a: d.update(format="new"),
        "format new; this version reads format 1 and 2$",
    ),
    "a description of something else": (
        lambda d, a: (d.clear(), d.update(format=2)),
        "not a network file, or a damaged one",
    ),
    "an unknown population": (
        _break(("projections", 0, "target", "none")),
        'no population "none"',
    ),
    "an unknown form": (
        _break(("projections", 0, "connections", {"form": "synapse"})),
        'form .synapse. .did you mean "synapses"',
    ),
    "a signal that is none": (
        _break(("inputs", 0, "signal", "light")),
        '"in": signal is .light. .*known: spikes, values',
    ),
    "an update that is none": (
        _break(("populations", 0, "update", "never")),
        "update is .never. .*known: auto, events, full",
    ),
    "settings that are none": (
        _break(("projections", 0, "params", [1])),
        "params is .1.; names and values are wanted",
    ),
    "a layout from elsewhere": (
        _break(("projections", 0, "layout", "./layout.py")),
        "layout ..+layout.py.: in a network file",
    ),
    "an index out of range": (
        _break(("arrays", "projection.0.post", -1, 77)),
        "neuron 77",
    ),
    "a weight that is no number": (
        _break(("arrays", "projection.0.weight", 3, np.nan)),
        "not a finite number",
    ),
    "rows that do not fit": (
        _break(("arrays", "projection.0.start", 2, 99)),
        "start goes down",
    ),
    "more rows than sources": (_longer, 'neuron 4 of "in", which has 4'),
    "too few delays": (
        lambda d, a: a.update({"projection.0.delay_ms": np.zeros(2)}),
        "delays for 11 synapses",
    ),
    "an array too few": (
        lambda d, a: a.pop("projection.1.start"),
        "not a network file, or a damaged one",
    ),
}


def _foreign(name, path):
    good = path.with_name("good.npz")
    save(_network(), good)
    arrays = dict(np.load(good))
    description = json.loads(arrays["description"].tobytes())
    FOREIGN[name][0](description, arrays)
    arrays["description"] = np.frombuffer(json.dumps(description).encode(), np.uint8)
    np.savez(path, **arrays)


@pytest.mark.parametrize("name", FOREIGN)
def test_file_with_something_wrong_is_refused_in_words(name, tmp_path):
    path = tmp_path / "net.npz"
    _foreign(name, path)

    with pytest.raises(ConfigError, match=FOREIGN[name][1]) as caught:
        load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("name", ["pickle", "array of objects", "array", "text", "empty", "none"])
def test_file_of_another_kind_is_refused_and_never_unpickled(name, tmp_path):
    path = tmp_path / "net.npz"
    if name == "pickle":
        path.write_bytes(pickle.dumps(Bomb()))
    elif name == "array of objects":
        np.savez(path, description=np.array([Bomb()], object))
    elif name == "array":
        with path.open("wb") as file:
            np.save(file, np.zeros(3))
    elif name != "none":
        path.write_text("not a network" if name == "text" else "")

    refusal = r"net\.npz: (not a network file|cannot be read|`description`: of object)"
    with pytest.raises(ConfigError, match=refusal):
        load(path)


def test_damaged_files_are_refused_in_words(tmp_path):
    good, path = tmp_path / "good.npz", tmp_path / "net.npz"
    save(_network(), good)
    whole, rng = good.read_bytes(), np.random.default_rng(0)
    refused = 0
    for k in range(120):
        damaged = bytearray(whole[: rng.integers(len(whole))] if k % 2 else whole)
        for place in rng.integers(0, max(len(damaged), 1), 8):
            if damaged:
                damaged[place] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged)
        try:
            load(path)
        except ConfigError as error:
            assert "net.npz" in str(error)  # noqa: PT017
            refused += 1
    assert refused > 100
