"""The networks of the run files that obey words: what was learnt, and a will of a few neurons."""

import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np

from neuroloop.network import (
    Input,
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
_SURE = 7.0
"""spikes by which a word must lead, those of the last 300 ms or so: a short "go" has hardly more"""


def look_and_listen(width: int = 64, height: int = 48, directions: int = 37) -> Network:
    """Turn to a sound, then to what moves: `track` of nets.py with ears.

    ``sound`` is two groups, left and right, which the cells of direction of their side excite
    through slow currents, the more, the farther to the side they are, and which inhibit each other:
    the earlier side wins.  They turn the robot, and keep ``columns`` and ``place`` of the eye quiet
    while they do, when all of the picture moves: what was looked at before is forgotten.
    """
    look: Network = runpy.run_path(str(Path(__file__).parent / "nets.py"))["track"](width, height)
    columns, places, motor = (look.size(name) for name in ("columns", "place", "motor"))
    side = np.linspace(1.0, -1.0, directions)
    sides = np.repeat([side.clip(0), -side.clip(max=0)], GROUP, axis=0)
    group = np.kron(np.eye(2), np.ones((motor // 2, GROUP)))
    rivals = np.kron([[0.0, 1.0], [1.0, 0.0]], np.ones((GROUP, GROUP)))
    slow = {"tau_exc_ms": 150.0, "tau_inh_ms": 50.0, "refractory_ms": 10.0}
    start = {"v": -60.0 + 10.0 * np.tile(np.linspace(0.0, 0.9, GROUP), 2)}
    return replace(
        look,
        inputs=(*look.inputs, Input("direction", directions)),
        populations=(
            *look.populations,
            Population("sound", 2 * GROUP, "lif_exp", slow, start),
        ),
        projections=(
            *look.projections,
            Projection("direction", "sound", dense(sides * 15.0), receptor="exc"),
            Projection("sound", "sound", dense(-5.0 * rivals), 1.0, "inh"),
            Projection("sound", "columns", all_to_all(2 * GROUP, columns, -1.0)),
            Projection("sound", "place", all_to_all(2 * GROUP, places, -30.0), receptor="inh"),
            Projection("sound", "motor", dense(0.2 * group)),
        ),
    )


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
                "heard",
                "turn",
                dense([[0.0, 0.0, 900.0, 0.0], [0.0, 0.0, 0.0, 900.0]]),
                receptor="exc",
            ),
            Projection(
                "heard",
                "turn",
                dense([[0.0, -900.0, 0.0, -900.0], [0.0, -900.0, -900.0, 0.0]]),
                receptor="inh",
            ),
            Projection("drive", "motor", dense(np.repeat([[1.2], [0.0], [0.0]], GROUP, axis=0))),
            Projection("turn", "motor", dense(np.repeat(np.eye(3, 2, -1) * 1.2, GROUP, axis=0))),
        ),
    )
