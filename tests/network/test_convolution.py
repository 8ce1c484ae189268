"""Convolution and pooling: the kernel alone gives what the unrolled synapses give."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroloop.core.errors import ConfigError
from neuroloop.network import (
    Convolution,
    Input,
    Network,
    Pooling,
    Population,
    Projection,
    load,
    one_to_one,
    pairs,
    save,
)
from neuroloop.runtime.simulate import Simulator, simulate

CELL = {"current_decay": 0.0, "v_threshold": 1e30}
"""``cells.c`` is what arrived in this tick"""


def _network(form, connections, delay_ms=0.0, **cell):
    return Network(
        (Input("in", form.n_pre),),
        (Population("cells", form.n_post, "current_lif", {**CELL}, **cell),),
        (Projection("in", "cells", connections, delay_ms),),
    )


def _unrolled(form):
    """Every synapse one by one, from the definition of the convolution."""
    pre, post, weight = [], [], []
    maps, rows, columns = form.output_shape
    channels, height, width = form.input_shape
    kernel, (down, across), (above, left) = form.weight, form.steps, form.before
    for o, y, x, c, i, j in np.ndindex(maps, rows, columns, channels, *kernel.shape[2:]):
        row, column = y * down + i - above, x * across + j - left
        if 0 <= row < form.covered[0] and 0 <= column < form.covered[1]:
            pre.append((c * height + row) * width + column)
            post.append((o * rows + y) * columns + x)
            weight.append(kernel[o, c, i, j])
    return pairs(pre, post, np.array(weight, np.float32))


def _unrolled_pooling(form):
    maps, rows, columns = form.output_shape
    _, height, width = form.input_shape
    ends = [
        ((c * height + y * form.steps[0] + i) * width + x * form.steps[1] + j,
         (c * rows + y) * columns + x)
        for c, y, x, i, j in np.ndindex(maps, rows, columns, *form.window)
    ]  # fmt: skip
    return pairs(*np.array(ends).T, form.weight)


def _same_currents(form, twin, seed=0, ticks=6):
    rng = np.random.default_rng(seed)
    one, other = (Simulator(_network(form, wired)) for wired in (form, twin))
    for _ in range(ticks):
        units = rng.integers(0, form.n_pre, rng.integers(0, min(form.n_pre, 12) + 1))
        units = np.unique(units)
        for simulator in (one, other):
            simulator.step({"in": units})
        # the current decays whole in each tick, so c is what came in this one
        got, wanted = (s.arena["cells.c"].copy() for s in (one, other))
        assert got.tobytes() == wanted.tobytes()


def _kernel(rng, *shape):
    return rng.normal(size=shape).astype(np.float32)


SHAPES = [
    ((1, 5, 5), (1, 3, 3), 1, 0),
    ((1, 5, 5), (1, 3, 3), 1, "same"),
    ((2, 7, 9), (3, 3, 5), 1, "same"),
    ((2, 7, 9), (3, 2, 4), 1, "same"),
    ((2, 8, 8), (4, 3, 3), 2, 1),
    ((3, 11, 6), (2, 5, 4), (2, 3), (2, 1)),
    ((1, 9, 9), (2, 2, 2), 4, 0),
    ((2, 1, 40), (2, 1, 17), 1, (0, 8)),
    ((1, 4, 30), (1, 4, 30), 1, (3, 29)),
    ((1, 13, 13), (1, 1, 1), 3, 0),
]
POOLED = [
    ((2, 8, 8), (3, 3, 3), 1, 1, 2),
    ((2, 9, 11), (3, 3, 3), 1, "same", 2),
    ((1, 13, 10), (2, 2, 3), (2, 1), (1, 2), (3, 2)),
    ((1, 5, 5), (2, 1, 1), 1, 0, 4),
]


@pytest.mark.parametrize(
    ("input_shape", "kernel", "stride", "padding", "pool"), [*((*s, 1) for s in SHAPES), *POOLED]
)
def test_convolution_has_the_bits_of_its_synapses_one_by_one(
    input_shape, kernel, stride, padding, pool
):
    maps, deep, wide = kernel
    weight = _kernel(np.random.default_rng(1), maps, input_shape[0], deep, wide)
    form = Convolution(input_shape, weight, stride, padding, pool)
    twin = _unrolled(form)

    assert len(form) == len(twin)
    _same_currents(form, twin)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_convolution_has_the_bits_of_its_synapses(data):
    size, small = st.integers(1, 12), st.integers(1, 3)
    shape = (data.draw(small), data.draw(size), data.draw(size))
    kernel = (
        data.draw(small),
        shape[0],
        data.draw(st.integers(1, 9)),
        data.draw(st.integers(1, 9)),
    )
    padding = tuple(data.draw(st.integers(0, k - 1)) for k in kernel[2:])
    stride = (data.draw(st.integers(1, 5)), data.draw(st.integers(1, 5)))
    weight = _kernel(np.random.default_rng(0), *kernel)
    try:
        form = Convolution(shape, weight, stride, padding)
    except ConfigError as error:
        assert "does not fit" in str(error)  # noqa: PT017
        return
    twin = _unrolled(form)

    assert len(form) == len(twin)
    _same_currents(form, twin, ticks=3)


def test_convolution_is_the_correlation_of_the_picture_with_the_kernel():
    rng = np.random.default_rng(2)
    form = Convolution((2, 9, 12), _kernel(rng, 3, 2, 4, 3), stride=(2, 1), padding=(1, 2))
    picture = rng.random((2, 9, 12)) < 0.3
    simulator = Simulator(_network(form, form))

    simulator.step({"in": np.flatnonzero(picture)})

    padded = np.pad(picture.astype(float), ((0, 0), (1, 1), (2, 2)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (4, 3), axis=(1, 2))[:, ::2]
    wanted = np.einsum("cyxij,ocij->oyx", windows, form.weight.astype(float))
    got = simulator.arena["cells.c"].reshape(form.output_shape)
    assert np.allclose(got, wanted, atol=1e-5)


@pytest.mark.parametrize(("input_shape", "kernel", "stride", "padding", "pool"), POOLED)
def test_pooled_convolution_is_that_of_the_sums(input_shape, kernel, stride, padding, pool):
    maps, deep, wide = kernel
    weight = np.random.default_rng(1).integers(-9, 10, (maps, input_shape[0], deep, wide))
    form = Convolution(input_shape, weight, stride, padding, pool)
    first = Pooling(input_shape, pool)
    after = Convolution(first.output_shape, weight, stride, padding)
    one, other = Simulator(_network(form, form)), Simulator(_network(after, after))
    picture = np.random.default_rng(2).random(input_shape) < 0.5
    rows, columns = first.window
    _, height, width = first.output_shape
    cut = picture[:, : height * rows, : width * columns]
    sums = cut.reshape(-1, height, rows, width, columns).sum(axis=(2, 4)).reshape(-1)

    one.step({"in": np.flatnonzero(picture)})

    total = np.zeros(after.n_post)
    for times in range(1, sums.max() + 1):
        other.step({"in": np.flatnonzero(sums >= times)})
        total += other.arena["cells.c"]
    assert form.output_shape == after.output_shape
    assert one.arena["cells.c"].tolist() == total.tolist()


@pytest.mark.parametrize(
    "form",
    [
        Pooling((2, 8, 8), 2, weight=0.25),
        Pooling((1, 7, 9), (2, 3)),
        Pooling((3, 9, 9), 3, stride=2, weight=-0.5),
        Pooling((2, 9, 5), 2, stride=(3, 4)),
        Pooling((1, 1, 1), 1),
        Pooling((2, 6, 6), (6, 1), stride=1),
    ],
)
def test_pooling_has_the_bits_of_its_synapses_one_by_one(form):
    twin = _unrolled_pooling(form)

    assert len(form) == len(twin)
    _same_currents(form, twin)


FORMS = [
    Convolution((2, 9, 9), _kernel(np.random.default_rng(0), 5, 2, 3, 3), padding="same"),
    Pooling((2, 9, 9), 3, stride=2, weight=0.5),
    Convolution((2, 9, 10), _kernel(np.random.default_rng(0), 5, 2, 3, 2), 1, 1, (2, 3)),
]


@pytest.mark.parametrize("form", [*FORMS, Convolution((1, 30, 30), np.ones((9, 1, 3, 3)), 2)])
@pytest.mark.parametrize("delay_ms", [0.0, 3.0])
def test_neurons_that_wait_for_events_are_woken_by_what_reaches_them(form, delay_ms):
    rng = np.random.default_rng(0)
    inputs = {"in": (np.sort(rng.integers(0, 40, 25)), rng.integers(0, form.n_pre, 25))}

    def run(update):
        cells = Population("cells", form.n_post, "lif", {"v_threshold": 0.6}, {}, update)
        link = Projection("in", "cells", form, delay_ms)
        network = Network((Input("in", form.n_pre),), (cells,), (link,))
        return simulate(network, ticks=60, inputs=inputs, watch=["cells"]).spikes["cells"]

    lazy, full = run("events"), run("full")
    assert len(full.unit)
    assert lazy.t_us.tolist() == full.t_us.tolist()
    assert lazy.unit.tolist() == full.unit.tolist()


@pytest.mark.parametrize("form", FORMS)
def test_operations_are_counted_as_those_of_the_synapses(form):
    units = np.arange(form.n_pre)

    result = simulate(_network(form, form), ticks=200, inputs={"in": (units, units)})

    assert result.synaptic_operations == len(form)


@pytest.mark.parametrize("form", FORMS)
def test_kernel_is_kept_in_a_file(form, tmp_path):
    save(_network(form, form, 3.0), tmp_path / "net.npz")

    again = load(tmp_path / "net.npz").projections[0]

    assert again.kind == form.KIND
    assert type(again.connections) is type(form)
    first, second = (Simulator(_network(form, c, 3.0)) for c in (form, again.connections))
    assert first.arena.memory.tobytes() == second.arena.memory.tobytes()


def test_one_kernel_takes_the_memory_of_one_kernel():
    form = Convolution((2, 100, 100), np.ones((8, 2, 5, 5)), padding="same")
    simulator = Simulator(_network(form, form))

    assert simulator.arena["in-cells.0.weight"].nbytes < 2 * 4 * form.weight.size
    assert len(form) > 3_800_000


K = np.ones((2, 1, 3, 3))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Convolution((1, 5), K), r"input_shape .* 3 whole numbers"),
        (lambda: Convolution((1, 5, 5.0), K), "input_shape"),
        (lambda: Convolution((1, 0, 5), K), "input_shape"),
        (lambda: Convolution(5, K), "input_shape"),
        (lambda: Convolution((2, 5, 5), K), "takes 1 channels, but input_shape has 2"),
        (lambda: Convolution((1, 5, 5), K[0]), r"float32\[out, in, height, width\], not"),
        (lambda: Convolution((1, 5, 5), np.ones((0, 1, 3, 3))), "not"),
        (lambda: Convolution((1, 5, 5), K * np.nan), "kernel holds a number that is not finite"),
        (lambda: Convolution((1, 5, 5), [["a"]]), "a kernel is"),
        (lambda: Convolution((1, 2, 5), K), "a kernel of 3 does not fit into 2 and padding 0"),
        (
            lambda: Convolution((1, 1, 1), np.ones((1, 1, 1, 5000)), 1, (0, 2500)),
            "a kernel of 5000",
        ),
        (lambda: Convolution((1, 5, 5), K, stride=0), "stride is 0"),
        (lambda: Convolution((1, 5, 5), K, stride=(1, 2, 3)), "stride"),
        (lambda: Convolution((1, 5, 5), K, padding=-1), "padding"),
        (lambda: Convolution((1, 5, 5), K, padding=3), "padding of 3 for a kernel of 3"),
        (lambda: Convolution((1, 5, 5), K, padding="valid"), "padding is"),
        (lambda: Convolution((1, 5, 5), K, 2, "same"), '"same" needs a stride of 1'),
        (lambda: Convolution((1, 10**5, 10**5), K), "at most 2147483647 fit"),
        (lambda: Convolution((1, 5, 5), K, pool=0), "pool is 0"),
        (lambda: Convolution((1, 5, 5), K, pool=(2, 6)), "window of 6 to pool does not fit into 5"),
        (lambda: Convolution((1, 5, 5), K, pool=2), "kernel of 3 does not fit into 2"),
        (lambda: Pooling((1, 5, 5), 6), "window of 6 does not fit into 5"),
        (lambda: Pooling((1, 5, 5), 0), "size is 0"),
        (lambda: Pooling((1, 5, 5), 2, stride=-1), "stride is -1"),
        (lambda: Pooling((1, 5, 5), 2, weight=np.inf), "one finite number"),
        (lambda: Pooling((1, 5, 5), 2, weight=[1.0]), "one finite number"),
        (
            lambda: _network(Pooling((1, 5, 5), 1), Pooling((1, 4, 4), 1)),
            '16 units, but "in" has 25',
        ),
        (lambda: _network(FORMS[0], one_to_one(163)), 'neuron 162 of "in"'),
        (lambda: _network(FORMS[0], FORMS[0], np.ones(3)), r"\(3,\) delays for"),
        (
            lambda: Simulator(_network(FORMS[0], FORMS[0], np.arange(float(len(FORMS[0]))))),
            "one delay for all",
        ),
    ],
)
def test_shapes_that_do_not_fit_are_refused_in_words(make, words):
    with pytest.raises(ConfigError, match=words):
        make()


@pytest.mark.parametrize(
    ("connections", "kind"),
    [
        (FORMS[0], "static"),
        (FORMS[0], "pooling"),
        (one_to_one(162), "convolution"),
        (FORMS[1], "value"),
    ],
)
def test_kind_for_another_form_is_refused_with_the_right_one(connections, kind):
    network = Network(
        (Input("in", 162, "values" if kind == "value" else "spikes"),),
        (Population("cells", connections.n_post, "current_lif"),),
        (Projection("in", "cells", connections, kind=kind),),
    )

    with pytest.raises(ConfigError, match=f'in-cells: .*kind "{connections.KIND}"'):
        Simulator(network)
