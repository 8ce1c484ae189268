"""Connectors: what is exact is exact, what is chance follows its law, and the seed decides all."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroloop.core.errors import ConfigError, MachineError
from neuroloop.network import (
    Connections,
    Normal,
    all_to_all,
    blocks,
    connections,
    dense,
    fixed_in_degree,
    fixed_out_degree,
    fixed_probability,
    fixed_total,
    from_sparse,
    one_to_one,
    pairs,
    with_weights,
)


def _matrix(wired, n_post, n_pre):
    matrix = np.zeros((n_post, n_pre))
    np.add.at(matrix, (wired.post, wired.pre), wired.weight)
    return matrix


def _same(one, other):
    return all(
        getattr(one, name).tobytes() == getattr(other, name).tobytes()
        for name in ("start", "post", "weight")
    )


CHANCE = {
    "probability": lambda seed, **k: fixed_probability(60, 60, 0.2, 0.5, seed, **k),
    "often": lambda seed, **k: fixed_probability(60, 60, 0.8, 0.5, seed, **k),
    "in": lambda seed, **k: fixed_in_degree(60, 60, 7, 0.5, seed, **k),
    "out": lambda seed, **k: fixed_out_degree(60, 60, 7, 0.5, seed, **k),
    "nearly all": lambda seed, **k: fixed_out_degree(60, 60, 58, 0.5, seed, **k),
    "total": lambda seed, **k: fixed_total(60, 60, 700, 0.5, seed, **k),
}


@pytest.mark.parametrize("name", CHANCE)
def test_the_seed_decides_the_synapses(name):
    make = CHANCE[name]

    assert _same(make(3), make(3))
    assert not _same(make(3), make(4))
    assert make(3).constant


@pytest.mark.parametrize("name", CHANCE)
def test_no_neuron_reaches_itself_where_it_may_not(name):
    many = [CHANCE[name](seed, allow_self=False) for seed in range(20)]

    assert all((wired.pre != wired.post).all() for wired in many)
    # and all others are reached
    reached = sum(_matrix(wired, 60, 60) for wired in many)
    if name != "probability":
        assert (reached + np.eye(60) > 0).mean() > 0.8
    assert max(wired.n_post for wired in many) == 60


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("degree", [0, 1, 7, 29, 30])
def test_degrees_are_exact(degree, replace):
    into = fixed_in_degree(30, 50, degree, seed=1, replace=replace)
    out = fixed_out_degree(50, 30, degree, seed=1, replace=replace)

    assert (np.bincount(into.post, minlength=50) == degree).all()
    assert (np.diff(out.start) == degree).all()
    assert (into.n_pre, out.n_pre) == (30, 50)
    if not replace:
        assert all(
            _matrix(w, *s).max(initial=0) <= 1 for w, s in ((into, (50, 30)), (out, (30, 50)))
        )


def test_each_set_of_sources_is_as_likely_as_any_other():
    drawn = fixed_in_degree(5, 20_000, 2, seed=1)
    by_target = np.lexsort((drawn.pre, drawn.post))
    first, second = drawn.pre[by_target].reshape(-1, 2).T
    found = np.unique(first * 5 + second, return_counts=True)[1]

    # ten sets: chi-square of nine degrees of freedom
    assert len(found) == 10
    assert ((found - 2000) ** 2 / 2000).sum() < 27.9


def test_total_is_exact_and_both_ends_are_uniform():
    n, total = 200, 100_000
    wired = fixed_total(n, n, total, seed=5)

    assert len(wired) == total
    for ends in (wired.pre, wired.post):
        degree = np.bincount(ends, minlength=n)
        assert degree.mean() == total / n
        # binomial: the variance of the sample is within a third of it
        assert degree.var() == pytest.approx(total / n * (1 - 1 / n), rel=0.33)
    assert _matrix(wired, n, n).max() > 1


@pytest.mark.parametrize("probability", [0.001, 0.1, 0.29, 0.31, 0.95])
def test_probability_has_the_moments_of_independent_pairs(probability):
    n_pre, n_post = 1500, 1000
    wired = fixed_probability(n_pre, n_post, probability, seed=2)
    matrix = _matrix(wired, n_post, n_pre)

    mean, variance = n_pre * probability, n_pre * probability * (1 - probability)
    in_degree = matrix.sum(axis=1)
    assert matrix.max() == 1
    assert in_degree.mean() == pytest.approx(mean, abs=5 * math.sqrt(variance / n_post))
    assert in_degree.var() == pytest.approx(variance, rel=0.25)
    # no place in a row is more likely than another
    halves = matrix.reshape(2, n_post // 2, n_pre).sum(axis=(1, 2))
    assert abs(halves[0] - halves[1]) < 5 * math.sqrt(len(wired))


@pytest.mark.parametrize("sizes", [(1, 1), (1, 1000), (1000, 1), (70_000, 3)])
def test_probability_of_any_shape(sizes):
    assert len(fixed_probability(*sizes, 0.0, seed=1)) == 0
    assert len(fixed_probability(*sizes, 1.0, seed=1)) == sizes[0] * sizes[1]
    assert fixed_probability(*sizes, 0.5, seed=1).n_pre == sizes[0]
    fixed_probability(*sizes, 1e-18, seed=1)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 300), st.integers(0, 2**40))
def test_parts_that_are_worked_on_together_change_nothing(n_pre, n_post, total, seed):
    wired = fixed_total(n_pre, n_post, total, seed=seed)
    rng = np.random.default_rng(seed)
    order = rng.permutation(total)
    weight = rng.random(total).astype(np.float32)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connections, "_MANY", 1)
        counted = pairs(wired.pre[order], wired.post[order], weight[order])
    compared = pairs(wired.pre[order], wired.post[order], weight[order])

    assert _same(counted, compared)
    assert counted.post.tolist() == wired.post.tolist()


def test_long_rows_and_short_ones_are_sorted_alike():
    # a few long rows are sorted one by one, many short ones together
    for n_pre, n_post in ((3, 50_000), (50_000, 3)):
        wired = fixed_total(n_pre, n_post, 20_000, seed=1)
        matrix = np.zeros(n_pre * n_post, int)
        np.add.at(matrix, wired.pre.astype(int) * n_post + wired.post, 1)
        assert matrix.sum() == 20_000
        assert isinstance(wired, Connections)


def test_one_to_one_and_all_to_all():
    assert np.array_equal(_matrix(one_to_one(3, 2.0), 3, 3), 2 * np.eye(3))
    assert np.array_equal(_matrix(all_to_all(2, 3, 0.5), 3, 2), np.full((3, 2), 0.5))
    assert np.array_equal(_matrix(all_to_all(4, 4, allow_self=False), 4, 4), 1 - np.eye(4))
    assert len(all_to_all(1, 1, allow_self=False)) == 0


class Sparse:
    """What SciPy's matrices offer."""

    def __init__(self, row, col, data, shape):
        self.row, self.col, self.data = np.array(row), np.array(col), np.array(data)
        self.shape = shape

    def tocoo(self):
        return self


def test_sparse_matrix_is_taken_by_its_elements():
    wired = from_sparse(Sparse([2, 0, 1, 2], [0, 1, 0, 0], [1.0, 2.0, 0.0, 3.0], (3, 4)))

    assert wired.n_pre == 4
    assert wired.pre.tolist() == [0, 0, 0, 1]
    assert wired.post.tolist() == [1, 2, 2, 0]
    assert wired.weight.tolist() == [0.0, 1.0, 3.0, 2.0]


@pytest.mark.parametrize("form", ["coo", "csr", "csc", "lil"])
def test_sparse_matrices_of_scipy_are_taken(form):
    sparse = pytest.importorskip("scipy.sparse", reason="SciPy is not installed")
    matrix = np.float32([[0.0, 1.5, 0.0], [2.0, 0.0, -1.0]])

    for make in (sparse.coo_array, sparse.coo_matrix):
        wired = from_sparse(make(matrix).asformat(form))
        assert np.array_equal(_matrix(wired, 2, 3), matrix)
        assert wired.n_pre == 3


@pytest.mark.parametrize(
    "make",
    [
        lambda: all_to_all(2**31 - 1, 2**31 - 1),
        lambda: fixed_total(10, 10, 10**18),
        lambda: fixed_out_degree(2**31 - 1, 2**31 - 1, 2**30),
    ],
)
def test_more_synapses_than_there_is_memory_for_are_refused_in_words(make):
    with pytest.raises(MachineError, match="GB of memory"):
        make()


def test_dense_keeps_a_row_for_every_source():
    assert dense(np.zeros((3, 5))).n_pre == 5


@pytest.mark.parametrize("weights", ["one", "several", "each"])
def test_blocks_are_the_blocks_of_the_matrix(weights):
    rng = np.random.default_rng(0)
    matrix, parts = np.zeros((50, 40)), []
    for k in range(8):
        first_pre, first_post = int(rng.integers(0, 25)), int(rng.integers(0, 25))
        weight = {"one": 0.5, "several": 0.5 + k, "each": lambda rng, n: rng.random(n)}[weights]
        part = fixed_total(15, 25, 60, weight, seed=k)
        parts.append((first_pre, first_post, part))
        matrix[first_post : first_post + 25, first_pre : first_pre + 15] += _matrix(part, 25, 15)

    joined = blocks(40, 50, parts)

    assert joined.n_pre == 40
    assert joined.constant == (weights == "one")
    assert np.allclose(_matrix(joined, 50, 40), matrix)
    assert len(blocks(3, 3, [])) == 0


def test_delays_are_joined_in_the_order_of_their_synapses():
    part = fixed_total(10, 10, 300, seed=1)
    tag = np.arange(300.0)
    places = [(0, 0, part), (0, 10, part), (5, 5, part)]

    joined = blocks(20, 20, places)
    delays = blocks(20, 20, [(i, j, with_weights(c, tag)) for i, j, c in places])

    assert delays.post.tolist() == joined.post.tolist()
    for i, j, _ in places:
        for k in (0, 17, 299):
            here = (joined.pre == part.pre[k] + i) & (joined.post == part.post[k] + j)
            assert k in delays.weight[here]


@pytest.mark.parametrize(
    "make",
    [
        lambda w: one_to_one(6, w, seed=1),
        lambda w: all_to_all(2, 3, w, seed=1),
        lambda w: fixed_total(3, 3, 6, w, seed=1),
        lambda w: fixed_in_degree(3, 3, 2, w, seed=1),
        lambda w: fixed_out_degree(3, 3, 2, w, seed=1),
        lambda w: pairs([0, 0, 1, 1, 2, 2], [0, 1, 0, 1, 0, 1], w, seed=1),
        lambda w: with_weights(fixed_total(3, 3, 6), w, seed=1),
    ],
)
def test_weight_is_a_number_an_array_or_a_distribution(make):
    assert make(0.25).constant
    assert make(np.arange(6.0)).weight.tolist() == [0, 1, 2, 3, 4, 5]
    drawn = make(Normal(1.0, 0.1))
    assert len(set(drawn.weight.tolist())) == 6
    assert make(lambda rng, n: rng.random(n)).weight.max() < 1
    for w in (np.arange(5.0), lambda rng, n: [1.0], "heavy", [None] * 6, np.nan, 1e300):
        with pytest.raises(ConfigError, match="weight"):
            make(w)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: one_to_one(0), "n is 0; a whole number from 1 on"),
        (lambda: one_to_one(2.5), "n is 2.5"),
        (lambda: one_to_one(2**31), "at most 2147483647 units"),
        (lambda: all_to_all(-1, 2), "n_pre is -1"),
        (lambda: all_to_all(2, "3"), "n_post is '3'"),
        (lambda: all_to_all(2, 3, allow_self=False), "population onto itself"),
        (lambda: fixed_probability(2, 2, -0.1), "probability of -0.1"),
        (lambda: fixed_probability(2, 2, np.nan), "probability of nan"),
        (lambda: fixed_in_degree(3, 3, 4), "degree of 4, but there are 3"),
        (lambda: fixed_in_degree(3, 3, 3, allow_self=False), "degree of 3, but there are 2"),
        (lambda: fixed_out_degree(3, 3, -1), "degree is -1"),
        (lambda: fixed_out_degree(1, 1, 1, replace=True, allow_self=False), "there are 0"),
        (lambda: fixed_total(3, 3, 2.0), "total is 2.0"),
        (lambda: fixed_total(1, 1, 1, allow_self=False), "no other"),
        (lambda: from_sparse(np.eye(2)), "ndarray is not a sparse matrix; dense"),
        (lambda: from_sparse(Sparse([0], [0], [np.inf], (1, 1))), "not a finite number"),
        (lambda: dense([["a"]]), "matrix .* of numbers"),
        (lambda: dense(np.zeros((3, 0))), "a matrix"),
        (
            lambda: blocks(2, 2, [(1, 0, one_to_one(2))]),
            "part 0: its last source would be neuron 2",
        ),
        (
            lambda: blocks(2, 2, [(0, 1, one_to_one(2))]),
            "part 0: its last target would be neuron 2",
        ),
        (lambda: blocks(2, 2, [(0, -1, one_to_one(2))]), "part 0: its first target is -1"),
        (lambda: blocks(2, 2, [(0, one_to_one(2))]), "part 0 is not"),
        (lambda: blocks(2, 2, [(0, 0, np.eye(2))]), "part 0 holds no Connections"),
        (lambda: pairs([[0], [0, 1]], [0], 1.0), "pre is not a list of whole numbers"),
        (lambda: pairs([0], [0], "x"), "a weight is not a number"),
    ],
)
def test_impossible_connections_are_refused_in_words(make, words):
    with pytest.raises(ConfigError, match=words):
        make()
