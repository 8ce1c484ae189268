"""The network of follow.toml: it sees a black thing, and drives after it."""

import numpy as np
from numpy.typing import ArrayLike

from neuroloop.network import (
    Input,
    Network,
    Population,
    Projection,
    all_to_all,
    dense,
    one_to_one,
    pairs,
)

GROUP = 10
"""neurons of a motor group; they start spread out so that they do not fire in step"""


def _onto_groups(rows: ArrayLike) -> np.ndarray:
    """Repeat each row of ``[group, source]`` for the neurons of its group."""
    return np.repeat(np.asarray(rows), GROUP, axis=0)


def follow(width: int = 64, height: int = 48) -> Network:
    """Turn to the black thing, drive to it, stop where it looks wide; search where it is lost.

    ``strong`` takes the events of a `change` encoder, ON then OFF, and passes on those of a strong
    contrast: a pixel that becomes black, or no longer is, gives a dozen events at once, where
    tiles, stripes and grey things that pass as the robot turns give one to five.  ``dark`` is the
    memory of a pixel, a spike that goes round in a loop, started by strong OFF and ended by strong
    ON: what stands still on the picture stays seen.  ``columns`` fire where pixels of a column are
    dark; which ones do tells the bearing, how many the apparent width.  ``seen`` says that any do,
    ``side`` keeps on which side they were last, and ``search`` turns there when none do.
    ``motor`` is four groups: turn left, turn right, forward, backward.
    """
    pixels = width * height
    pixel = np.arange(pixels)
    position = 1.0 - 2.0 * (np.arange(width) + 0.5) / width  # 1 far left, -1 far right
    to_left, to_right = position.clip(0), -position.clip(max=0)
    # what is far out on one side starts that side's loop and ends the other's
    sides = np.where(position > 0.4, 1.5, 0.0) - np.where(position < -0.4, 3.0, 0.0)
    # widths count as in a picture of 64 columns, whatever the number there is
    wide = np.full(width, 64 / width)
    nothing = np.zeros(GROUP)
    motor = {
        "v": np.tile(np.linspace(0.0, 0.9, GROUP), 4),
        "bias": np.repeat([0.9, 0.9, 0.0, 0.0], GROUP),
    }
    return Network(
        inputs=(Input("change", 2 * pixels),),
        populations=(
            Population("strong", 2 * pixels, "lif", {"tau_m_ms": 40.0, "refractory_ms": 10.0}),
            Population("dark", pixels, "lif", {"tau_m_ms": 8.0}),
            Population("columns", width, "lif", {"tau_m_ms": 10.0, "refractory_ms": 10.0}),
            Population("seen", GROUP, "lif", {"tau_m_ms": 20.0, "refractory_ms": 9.0}),
            # one of the two loops runs from the first tick on: there is always a side to search
            Population(
                "side", 2, "lif", {"tau_m_ms": 8.0, "refractory_ms": 5.0}, {"v": [2.0, 0.0]}
            ),
            Population("search", 2, "lif", {"tau_m_ms": 20.0}),
            Population("motor", 4 * GROUP, "lif", {"tau_m_ms": 30.0}, motor),
        ),
        projections=(
            Projection("change", "strong", one_to_one(2 * pixels, 0.115)),
            Projection(
                "strong",
                "dark",
                pairs(np.arange(2 * pixels), np.tile(pixel, 2), np.repeat([-3.5, 1.5], pixels)),
            ),
            Projection("dark", "dark", one_to_one(pixels, 1.2), delay_ms=10.0),
            Projection("dark", "columns", pairs(pixel, pixel % width, 0.3)),
            Projection("columns", "seen", all_to_all(width, GROUP, 0.6)),
            Projection("columns", "side", dense([sides, sides[::-1]])),
            Projection("side", "side", dense([[1.2, -3.5], [-3.5, 1.2]]), delay_ms=10.0),
            Projection("side", "search", one_to_one(2, 1.2)),
            Projection("seen", "search", all_to_all(GROUP, 2, -1.0)),
            Projection("search", "motor", dense(_onto_groups(np.eye(4, 2)))),
            Projection(
                "columns",
                "motor",
                dense(
                    _onto_groups(
                        [0.1 * wide * to_left, 0.1 * wide * to_right, -0.065 * wide, 0.025 * wide]
                    )
                ),
            ),
            Projection(
                "seen", "motor", dense(_onto_groups([nothing, nothing, nothing + 0.16, nothing]))
            ),
        ),
    )
