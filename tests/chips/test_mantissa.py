"""Mantissas, exponents and thresholds, beside the slow definition of each."""

import numpy as np
import pytest

from neuroloop.chips import weights
from neuroloop.chips.mantissa import Drive, Format, Threshold, choose
from neuroloop.network import Convolution, Pooling, dense, pairs


def representable(bits, sign):
    """Return all mantissas that the chip's cut leaves as they are."""
    mixed = sign == "mixed"
    cut = 8 - bits + mixed
    low, high = {"mixed": (-256, 255), "excitatory": (0, 255), "inhibitory": (-255, 0)}[sign]
    side = -1 if sign == "inhibitory" else 1
    return [w for w in range(low, high + 1) if side * ((side * w >> cut) << cut) == w]


@pytest.mark.parametrize("bits", range(1, 9))
@pytest.mark.parametrize("sign", ["mixed", "excitatory", "inhibitory"])
def test_weights_go_to_the_nearest_that_the_chip_can_hold(bits, sign):
    known = np.array(representable(bits, sign))
    form = Format(bits)
    rng = np.random.default_rng(bits)
    wanted = rng.uniform(known.min() - 40, known.max() + 40, 300)
    for exponent in (-3, 0, 2):
        got = form.mantissas(wanted * 2.0**exponent, exponent, sign)
        nearest = np.abs(wanted[:, None] - known).min(axis=1)
        assert set(got) <= set(known)
        np.testing.assert_allclose(np.abs(got - wanted), nearest)


@pytest.mark.parametrize("sign", ["mixed", "excitatory", "inhibitory"])
def test_the_least_exponent_is_the_first_under_which_the_largest_weight_fits(sign):
    form = Format()
    for largest in np.random.default_rng(0).uniform(0.5, 30_000, 100):
        first = form.exponents(largest, sign)[0]
        assert largest <= form.top(sign) * 2.0**first * (1 + 1e-9)
        assert first == -7 or largest > form.top(sign) * 2.0 ** (first - 1)


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("whole", [True, False])
def test_a_threshold_fires_from_the_same_potential_on_as_nearly_as_64_allow(strict, whole):
    rng = np.random.default_rng(3)
    for _ in range(200):
        value, scale = rng.uniform(0.1, 5), 2.0 ** rng.integers(1, 6)
        value = round(value * 64) / 64 if rng.random() < 0.5 else value
        threshold = Threshold(value, strict, np.zeros(1) if whole else None)
        wanted = 64 * scale * value
        grain = 64 if whole else 1
        lattice = np.arange(0, int(wanted) + 130, grain)
        first = lattice[lattice > wanted if strict else lattice >= wanted][0]
        tried = {vth: lattice[lattice > 64 * vth][0] for vth in range(int(wanted // 64) + 2)}
        least = min(abs(found - first) for found in tried.values())

        vth = threshold.vth(scale, 131_071)
        assert abs(tried[vth] - first) == least
        assert threshold.error(scale, vth) == pytest.approx((tried[vth] - first) / (64 * scale))


def test_what_moves_beside_the_weights_makes_the_potential_finer():
    fine = Threshold(3.0, strict=False, steps=np.array([0.01]))
    coarse = Threshold(3.0, strict=False, steps=np.array([0.5]))

    assert (fine.grain(4.0), coarse.grain(4.0)) == (1, 64)
    assert (fine.vth(4.0, 100), coarse.vth(4.0, 100)) == (12, 11)


@pytest.mark.parametrize("unit", [1 / 64, 3.0, 0.0123])
@pytest.mark.parametrize("strict", [True, False])
def test_weights_on_a_grid_of_their_own_lose_nothing(unit, strict):
    weight = np.random.default_rng(1).integers(-100, 101, 500) * unit
    most = 254 / np.abs(weight).max()
    threshold = Threshold(300 * unit, strict, np.zeros(1))
    found = choose([Drive(weight, 10.0)], threshold, most, 131_071, Format())

    got = Format().mantissas(weight * found.scale, found.exponents[0], "mixed")
    np.testing.assert_allclose(got * 2.0 ** found.exponents[0] / found.scale, weight, rtol=1e-9)
    assert found.error == pytest.approx(0, abs=1e-9 * unit)
    assert most / 2 <= found.scale <= most


def test_the_chosen_scale_loses_no_more_than_any_of_a_thousand():
    rng = np.random.default_rng(2)
    drives = [Drive(rng.normal(0, s, 400), 20.0) for s in (1.0, 0.3)]
    threshold = Threshold(2.5, strict=True)
    found = choose(drives, threshold, 100.0, 131_071, Format())
    errors = []
    for scale in np.linspace(50, 100, 1000):
        square = threshold.error(scale, threshold.vth(scale, 131_071)) ** 2
        for drive in drives:
            tried = []
            for e in Format().exponents(np.abs(drive.weight).max() * scale, "mixed"):
                got = Format().mantissas(drive.weight * scale, e, "mixed") * 2.0**e
                cut = 1 / 3 if e < 0 and (got % 1).any() else 0.0
                tried.append((2.0 * np.mean((got - drive.weight * scale) ** 2) + cut) / scale**2)
            square += min(tried)
        errors.append(np.sqrt(square))

    assert found.error < np.quantile(errors, 0.02)


def unrolled(form):
    """Return a convolution with pooling as a matrix, by its definition."""
    channels, height, width = form.input_shape
    out, rows, columns = form.output_shape
    kernel = np.asarray(form.kernel)
    stride, padding, window = form.stride[0], form.padding[0], form.windows[0]
    matrix = np.zeros((out, rows, columns, channels, height, width))
    for o, y, x, c, i, j in np.ndindex(out, rows, columns, *kernel.shape[1:]):
        row, column = y * stride + i - padding, x * stride + j - padding
        if 0 <= row < height // window and 0 <= column < width // window:
            here = (
                slice(row * window, (row + 1) * window),
                slice(column * window, (column + 1) * window),
            )
            matrix[o, y, x, c][here] += kernel[o, c, i, j]
    return matrix.reshape(form.n_post, form.n_pre)


@pytest.mark.parametrize(("stride", "padding", "pool"), [(1, 1, 1), (2, 0, 1), (1, 0, 2)])
def test_sums_of_a_convolution_are_those_of_its_matrix(stride, padding, pool):
    rng = np.random.default_rng(4)
    form = Convolution((2, 8, 8), rng.normal(0, 1, (3, 2, 3, 3)), stride, padding, pool)
    matrix = unrolled(form)
    found = weights.sums(form, form.n_post, weights.of(form))
    exact = np.array([np.maximum(matrix, 0).sum(axis=1), np.maximum(-matrix, 0).sum(axis=1)])

    assert (found >= exact - 1e-5).all()
    np.testing.assert_allclose(found.max(axis=1), exact.max(axis=1), rtol=1e-5)
    doubled = weights.put(form, 2 * weights.of(form))
    np.testing.assert_allclose(unrolled(doubled), 2 * matrix, rtol=1e-6)


def test_sums_and_weights_of_lists_and_poolings():
    wired = pairs([0, 0, 1, 2], [1, 1, 0, 1], [1.0, 2.0, -3.0, -0.5])
    np.testing.assert_array_equal(
        weights.sums(wired, 3, weights.of(wired)), [[0, 3, 0], [3, 0.5, 0]]
    )
    even = pairs([0, 1, 2], [1, 1, 0], 2.0)
    np.testing.assert_array_equal(weights.of(even), [2.0])
    np.testing.assert_array_equal(weights.sums(even, 2, weights.of(even))[0], [2.0, 4.0])
    assert weights.put(even, np.array([7])).constant

    pooling = Pooling((2, 5, 4), (2, 3), stride=1, weight=-0.5)
    rows = weights.unrolled(pooling)
    matrix = np.zeros((pooling.n_post, pooling.n_pre))
    for c, y, x, i, j in np.ndindex(*pooling.output_shape, *pooling.window):
        matrix[(c * 4 + y) * 2 + x, (c * 5 + y + i) * 4 + x + j] = -0.5
    np.testing.assert_array_equal(rows.post, dense(matrix).post)
    np.testing.assert_array_equal(rows.start, dense(matrix).start)
    np.testing.assert_array_equal(rows.weight, dense(matrix).weight)
    np.testing.assert_array_equal(
        weights.sums(pooling, pooling.n_post, weights.of(pooling))[1], -matrix.sum(axis=1)
    )
