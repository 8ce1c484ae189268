"""Synapses and neurons of Loihi 1: layouts, and what the chip does not have."""

import re

import numpy as np
import pytest

from neuroloop import Input, Network, Population, Projection, Simulator
from neuroloop.core.errors import ConfigError
from neuroloop.network import pairs


def test_unit_of_an_input_that_stands_twice_counts_twice():
    one = pairs([0], [0], 20.0)
    network = Network(
        (Input("in", 1),),
        (Population("a", 1, "loihi1.cuba", {"vth": 1000}),),
        (Projection("in", "a", one, 1.0, kind="loihi1.synapses"),),
    )
    simulator = Simulator(network, room={"in": 3})
    simulator.step({"in": [0, 0, 0]})
    simulator.step()

    assert simulator.arena["a.u"][0] == 60 << 6


@pytest.mark.parametrize("layout", ["dense", "csr"])
@pytest.mark.parametrize("exponent", [-2, 3])
@pytest.mark.parametrize("kind", ["loihi1.cuba", "loihi1.ternary"])
def test_layouts_add_the_same_and_count_the_same(layout, exponent, kind):
    rng = np.random.default_rng(3)
    connected = np.nonzero(rng.random((50, 70)) < 0.3)
    wired = pairs(*connected, rng.integers(-256, 256, len(connected[0])))
    back = pairs(connected[1], connected[0], 30.0)

    def run(layout):
        sizes = {"a": 50, "b": 70}
        network = Network(
            (Input("in", 50),),
            tuple(Population(name, n, kind) for name, n in sizes.items()),
            tuple(
                Projection(
                    *(source, target, via, 2.0),
                    kind="loihi1.synapses",
                    params={"exponent": exponent},
                    layout=layout,
                )
                for source, target, via in (("in", "b", wired), ("b", "a", back), ("a", "b", wired))
            ),
        )
        simulator = Simulator(network)
        for k in range(40):
            simulator.step({"in": np.flatnonzero(np.random.default_rng(k).random(50) < 0.1)})
        counted = [simulator.arena[f"{n}.counted"].tolist() for n in ("in-b.0", "b-a.1", "a-b.2")]
        return simulator.arena["a.u"].tolist(), simulator.arena["b.v"].tolist(), counted

    assert run(layout) == run("auto")
    assert min(min(pair) for pair in run(layout)[2]) > 0


def refused(cell=("loihi1.cuba", {}), weight=1.0, delay=1.0, layout="auto", arrays=None, **params):
    network = Network(
        (Input("in", 1),),
        (Population("a", 1, *cell, arrays or {}),),
        (
            Projection(
                *("in", "a", pairs([0], [0], weight), delay),
                kind="loihi1.synapses",
                params=params,
                layout=layout,
            ),
        ),
    )
    with pytest.raises(ConfigError) as found:
        Simulator(network)
    return str(found.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"delay": 0.0}, "projection in-a: a delay of 0: .* delay_ms of at least 1 "),
        ({"delay": 65.0}, "projection in-a: a delay of 65 ticks: .* delay_ms of at most 64"),
        ({"layout": "ring"}, 'layout "ring" is for floating-point weights; dense and csr'),
        ({"exponent": 8}, r"projection in-a .*exponent.*<= 7, not 8"),
        ({"bits": 0}, "projection in-a .*bits.*>= 1, not 0"),
        ({"sign": "both"}, "projection in-a .*sign"),
        ({"cell": ("loihi1.cuba", {"vth": -1})}, 'population "a" .*vth.*>= 0, not -1'),
        ({"cell": ("loihi1.cuba", {"du": 0.5})}, 'population "a" .*du.*int'),
        (
            {"cell": ("loihi1.ternary", {"vth_hi": 3, "vth_lo": 4})},
            'population "a": vth_lo is 4 and vth_hi 3; the lower',
        ),
        (
            {"arrays": {"bias_mant": [5000]}},
            "bias_mant of neuron 0 is 5000; whole numbers of -4096",
        ),
        ({"arrays": {"bias_mant": [0.5]}}, "bias_mant of neuron 0 is 0.5; whole numbers"),
        ({"arrays": {"bias_mant": [1, 2]}}, r"bias_mant has shape \(2,\), not \(1,\)"),
    ],
)
def test_what_the_chip_does_not_have_is_refused_in_words(given, said):
    assert re.search(said, refused(**given), re.DOTALL), refused(**given)


def test_sum_that_32_bits_cannot_hold_is_refused():
    n = 70_000
    network = Network(
        (Input("in", n),),
        (Population("a", 1, "loihi1.cuba"),),
        (
            Projection(
                *("in", "a", pairs(np.arange(n), np.zeros(n, int), 255.0), 1.0),
                kind="loihi1.synapses",
                params={"exponent": 7},
            ),
        ),
    )
    with pytest.raises(ConfigError, match="up to 2284800000 arrives at neuron 0 in a tick"):
        Simulator(network)
