"""Convolution and pooling in whole numbers: every sum is that of the definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroloop.core.errors import ConfigError
from neuroloop.engine.row import H_SYNOPS
from neuroloop.network import (
    Convolution,
    Input,
    Network,
    Pooling,
    Population,
    Projection,
    one_to_one,
)
from neuroloop.runtime.simulate import Simulator
from neuroloop.testing.whole import relay, synapses


def _convolved(form, weight, sent):
    """The definition: ``sent`` by unit, in Python's own numbers; the source is pooled first."""
    channels, height, width = form.input_shape
    rows, columns = form.windows
    pooled = np.zeros((channels, height // rows, width // columns), object)
    for c, y, x in np.ndindex(*pooled.shape):
        for i, j in np.ndindex(rows, columns):
            pooled[c, y, x] += int(sent[(c * height + y * rows + i) * width + x * columns + j])
    inner = form.pooled
    (down, across), (above, left) = inner.steps, inner.before
    result = np.zeros(inner.output_shape, object)
    for o, y, x in np.ndindex(*inner.output_shape):
        for c, i, j in np.ndindex(*weight.shape[1:]):
            row, column = y * down + i - above, x * across + j - left
            if 0 <= row < pooled.shape[1] and 0 <= column < pooled.shape[2]:
                result[o, y, x] += int(weight[o, c, i, j]) * pooled[c, row, column]
    return result.reshape(-1)


def _windows(form, weight, sent):
    """The definition of a pooling."""
    _, height, width = form.input_shape
    result = np.zeros(form.output_shape, object)
    for c, y, x in np.ndindex(*form.output_shape):
        for i, j in np.ndindex(*form.window):
            row, column = y * form.steps[0] + i, x * form.steps[1] + j
            result[c, y, x] += int(weight) * int(sent[(c * height + row) * width + column])
    return result.reshape(-1)


def _kept(weight, bits, sign):
    """The chip's weights, one by one."""
    flat = [int(w) for w in np.ravel(weight)]
    mixed = sign == "mixed" or (sign == "auto" and min(flat) < 0 < max(flat))
    inhibitory = sign == "inhibitory" or (sign == "auto" and not mixed and min(flat) < 0)
    m, s = int(mixed), -1 if inhibitory else 1
    t = max(8 - bits + m, 0)
    kept = [s * ((min(max(s * w, -256 * m), 255) >> t) << t) for w in flat]
    return np.array(kept, object).reshape(np.shape(weight))


def _summed(numbers, exponent, bits=24):
    """A sum as Loihi passes it on: wrapped around, then shifted."""
    half = 1 << (bits - 1)
    shifted = [int(n) << max(exponent, 0) for n in numbers]
    return [((n + half) % (2 * half) - half) >> max(-exponent, 0) for n in shifted]


class Wire:
    """One projection into neurons that show what arrives, from an input or from graded spikes."""

    def __init__(self, form, kind, params=None, *, delay_ms=0.0, carried=None):
        n, m = form.n_pre, form.n_post
        source = "in" if carried is None else "source"
        populations = (Population("cells", m, relay.__name__),)
        wires = (Projection(source, "cells", form, delay_ms, "", kind, params or {}),)
        if carried is not None:
            populations += (Population("source", n, relay.__name__),)
            wires += (Projection("in", "source", one_to_one(n, weight=carried), 0.0, "",
                                 synapses.__name__),)  # fmt: skip
        self.simulator = Simulator(Network((Input("in", n),), populations, wires))
        self.projection = f"{source}-cells.0"

    def step(self, units=()):
        self.simulator.step({"in": np.asarray(units, int)})
        return self.simulator.arena["cells.payload"].tolist()

    def counted(self):
        return self.simulator.arena[f"{self.projection}.counted"].tolist()


def _units(rng, n):
    """Units of an input, some of them several times."""
    return np.sort(rng.integers(0, n, rng.integers(0, n + 1)))


@st.composite
def _forms(draw, most=127):
    small = st.integers(1, 3)
    pool = (draw(small), draw(small))
    sums = (draw(st.integers(1, 7)), draw(st.integers(1, 11)))
    rest = [draw(st.integers(0, p - 1)) for p in pool]
    height, width = (n * p + r for n, p, r in zip(sums, pool, rest, strict=True))
    kernel = [draw(st.integers(1, min(n + 2, 5))) for n in sums]
    padding = tuple(max(draw(st.integers(0, k - 1)), -(-(k - n) // 2), 0)
                    for k, n in zip(kernel, sums, strict=True))  # fmt: skip
    padding = tuple(min(p, k - 1) for p, k in zip(padding, kernel, strict=True))
    stride = (draw(small), draw(small))
    channels, maps = draw(small), draw(small)
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    weight = rng.integers(-most - 1, most + 1, (maps, channels, *kernel))
    return Convolution((channels, height, width), weight, stride, padding, pool), rng


@settings(max_examples=40, deadline=None)
@given(_forms(), st.booleans())
def test_any_convolution_of_counts_is_the_definition(drawn, graded):
    form, rng = drawn
    carried = rng.integers(1, 6, form.n_pre) if graded else None
    wire = Wire(form, "dynapcnn.convolution", carried=carried)
    for _ in range(3):
        units = _units(rng, form.n_pre)
        sent = np.bincount(units, minlength=form.n_pre) * (1 if carried is None else carried)
        assert wire.step(units) == _convolved(form, np.asarray(form.kernel), sent).tolist()


@settings(max_examples=30, deadline=None)
@given(
    _forms(200),
    st.sampled_from([None, 9, 70_000]),
    st.integers(-7, 7),
    st.integers(4, 9),
    st.sampled_from(["auto", "mixed"]),
)
def test_any_convolution_of_loihi_is_kept_summed_wrapped_and_shifted(
    drawn, largest, exponent, bits, sign
):
    form, rng = drawn
    weight = _kept(form.kernel, bits, sign)
    if not weight.any():
        return
    carried = None if largest is None else rng.integers(-largest, largest + 1, form.n_pre)
    params = {"exponent": exponent, "bits": bits, "sign": sign}
    wire = Wire(form, "loihi2.convolution", params, delay_ms=1.0, carried=carried)
    due = [0] * form.n_post
    for _ in range(4):
        units = _units(rng, form.n_pre)
        sent = np.bincount(units, minlength=form.n_pre) * (1 if carried is None else carried)
        assert wire.step(units) == due
        due = _summed(_convolved(form, weight, sent), exponent)


@pytest.mark.parametrize("sign", ["excitatory", "inhibitory"])
@pytest.mark.parametrize("bits", [1, 2, 5, 8, 9])
def test_weights_of_one_sign_keep_their_upper_bits(sign, bits):
    size = np.arange(256).reshape(4, 4, 4, 4)
    weight = size if sign == "excitatory" else -size
    form = Convolution((4, 5, 5), weight, padding=1)
    wire = Wire(form, "loihi1.convolution", {"bits": bits}, delay_ms=1.0)
    wire.step(range(form.n_pre))

    wanted = _convolved(form, _kept(weight, bits, sign), np.ones(form.n_pre, int))

    assert wire.step() == wanted.tolist()


@pytest.mark.parametrize("exponent", [-7, -1, 0, 3, 7])
def test_sum_of_an_input_that_repeats_wraps_around_too(exponent):
    form = Convolution((1, 1, 50_000), [[[[255]]]])
    wire = Wire(form, "loihi1.convolution", {"exponent": exponent}, delay_ms=1.0)
    sent = [50_000 - 10, 10]
    wire.step(np.repeat([0, 1], sent))

    assert wire.step()[:3] == _summed([255 * n for n in (*sent, 0)], exponent)


@pytest.mark.parametrize("e", [-7, -6, 0, 7])
def test_weights_of_the_other_reading_are_scaled_one_by_one(e):
    rng = np.random.default_rng(e + 7)
    form = Convolution((2, 6, 7), 2 * rng.integers(-128, 128, (3, 2, 3, 3)), 2, 1)
    wire = Wire(form, "loihi1.nengo_convolution", {"exponent": e}, delay_ms=2.0)
    units = _units(rng, form.n_pre)
    wire.step(units)
    scaled = np.array([int(w * 2.0 ** (6 + e)) for w in np.ravel(form.kernel)], object)

    assert not any(wire.step())
    sent = np.bincount(units, minlength=form.n_pre)
    assert wire.step() == _convolved(form, scaled.reshape(form.weight.shape), sent).tolist()


@pytest.mark.parametrize(
    "form",
    [
        Pooling((3, 8, 8), 2, weight=12),
        Pooling((2, 7, 9), (2, 3), weight=-3),
        Pooling((1, 9, 9), 3, stride=2, weight=255),
        Pooling((2, 9, 5), 2, stride=(3, 4), weight=1),
        Pooling((1, 1, 1), 1, weight=7),
    ],
)
@pytest.mark.parametrize("exponent", [-3, 0, 2])
@pytest.mark.parametrize("carried", [None, -90_001])
def test_pooling_is_the_definition(form, exponent, carried):
    rng = np.random.default_rng(form.n_pre)
    carries = None if carried is None else rng.integers(carried, -carried, form.n_pre)
    wire = Wire(form, "loihi1.pooling", {"exponent": exponent}, delay_ms=1.0, carried=carries)
    due = [0] * form.n_post
    for _ in range(4):
        units = _units(rng, form.n_pre)
        sent = np.bincount(units, minlength=form.n_pre) * (1 if carries is None else carries)
        assert wire.step(units) == due
        due = _summed(_windows(form, _kept(form.weight, 8, "auto"), sent), exponent)


def test_spike_arrives_after_its_delay_alone():
    form = Convolution((1, 3, 3), np.full((2, 1, 3, 3), 5), padding=1)
    for delay in (1, 2, 7, 64):
        wire = Wire(form, "loihi1.convolution", {"exponent": -1}, delay_ms=float(delay))
        came = [wire.step([4] if k == 0 else []) for k in range(delay + 2)]
        assert [k for k, now in enumerate(came) if any(now)] == [delay]
        assert came[delay] == [2] * 18


def test_weights_that_were_added_are_counted():
    form = Convolution((2, 6, 6), np.ones((3, 2, 3, 3), int), padding=1, pool=2)
    plain, counts, numbers = (
        Wire(form, kind, delay_ms=1.0, carried=carried)
        for kind, carried in (
            ("dynapcnn.convolution", None),
            ("dynapcnn.convolution", np.full(72, 4)),
            ("loihi2.convolution", np.full(72, 4)),
        )
    )
    for wire, times in ((plain, 1), (counts, 4), (numbers, 1)):
        wire.step(range(72))
        assert wire.counted() == [times * len(form), times * 72]
        others = 0 if wire is plain else 72
        assert wire.simulator.arena.header[H_SYNOPS] == times * len(form) + others


@pytest.mark.parametrize(
    ("kind", "form", "delay_ms", "params", "words"),
    [
        ("dynapcnn.convolution", Convolution((1, 2, 2), [[[[0.5]]]]), 0, {}, "weight of 0.5"),
        ("dynapcnn.convolution", Convolution((1, 2, 2), [[[[128]]]]), 0, {}, "-128 to 127"),
        ("loihi1.convolution", Convolution((1, 2, 2), [[[[1.5]]]]), 1, {}, "weight of 1.5"),
        ("loihi1.convolution", Convolution((1, 2, 2), [[[[300]]]]), 1, {}, "weight of 300"),
        ("loihi1.convolution", Convolution((1, 2, 2), [[[[3]]]]), 0, {}, "at least 1 is wanted"),
        ("loihi1.pooling", Pooling((1, 2, 2), 2, weight=3), 0, {}, "at least 1 is wanted"),
        ("loihi2.convolution", Convolution((1, 2, 2), [[[[3]]]]), 65, {}, "64 are the most"),
        ("loihi1.convolution", Convolution((1, 2, 2), [[[[3]]]]), 1, {"bits": 2}, "becomes 0"),
        ("loihi1.convolution", Convolution((1, 2, 2), [[[[3]]]]), 1, {"exponent": 8}, "exponent"),
        ("loihi1.pooling", Pooling((1, 2, 2), 2, weight=0.25), 1, {}, "weight of 0.25"),
        ("loihi1.nengo_convolution", Convolution((1, 2, 2), [[[[3]]]]), 1, {"exponent": -7}, "-6"),
        ("loihi1.pooling", Convolution((1, 2, 2), [[[[3]]]]), 1, {}, "takes Pooling"),
        ("dynapcnn.convolution", Convolution((1, 2, 2), [[[[3]]]]), [1, 2, 1, 1], {}, "one delay"),
    ],
)  # fmt: skip
def test_what_a_chip_cannot_have_is_refused_in_words(kind, form, delay_ms, params, words):
    with pytest.raises(ConfigError, match=words):
        Wire(form, kind, params, delay_ms=delay_ms)
