"""The network of motion.toml: cells that tell which of four ways things move."""

import numpy as np

from neuroloop.network import Input, Network, Pooling, Population, Projection, dense, pairs

DIRECTIONS = ("left", "right", "up", "down")
STEPS = ((0, -1), (0, 1), (-1, 0), (1, 0))
"""rows and columns by which a thing moves on the picture, for each direction"""

DELAYS_MS = (5.0, 20.0, 80.0)
"""of the cells' three populations: for things that cross two receptors in less and in more time"""

GROUP = 10
_POOL = 2
_EXCITATION, _VETO = 0.6, -1.5


def _neighbours(shape: tuple[int, int, int], offset: int) -> tuple[np.ndarray, np.ndarray]:
    """Return receptors and the direction cells that have them ``offset`` steps ahead.

    Receptors are counted by sign, row and column, cells by direction first.  A cell at the margin,
    which has one neighbour alone, could not tell flicker from motion and gets nothing.
    """
    signs, rows, columns = shape
    sign, y, x = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    pre, post = [], []
    for d, (down, right) in enumerate(STEPS):
        inside = np.full(shape, fill_value=True)
        for way in (-1, 1):
            at_y, at_x = y + way * down, x + way * right
            inside &= (at_y >= 0) & (at_y < rows) & (at_x >= 0) & (at_x < columns)
        pre.append(((sign * rows + y + offset * down) * columns + x + offset * right)[inside])
        post.append((((d * signs + sign) * rows + y) * columns + x)[inside])
    return np.concatenate(pre), np.concatenate(post)


def motion(width: int = 64, height: int = 48) -> Network:
    """Excite a cell by its own receptor and, delayed, by the one before; veto it by the one behind.

    ``receptors`` pool the events of a patch, brighter and darker apart.  A cell of a direction
    fires where two receptors are passed in its order, about its delay apart; in the other order the
    veto comes first.  ``motion`` is four groups, left, right, up and down: each counts the cells of
    its direction, less those of the opposite one.
    """
    pool = Pooling((2, height, width), _POOL, weight=0.16)
    shape = pool.output_shape
    cells = len(STEPS) * pool.n_post
    opponent = 1.2 * np.eye(4) - np.array(
        [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]], float
    )
    counted = np.repeat(np.repeat(0.1 * opponent, GROUP, axis=0), pool.n_post, axis=1)
    populations = [
        Population("receptors", pool.n_post, "lif", {"tau_m_ms": 40.0, "refractory_ms": 20.0}),
        Population(
            "motion",
            4 * GROUP,
            "lif",
            {"tau_m_ms": 30.0},
            {"v": np.tile(np.linspace(0.0, 0.9, GROUP), 4)},
        ),
    ]
    projections = [Projection("change", "receptors", pool)]
    for delay_ms in DELAYS_MS:
        name = f"cells_{delay_ms:g}ms"
        populations.append(Population(name, cells, "lif", {"tau_m_ms": 2 * delay_ms}))
        projections += [
            Projection("receptors", name, pairs(*_neighbours(shape, 0), _EXCITATION)),
            Projection("receptors", name, pairs(*_neighbours(shape, -1), _EXCITATION), delay_ms),
            Projection("receptors", name, pairs(*_neighbours(shape, 1), _VETO)),
            Projection(name, "motion", dense(counted)),
        ]
    return Network(
        inputs=(Input("change", pool.n_pre),),
        populations=tuple(populations),
        projections=tuple(projections),
    )
