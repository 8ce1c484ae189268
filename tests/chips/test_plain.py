"""The shared form of neurons says what the engine does, and refuses what has none."""

import numpy as np
import pytest

from neuroloop import simulate
from neuroloop.chips import plain
from neuroloop.core.errors import ConfigError
from neuroloop.network import Input, Network, Population, Projection, one_to_one

TICKS, N = 300, 24
KINDS = {
    "lif": {"v_rest": -1.0, "v_reset": -1.0, "v_threshold": 0.5, "refractory_ms": 2.0},
    "lif subtract": {"tau_m_ms": 7.0, "reset": "subtract"},
    "current_lif": {"current_decay": 0.6, "voltage_decay": 0.9, "v_threshold": 1.5},
    "integrate_and_fire": {"v_reset": 0.25, "v_threshold": 2.0, "refractory_ms": 1.0},
    "lif_exp": {"tau_exc_ms": 4.0, "tau_inh_ms": 4.0, "refractory_ms": 3.0},
}


def recurrence(cell, x):
    """Return u, v and spikes of the equations of the shared form, tick by tick."""
    u, v, held = np.zeros(cell.n), cell.v.copy(), np.zeros(cell.n, int)
    late = np.zeros((cell.extra_ticks, cell.n))
    x = np.concatenate([late, x])[: len(x)] * cell.gain("")
    potentials, spikes = [], []
    for now in x:
        u = cell.u_keep * u + now + cell.bias_u
        free = cell.v_keep * v + u + cell.bias_v
        fires = (free > cell.threshold if cell.strict else free >= cell.threshold) & (held == 0)
        after = free - cell.threshold if cell.subtract else np.zeros(cell.n)
        v = np.where(held > 0, v, np.where(fires, after, free))
        held = np.where(fires, cell.refractory, np.maximum(held - 1, 0))
        potentials.append(v)
        spikes.append(fires)
    return np.array(potentials), np.array(spikes)


@pytest.mark.parametrize("case", KINDS)
def test_the_engine_does_what_the_shared_form_says(case):
    kind, rng = case.split()[0], np.random.default_rng(4)
    bias = "bias"
    strength = 900.0 if kind == "lif_exp" else 0.8
    arrays = {bias: rng.uniform(-0.05, 0.1, N) * (200.0 if kind == "lif_exp" else 1.0)}
    cells = Population("cells", N, kind, KINDS[case], arrays)
    fed = rng.random((TICKS, N)) < 0.4
    weight = np.float32(rng.uniform(-0.3, 1.0, N) * strength)
    link = Projection("in", "cells", one_to_one(N, weight))
    t, unit = np.nonzero(fed)
    result = simulate(
        Network((Input("in", N),), (cells,), (link,)),
        ticks=TICKS,
        inputs={"in": (t.astype(float), unit)},
        watch=["cells"],
        probe=["cells.v"],
    )

    cell = plain.of(cells, 1.0, "here")
    potentials, spikes = recurrence(cell, fed * weight)
    found = np.zeros((TICKS, N), bool)
    found[result.spikes["cells"].t_us // 1000, result.spikes["cells"].unit] = True

    assert spikes.sum() > 50
    np.testing.assert_array_equal(found, spikes)
    rest = {"lif": -1.0 if "v_rest" in KINDS[case] else 0.0, "lif_exp": -60.0}.get(kind, 0.0)
    rest = 0.25 if kind == "integrate_and_fire" else rest
    if kind != "current_lif":  # its reset shows a tick later
        np.testing.assert_allclose(result.probes["cells.v"] - rest, potentials, atol=2e-4)


def test_receptors_with_currents_of_their_own_are_told_apart():
    cell = plain.of(Population("a", 2, "lif_exp"), 1.0, "here")

    assert cell.receptors["inh"].keep > cell.receptors["exc"].keep
    with pytest.raises(ConfigError, match=r"exc 0.8187, inh 0.9048.*same value"):
        _ = cell.u_keep


@pytest.mark.parametrize(
    ("kind", "params", "said"),
    [
        ("adex", {}, "kind adex has no form on a chip; what comes nearest is lif"),
        ("lif_cond", {}, "nearest is lif_exp"),
        ("leaky_integrator", {}, "nearest is integrate_and_fire"),
        ("./mine.py", {}, "known: current_lif, integrate_and_fire, lif, lif_exp"),
        ("lif", {"v_threshold": -0.5}, "threshold is -0.5 above rest.*positive"),
        ("lif", {"v_threshold": 0.0}, "threshold is 0 above rest"),
        ("lif", {"v_rest": -1.0}, "puts v to 0, and it rests at -1.*give v_reset the value"),
        ("lif_exp", {"v_reset_mv": -70.0}, "give v_reset_mv the value of v_rest_mv"),
        ("lif", {"tau_ms": 3.0}, 'no parameter "tau_ms"'),
        ("lif", {"bias": float("nan")}, "bias is nan; a finite number"),
    ],
)
def test_what_has_no_form_is_refused_in_words(kind, params, said):
    with pytest.raises(ConfigError, match=f'population "a".*{said}'):
        plain.of(Population("a", 2, kind, params), 1.0, 'population "a"')


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"refractory": [1.0, 0.0]}, 'array "refractory" cannot be given'),
        ({"bias": [1.0]}, r"bias has shape \(1,\), not \(2,\)"),
        ({"v": [np.inf, 0.0]}, "v holds a number that is not finite"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(arrays, said):
    with pytest.raises(ConfigError, match=said):
        plain.of(Population("a", 2, "lif", arrays=arrays), 1.0, "here")


def test_synapses_and_inputs_without_a_form_are_refused():
    cells = Population("a", 2)

    def network(**link):
        return Network((Input("in", 2),), (cells,), (Projection("in", "a", one_to_one(2), **link),))

    plain.check_synapses(network())
    with pytest.raises(ConfigError, match=r'projection in-a: kind stdp learns.*"static"'):
        plain.check_synapses(network(kind="stdp"))
    with pytest.raises(ConfigError, match=r"in-a: kind ./x.py has no form.*pooling have one"):
        plain.check_synapses(network(kind="./x.py"))
    with pytest.raises(ConfigError, match=r'input "in" carries values.*encoder'):
        plain.check_synapses(Network((Input("in", 2, "values"),)))
