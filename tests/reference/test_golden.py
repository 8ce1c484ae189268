"""Twenty ticks of every neuron model against the trace that was kept in ``golden.json``.

A kind that is not in the file yet is added by ``python tests/reference/test_golden.py``; one that
changed on purpose is taken out of the file first.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from neuroloop.config import resolve
from neuroloop.network import Input, Network, Population, Projection, one_to_one
from neuroloop.runtime.simulate import simulate

FILE = Path(__file__).with_name("golden.json")
SCALE = {"lif_exp": 900.0}
"""by kind, where a weight of about 1 would move nothing"""


def trace(kind):
    """Return what six neurons do in 20 ticks, as plain numbers."""
    cells = Population("cells", 6, kind, {"rate_hz": 300.0} if kind == "poisson" else {})
    weight = np.linspace(0.2, 1.4, 6) * SCALE.get(kind, 1.0)
    network = Network(
        (Input("in", 6),),
        (cells,),
        () if kind == "poisson" else (Projection("in", "cells", one_to_one(6, weight), 1.0),),
    )
    busy = np.random.default_rng(11).random((20, 6)) < 0.6
    times, units = np.nonzero(busy)
    probe = [] if kind == "poisson" else ["cells.v"]
    inputs = {"in": (times * 1.0, units)}
    result = simulate(network, ticks=20, seed=5, inputs=inputs, watch=["cells"], probe=probe)
    spikes = result.spikes["cells"]
    return {
        "spikes": [[int(t) // 1000, int(u)] for t, u in zip(spikes.t_us, spikes.unit, strict=True)],
        **{name: np.round(values, 6).tolist() for name, values in result.probes.items()},
    }


KEPT = json.loads(FILE.read_text()) if FILE.is_file() else {}


@pytest.mark.parametrize("kind", sorted(KEPT))
def test_twenty_ticks_are_as_they_were(kind):
    got, kept = trace(kind), KEPT[kind]

    assert got["spikes"] == kept["spikes"]
    assert len(got["spikes"]) > 5
    for name in kept.keys() - {"spikes"}:
        np.testing.assert_allclose(got[name], kept[name], rtol=1e-5, atol=2e-6)


if __name__ == "__main__":
    new = {kind: trace(kind) for kind in resolve.kinds("neuron") if kind not in KEPT}
    FILE.write_text(json.dumps({**KEPT, **new}, indent=None, sort_keys=True) + "\n")
