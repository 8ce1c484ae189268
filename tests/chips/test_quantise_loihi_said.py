"""What is said of a network in Loihi's whole numbers, and what is refused."""

import numpy as np
import pytest

from neuroloop.chips.loihi import quantise
from neuroloop.core.errors import ConfigError
from neuroloop.network import (
    Input,
    Network,
    Population,
    Projection,
    dense,
    one_to_one,
)


def test_a_decay_that_the_grid_has_not_is_stated_and_one_that_it_misses_warned_of():
    def made(**params):
        return quantise(Network(populations=(Population("cells", 4, "lif", params),)), 1000)

    fair = made(tau_m_ms=20.0)
    leak = 1 - np.exp(-1 / 20)
    assert fair.layers[0].numbers["dv"] == round(leak * 4096) == 200
    assert fair.layers[0].errors["dv"] == pytest.approx(200 / 4096 / leak - 1)
    assert not fair.warnings

    slow = made(tau_m_ms=50_000.0)
    assert slow.layers[0].numbers["dv"] == 0
    assert slow.layers[0].errors["dv"] == -1.0
    assert 'population "cells": a tick should take 2e-05 of its v and takes 0' in slow.warnings[0]


def test_weights_that_become_nothing_are_counted_and_all_of_them_refused():
    wide = np.full((1, 10), 1e-4)
    wide[0, 0] = 1.0
    nets = Network((Input("in", 10),), (Population("a", 1),), (Projection("in", "a", dense(wide)),))
    made = quantise(nets, 1000)
    assert made.wires[0].zeros == 9
    assert "projection in-a: 9 of 10 weights became 0" in made.warnings[0]

    high = Population("a", 1, params={"v_threshold": 1e9})
    nets = Network((Input("in", 10),), (high,), (Projection("in", "a", dense(wide)),))
    with pytest.raises(ConfigError, match=r'in-a: all of its weights are 0.*threshold of "a"'):
        quantise(nets, 1000)


def test_a_threshold_that_is_large_beside_the_weights_takes_negative_exponents_and_is_said():
    nets = Network(
        (Input("in", 10),),
        (Population("a", 1, "integrate_and_fire", {"v_threshold": 20_000.0}),),
        (Projection("in", "a", one_to_one(1, 1.0)),),
    )
    made = quantise(nets, 1000)

    assert made.wires[0].exponent == -5
    assert "in-a: its largest weight is 4 of the chip's units" in made.warnings[0]
    assert made.layers[0].numbers["vth"] == 80_000 - 1


def test_a_current_that_may_wrap_around_is_said():
    nets = Network(
        (Input("in", 2000),),
        (Population("a", 1, "current_lif"),),
        (Projection("in", "a", dense(np.ones((1, 2000)))),),
    )
    # 2,000 weights of 255 and what is left of them, beside 2**17
    assert 'population "a": where more than 13% of all' in quantise(nets, 1000).warnings[0]


@pytest.mark.parametrize(
    ("kind", "params", "said"),
    [
        ("integrate_and_fire", {"reset": "subtract"}, '"subtract".*take reset "hard"'),
        ("lif", {"refractory_ms": 70.0}, "refractory time of 70 ticks; 63 are the most"),
        ("lif_exp", {}, "population.*currents of their own"),
        ("adex", {}, 'population "a".*nearest is lif'),
    ],
)
def test_populations_without_a_form_are_refused(kind, params, said):
    with pytest.raises(ConfigError, match=said):
        quantise(Network(populations=(Population("a", 2, kind, params),)), 1000)


def test_delays_beyond_six_bits_are_refused_with_the_way_out():
    def nets(delay_ms):
        link = Projection("in", "a", one_to_one(2), delay_ms=delay_ms)
        return Network((Input("in", 2),), (Population("a", 2),), (link,))

    assert quantise(nets(64.0), 1000).wires[0].ticks == 64
    with pytest.raises(ConfigError, match=r"in-a: a spike has to take 65 ticks.*relays.*longer"):
        quantise(nets(65.0), 1000)


def test_one_bit_cannot_hold_both_signs():
    def nets(*weight):
        return Network(
            (Input("in", 2),), (Population("a", 1),), (Projection("in", "a", dense([weight])),)
        )

    for alone in ((0.5, 0.5), (-0.5, -0.5)):
        assert quantise(nets(*alone), 1000, bits=1).wires[0].zeros == 0
    with pytest.raises(ConfigError, match=r"in-a: its weights have both signs.*weight_bits = 2"):
        quantise(nets(0.5, -0.5), 1000, bits=1)


def test_a_ring_without_a_delay_is_refused_as_elsewhere():
    ring = (Projection("a", "b", one_to_one(2)), Projection("b", "a", one_to_one(2)))
    with pytest.raises(ConfigError, match="form a ring with a delay of 0"):
        quantise(
            Network(populations=(Population("a", 2), Population("b", 2)), projections=ring), 1000
        )


def test_a_threshold_that_is_small_beside_many_large_weights_is_said_to_be_off():
    nets = Network(
        (Input("in", 4000),),
        (Population("a", 1, "lif", {"v_threshold": 1e-3}),),
        (Projection("in", "a", dense(np.ones((1, 4000)))),),
    )
    made = quantise(nets, 1000)
    said = [text for text in made.warnings if "threshold" in text]

    assert abs(made.layers[0].errors["vth"]) > 0.05
    assert 'population "a": its threshold of 0.001 above rest is off by -9' in said[0]
