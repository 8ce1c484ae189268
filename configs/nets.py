"""The networks of the run files beside this file, wired by hand: read, change, run."""

import numpy as np

from neuroloop.network import Input, Network, Population, Projection, dense

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
