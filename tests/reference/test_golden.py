"""Twenty ticks of every neuron model against the trace that was kept in ``golden.json``.

A kind that is not in the file yet is added by ``python tests/reference/test_golden.py``; one that
changed on purpose is taken out of the file first.  ``conftest.py`` says what the neurons get.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from neuroloop.config import resolve

FILE = Path(__file__).with_name("golden.json")
KEPT = json.loads(FILE.read_text()) if FILE.is_file() else {}
KINDS = [kind for kind in resolve.kinds("neuron") if "." not in kind]
"""those of chips, which are in folders, have exact twins in ``tests/chips``"""


def plain(trace):
    """Return a trace as plain numbers."""
    return {
        "spikes": np.argwhere(trace.fired).tolist(),
        **{
            f"cells.{name}": np.round(v.astype(float), 6).tolist()
            for name, v in trace.probes.items()
        },
    }


@pytest.mark.parametrize("kind", KINDS)
def test_twenty_ticks_are_as_they_were(kind, golden):
    got, kept = plain(golden(kind)), KEPT[kind]

    assert got["spikes"] == kept["spikes"]
    assert got.keys() == kept.keys()
    assert len(got["spikes"]) > 5 or len(got) > 1
    for name in kept.keys() - {"spikes"}:
        np.testing.assert_allclose(got[name], kept[name], rtol=1e-5, atol=2e-6)


if __name__ == "__main__":
    from conftest import run

    new = {kind: plain(run(kind)) for kind in KINDS if kind not in KEPT}
    FILE.write_text(json.dumps({**KEPT, **new}, indent=None, sort_keys=True) + "\n")
