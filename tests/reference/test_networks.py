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
    all_to_all,
    dense,
    fixed_probability,
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


def test_one_to_one_and_all_to_all():
    assert np.array_equal(_matrix(one_to_one(3, 2.0), 3, 3), 2 * np.eye(3))
    assert np.array_equal(_matrix(all_to_all(2, 3, 0.5), 3, 2), np.full((3, 2), 0.5))


def test_fixed_probability_depends_on_the_seed_alone():
    first, second, other = (fixed_probability(100, 100, 0.1, 1.0, seed) for seed in (1, 1, 2))

    assert first.post.tolist() == second.post.tolist()
    assert first.post.tolist() != other.post.tolist()
    assert len(first) == pytest.approx(1000, abs=150)
    assert len(fixed_probability(10, 10, 0.0, 1.0, 1)) == 0
    assert len(fixed_probability(10, 10, 1.0, 1.0, 1)) == 100


I, U, F = np.int64, np.uint32, np.float32


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
        (lambda: Connections(I([0, 2]), U([1, 0]), F([1, 1])), r"not sorted .*; pairs\(\) sorts"),
        (lambda: Connections(I([0, 1]), U([0]), np.ones(1)), "weight is not a float32 array"),
        (lambda: Connections(I([0, 2]), U([0, 1]), F([1])), "lengths 2 and 1"),
        (lambda: Connections(I([0, 1]), U([0, 1]), F([1, 1])), "start does not run from 0 to 2"),
        (lambda: Connections(I([0, 2, 1, 2]), U([0, 1]), F([1, 1])), "start goes down"),
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
        ({"params": {"tau_m_ms": "fast"}}, '"cell" .lif.: Expected `float`'),
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
    assert result.synaptic_operations == 0


def _network():
    return Network(
        (Input("in", 4),),
        (
            Population("one", 3, "lif_exp", {"tau_m_ms": 12.5}, {"v": [-60.0, -55.0, -51.0]}),
            Population("zwei ü", 4, "lif", {"reset": "subtract", "bias": np.float32(0.25)}),
        ),
        (
            Projection("in", "one", dense(np.arange(12.0).reshape(3, 4)), np.arange(11.0), "inh"),
            Projection("one", "zwei ü", fixed_probability(3, 4, 0.5, 0.1, 1), 2.0),
            Projection("zwei ü", "zwei ü", pairs([], [], []), 1.0),
        ),
    )


def test_file_brings_the_network_back(tmp_path):
    save(_network(), tmp_path / "net.npz")

    one, other = load(tmp_path / "net.npz"), _network()

    assert one.inputs == other.inputs
    for a, b in zip(one.populations, other.populations, strict=True):
        assert (a.name, a.n, a.kind, dict(a.params)) == (b.name, b.n, b.kind, dict(b.params))
        assert {k: list(v) for k, v in a.arrays.items()} == {
            k: list(v) for k, v in b.arrays.items()
        }
    for a, b in zip(one.projections, other.projections, strict=True):
        assert (a.name, a.receptor, a.kind) == (b.name, b.receptor, b.kind)
        assert np.array_equal(a.delay_ms, b.delay_ms)
        for name in ("pre", "post", "weight"):
            got, wanted = (getattr(x.connections, name) for x in (a, b))
            assert got.dtype == wanted.dtype
            assert np.array_equal(got, wanted)
    first, second = Simulator(one), Simulator(other)
    assert first.arena.memory.tobytes() == second.arena.memory.tobytes()


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


def _foreign(name, path):
    good = path.with_name("good.npz")
    save(_network(), good)
    arrays = dict(np.load(good))
    description = json.loads(arrays["description"].tobytes())
    if name == "another format":
        description["format"] = 99
    if name == "a description of something else":
        description = {"format": 1}
    if name == "an unknown population":
        description["projections"][0]["target"] = "none"
    if name == "an index out of range":
        arrays["projection.0.post"][-1] = 77
    if name == "a weight that is no number":
        arrays["projection.0.weight"][3] = np.nan
    if name == "too few delays":
        arrays["projection.0.delay_ms"] = np.zeros(2)
    if name == "an array too few":
        del arrays["projection.1.pre"]
    arrays["description"] = np.frombuffer(json.dumps(description).encode(), np.uint8)
    np.savez(path, **arrays)


FOREIGN = {
    "another format": "format 99; this version reads format 1",
    "a description of something else": "not a network file, or a damaged one",
    "an unknown population": 'no population "none"',
    "an index out of range": "neuron 77",
    "a weight that is no number": "not a finite number",
    "too few delays": "delays for 11 synapses",
    "an array too few": "not a network file, or a damaged one",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_file_with_something_wrong_is_refused_in_words(name, tmp_path):
    path = tmp_path / "net.npz"
    _foreign(name, path)

    with pytest.raises(ConfigError, match=FOREIGN[name]) as caught:
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
