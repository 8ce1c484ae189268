"""The networks of the run files beside this file, wired by hand: read, change, run."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from neuroloop.core.errors import ConfigError
from neuroloop.network import (
    Input,
    Network,
    Population,
    Projection,
    all_to_all,
    dense,
    load,
    load_layers,
    pairs,
)

GROUP = 10
"""neurons in a group; they start spread out so that they do not fire in step"""


def _spread(n: int) -> np.ndarray:
    return np.tile(np.linspace(0.0, 0.9, GROUP), n // GROUP)


def _groups(weights: list[list[float]], source: int = 1) -> np.ndarray:
    """Repeat a matrix ``[group, unit]`` for each neuron of a group, or of both ends."""
    return np.repeat(np.repeat(np.asarray(weights), GROUP, axis=0), source, axis=1)


def navigate(sectors: int = 12) -> Network:
    """Obstacles push away, the goal pulls, and two sides that inhibit each other decide.

    ``motor`` is three groups: turn left, turn right, brake.  What is near on the right excites
    *left*, what is near on the left excites *right*, the more, the more it is ahead; what is ahead
    also brakes and hushes the goal's voice.
    """
    # sectors run from left (+) to right (-); position 1 is far left, -1 far right
    position = 1.0 - 2.0 * (np.arange(sectors) + 0.5) / sectors
    ahead = np.exp(-((position / 0.35) ** 2))
    side = 0.12 + 0.38 * np.exp(-((position / 0.5) ** 2))
    to_left = np.where(position < 0, side, 0.0)
    to_right = np.where(position > 0, side, 0.0)
    return Network(
        inputs=(Input("sectors", sectors), Input("heading", 4)),
        populations=(
            Population("wish", 2 * GROUP, "lif", {"tau_m_ms": 30.0}, {"v": _spread(2 * GROUP)}),
            Population("motor", 3 * GROUP, "lif", {"tau_m_ms": 30.0}, {"v": _spread(3 * GROUP)}),
        ),
        projections=(
            # the goal to the left (unit 0) or to the right (unit 2) wishes a turn
            Projection("heading", "wish", dense(_groups([[0.6, 0, 0, 0], [0, 0, 0.6, 0]]))),
            Projection("sectors", "wish", dense(_groups([list(-0.25 * ahead)] * 2))),
            Projection(
                "sectors",
                "motor",
                dense(_groups([list(to_left), list(to_right), list(0.3 * ahead)])),
            ),
            Projection(
                "wish",
                "motor",
                dense(_groups([[0.05, 0.0], [0.0, 0.05], [0.0, 0.0]], GROUP)),
            ),
            # the side that leads hushes the other: a decision, and it is kept
            Projection(
                "motor",
                "motor",
                dense(_groups([[0.0, -0.08, 0.0], [-0.08, 0.0, 0.0], [0.0, 0.0, 0.0]], GROUP)),
                delay_ms=1.0,
            ),
        ),
    )


def avoid(sectors: int = 12) -> Network:
    """Obstacles push away: `navigate` without a goal.

    ``motor`` is three groups: turn left, turn right, brake.
    """
    position = 1.0 - 2.0 * (np.arange(sectors) + 0.5) / sectors
    ahead = np.exp(-((position / 0.35) ** 2))
    side = 0.25 + 0.25 * np.exp(-((position / 0.5) ** 2))
    to_left = np.where(position < 0, side, 0.0)
    to_right = np.where(position > 0, side, 0.0)
    return Network(
        inputs=(Input("sectors", sectors),),
        populations=(
            Population("motor", 3 * GROUP, "lif", {"tau_m_ms": 30.0}, {"v": _spread(3 * GROUP)}),
        ),
        projections=(
            Projection(
                "sectors",
                "motor",
                dense(_groups([list(to_left), list(to_right), list(0.3 * ahead)])),
            ),
            Projection(
                "motor",
                "motor",
                dense(_groups([[0.0, -0.08, 0.0], [-0.08, 0.0, 0.0], [0.0, 0.0, 0.0]], GROUP)),
                delay_ms=1.0,
            ),
        ),
    )


def track(width: int = 64, height: int = 48, columns: int = 16) -> Network:
    """Turn to what moves: change is pooled, one place wins, the motor turns to its side.

    ``columns`` counts the events of vertical stripes of the picture.  ``place`` is a row of groups
    that excite their neighbours, slowly, and inhibit all: one bump of activity sits where most
    change is and stays there when the change stops.  ``motor`` is two groups, turn left and turn
    right, the more excited, the farther to their side the bump is.
    """
    stripe = np.arange(2 * width * height) % width * columns // width
    position = 1.0 - 2.0 * (np.arange(columns) + 0.5) / columns
    apart = np.abs(np.arange(columns)[:, None] - np.arange(columns))
    nearby = 5.0 * np.exp(-((apart / 1.2) ** 2))
    n = columns * GROUP
    slow = {"tau_exc_ms": 60.0, "tau_inh_ms": 20.0, "refractory_ms": 10.0}
    return Network(
        inputs=(Input("change", 2 * width * height),),
        populations=(
            Population("columns", columns, "lif", {"tau_m_ms": 20.0, "reset": "subtract"}),
            Population("place", n, "lif_exp", slow, {"v": -60.0 + 10.0 * _spread(n)}),
            Population("motor", 2 * GROUP, "lif", {"tau_m_ms": 30.0}, {"v": _spread(2 * GROUP)}),
        ),
        projections=(
            Projection("change", "columns", pairs(np.arange(len(stripe)), stripe, 0.25)),
            Projection("columns", "place", dense(_groups(list(30.0 * np.eye(columns))))),
            Projection("place", "place", dense(_groups(list(nearby), GROUP)), 1.0, "exc"),
            Projection("place", "place", all_to_all(n, n, -2.0), 1.0, "inh"),
            Projection(
                "place",
                "motor",
                dense(
                    _groups(
                        [list(0.1 * position.clip(0)), list(-0.1 * position.clip(max=0))], GROUP
                    )
                ),
            ),
        ),
    )


def published_actor(actor: str) -> Network:
    """Four layers of 256, 256, 256 and 2 neurons, read from the file ``actor``.

    Its 24 inputs are: the goal to the left, to the right, near; speed forward, to the left, to the
    right; 18 sectors from left to right.
    """
    layers = load_layers(actor)
    first, last = layers[0][0], layers[-1][0]
    if first.shape[1] != 24 or last.shape[0] != 2:
        shape = f"{first.shape[1]} inputs and {last.shape[0]} outputs"
        raise ConfigError(f"{actor}: {shape}; the published actor has 24 and 2")
    names = [f"layer{k}" for k in range(1, len(layers))] + ["motor"]
    # of each input: its units, the ones that are used, and the columns of the first layer they meet
    inputs = {
        "direction": (2, [0, 1], [0, 1]),
        "distance": (2, [0], [2]),
        "speed": (4, [0, 1, 3], [3, 4, 5]),
        "sectors": (18, list(range(18)), list(range(6, 24))),
    }
    projections = []
    for name, (n, used, columns) in inputs.items():
        matrix = np.zeros((len(first), n), np.float32)
        matrix[:, used] = first[:, columns]
        projections.append(Projection(name, names[0], dense(matrix)))
    for (source, target), (weight, _) in zip(pairwise(names), layers[1:], strict=True):
        projections.append(Projection(source, target, dense(weight)))
    return Network(
        inputs=tuple(Input(name, n) for name, (n, _, _) in inputs.items()),
        populations=tuple(
            Population(name, len(bias), "current_lif", arrays={"bias": bias})
            for name, (_, bias) in zip(names, layers, strict=True)
        ),
        projections=tuple(projections),
    )


def shuffled(network: str = "data/navigate.npz", seed: int = 0) -> Network:
    """Return a trained network with the weights of each projection shuffled, for comparison.

    Sizes, biases and how many weights are how large stay as they are; what was learnt is gone.
    """
    trained = load(Path(__file__).parent / network)
    rng = np.random.default_rng(seed)
    projections = tuple(
        replace(j, connections=replace(j.connections, weight=rng.permutation(j.connections.weight)))
        for j in trained.projections
    )
    return replace(trained, projections=projections)
