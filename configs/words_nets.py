"""The networks of the run files that obey words: what was learnt, and a will of a few neurons."""

from pathlib import Path

import numpy as np

from neuroloop.network import (
    Network,
    Population,
    Projection,
    all_to_all,
    dense,
    load,
    one_to_one,
)

COMMANDS = ("go", "stop", "left", "right")
"""the words of ``data/words_commands.npz``, in the order of its neurons"""
GROUP = 10
"""neurons of a motor group"""
_SURE = 12.0
"""spikes by which a word must lead within half a second: as many as when it was trained"""


def voice(words: str = "data/words_commands.npz") -> Network:
    """Obey four words: go, stop, left and right.

    ``words`` is what `neuroloop.train.words` made, its neurons in equal groups a word.  ``heard``
    has one neuron a word that adds up what speaks for its word and against it, and fires once.
    ``drive`` is a loop that "go" starts and "stop" ends: its spike goes round, so it is kept for as
    long as nobody says otherwise.  ``turn`` has a slow current that "left" or "right" fills, and
    "stop" empties, and so ends by itself after about a second.  ``motor`` is three groups: forward,
    turn left, turn right.
    """
    learnt = load(Path(__file__).parent / words)
    neurons = learnt.size("words")
    each = np.repeat(np.eye(len(COMMANDS)), neurons // len(COMMANDS), axis=1)
    slow = {"tau_exc_ms": 400.0, "tau_inh_ms": 400.0, "refractory_ms": 20.0}
    return Network(
        inputs=learnt.inputs,
        populations=(
            *learnt.populations,
            Population("heard", 4, "lif", {"tau_m_ms": 300.0, "refractory_ms": 300.0}),
            Population("drive", 1, "lif", {"tau_m_ms": 8.0}),
            Population("turn", 2, "lif_exp", slow),
            Population("motor", 3 * GROUP, "lif", {"tau_m_ms": 30.0}),
        ),
        projections=(
            *learnt.projections,
            Projection("words", "heard", dense((2 * each - 1) / _SURE)),
            # one word has been heard: what the others had is forgotten
            Projection("heard", "heard", all_to_all(4, 4, -1.0, allow_self=False), delay_ms=10.0),
            Projection("heard", "drive", dense([[1.5, -3.5, 0.0, 0.0]])),
            Projection("drive", "drive", one_to_one(1, 1.2), delay_ms=10.0),
            Projection(
                "heard", "turn", dense([[0.0, 0.0, 900.0, 0.0], [0.0, 0.0, 0.0, 900.0]]),
                receptor="exc",
            ),
            Projection(
                "heard", "turn", dense([[0.0, -900.0, 0.0, -900.0], [0.0, -900.0, -900.0, 0.0]]),
                receptor="inh",
            ),
            Projection("drive", "motor", dense(np.repeat([[1.2], [0.0], [0.0]], GROUP, axis=0))),
            Projection("turn", "motor", dense(np.repeat(np.eye(3, 2, -1) * 1.2, GROUP, axis=0))),
        ),
    )
