"""Chips on which a layer takes a core, and chips of one core."""

from itertools import permutations
from math import ceil, log2

import numpy as np
import pytest

from neuroloop.chips import profile
from neuroloop.chips.fit import fit
from neuroloop.chips.fit.matching import match
from neuroloop.chips.quantised import Quantised
from neuroloop.network import (
    Convolution,
    Input,
    Network,
    Population,
    Projection,
    all_to_all,
)

SPECK = profile.load("dynapcnn")
XYLO = profile.load("xylo_audio2")


def layer(name, n, **more):
    return Population(name, n, "dynapcnn.iaf", {"threshold": 100}, **more)


def chain(*forms):
    """Layers one after the other."""
    inputs, names = Input("in", forms[0].n_pre), ["in", *(f"l{k}" for k in range(len(forms)))]
    populations = [layer(name, f.n_post) for name, f in zip(names[1:], forms, strict=True)]
    wires = [
        Projection(a, b, f, kind="dynapcnn.convolution")
        for a, b, f in zip(names, names[1:], forms, strict=False)
    ]
    return Network((inputs,), tuple(populations), tuple(wires))


def ones(shape, out, size, **more):
    return Convolution(shape, np.ones((out, shape[0], size, size)), **more)


def found(network, chip=SPECK, **more):
    return fit(Quantised(chip.name, network, {}), chip, **more)


@pytest.mark.parametrize("seed", range(30))
def test_matching_is_the_largest_there_is(seed):
    rng = np.random.default_rng(seed)
    layers, cores = int(rng.integers(1, 6)), int(rng.integers(1, 6))
    possible = [np.flatnonzero(rng.random(cores) < 0.4).tolist() for _ in range(layers)]
    result = match(possible)
    taken = [core for core in result.taken if core is not None]
    assert len(set(taken)) == len(taken)
    assert all(core is None or core in possible[k] for k, core in enumerate(result.taken))
    # every way to give cores, some of them none
    ways = permutations([*range(cores), *[None] * layers], layers)
    best = max(sum(c in possible[k] for k, c in enumerate(way) if c is not None) for way in ways)
    assert len(taken) == best
    for who, on in result.crowded:
        assert len(who) > len(on)
        assert set().union(*(possible[k] for k in who)) <= set(on)


def test_memories_are_those_of_the_formula():
    forms = [ones((2, 64, 64), 8, 5, padding=2, stride=2)]
    forms.append(Convolution(forms[0].output_shape, np.ones((12, 8, 3, 3)), padding=1, pool=2))
    result = found(chain(*forms))
    assert result.fits
    for use, form in zip(result.layers, forms, strict=True):
        f, c, kx, ky = np.shape(form.kernel)
        _, y, x = form.output_shape
        assert use.uses["kernel_words"] == c * 2 ** (ceil(log2(kx * ky)) + ceil(log2(f)))
        assert use.uses["neuron_words"] == f * 2 ** (ceil(log2(y)) + ceil(log2(x)))
    assert len({core for use in result.layers for core in use.cores}) == 2
    assert all(u.used <= u.most for core in result.cores for u in core.uses)


def test_a_layer_that_no_core_holds_and_what_makes_it_smaller():
    form = ones((2, 128, 128), 32, 3, padding="same")
    (misfit,) = found(chain(form)).misfits
    assert misfit.where == "l0"
    assert (misfit.use.what, misfit.use.used, misfit.use.most) == ("neuron_words", 32 << 14, 65536)
    assert "4 maps instead of 32" in misfit.remedies
    assert "or 8 populations of up to 4 maps, each on a core" in misfit.remedies
    assert "or its input pooled by 4 x 4 before it" in misfit.remedies
    assert found(chain(ones((2, 128, 128), 4, 3, padding="same"))).fits
    assert found(chain(ones((2, 128, 128), 32, 3, padding="same", pool=4))).fits
    assert not found(chain(ones((2, 128, 128), 32, 3, padding="same", pool=2))).fits


def test_layers_that_need_the_same_cores():
    """Kernels of 64 Ki words lie on cores 5 and 6 alone."""
    forms = [ones((1024, 1, 1), 64, 1), ones((64, 1, 1), 1024, 1), ones((1024, 1, 1), 64, 1)]
    result = found(chain(*forms))
    (misfit,) = result.misfits
    assert "all need one of cores 5, 6" in misfit.why
    assert found(chain(*forms[:2])).fits


def test_ten_layers_are_one_too_many():
    forms = [ones((1, 4, 4), 1, 1)] * 10
    (misfit,) = found(chain(*forms)).misfits
    assert misfit.why == "10 layers and 9 cores; a layer takes a core"
    assert found(chain(*forms[:9])).fits


def test_what_a_layer_cannot_be():
    one = Convolution((1, 8, 8), np.ones((1, 1, 2, 3)))
    assert "a kernel of 2 x 3; the chip has square ones" in str(found(chain(one)).misfits[0])
    names = "abc"
    network = Network(
        (Input("in", 4),),
        (layer("hub", 4), *(layer(name, 4) for name in names)),
        tuple(
            Projection(s, t, all_to_all(4, 4, 1.0), kind="dynapcnn.synapses")
            for s, t in [("in", "hub"), *(("hub", name) for name in names)]
        ),
    )
    (misfit,) = found(network).misfits
    assert (misfit.where, misfit.use.used, misfit.use.most) == ("hub", 3, 2)


def hidden(name, n):
    return Population(name, n, "xylo.hidden", {"dash_mem": 3, "dash_syn": 2, "threshold": 90})


def xylo(inputs, n, outputs, receptors=("syn1",)):
    return Network(
        (Input("in", inputs),),
        (hidden("h", n), Population("out", outputs, "xylo.output", {"threshold": 50})),
        (
            *(
                Projection("in", "h", all_to_all(inputs, n, 3.0), 0.0, r, "xylo.synapses")
                for r in receptors
            ),
            Projection("h", "out", all_to_all(n, outputs, 2.0), 1.0, kind="xylo.synapses"),
        ),
    )


def test_one_core_for_all():
    result = found(xylo(16, 60, 8), XYLO)
    assert result.fits
    assert {use.what: (use.used, use.most) for use in result.uses} == {
        "chip_inputs": (16, 16),
        "chip_hidden": (60, 1000),
        "chip_outputs": (8, 8),
    }
    assert result.placed.fan_cores(0) == 1.0
    assert result.placed.hops(0) == 0.0


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (xylo(17, 10, 2), '17 input channels ("in" 17), and it has 16; fewer sensor channels'),
        (xylo(2, 1001, 2), '1,001 hidden neurons ("h" 1,001), and it has 1,000; smaller'),
        (xylo(2, 10, 9), '9 output neurons ("out" 9), and it has 8'),
    ],
)
def test_more_than_there_is_room_for(network, words):
    (misfit,) = found(network, XYLO).misfits
    assert words in str(misfit)


def test_a_second_synapse_where_there_is_one():
    network = xylo(2, 10, 2, ("syn1", "syn2"))
    assert found(network, XYLO).fits
    (misfit,) = found(network, profile.load("xylo_imu")).misfits
    assert "projection in-h-syn2: a neuron of Xylo IMU has one synapse" in str(misfit)


def test_cycles_of_a_tick():
    """All terms of the model, by hand: 4 inputs, 10 hidden neurons, 2 outputs, 100 Hz at 1 ms."""
    cycles = 4 * (0.1 * 10 * 3.5 + 1) + 10 * 3 + 10 * 19 + 0.1 * 10 * 2 * 8 + 2 * 12
    result = found(xylo(4, 10, 2), XYLO, rate_hz=100.0)
    assert f"about {cycles:,.0f} cycles" in " ".join(result.notes)
    assert f"{cycles * 1e3 / 1e6:.3g} MHz" in " ".join(result.notes)
