"""A folder of depth pictures for the contract test of the sensors."""

import numpy as np


def settings(folder):
    (folder / "depth").mkdir()
    for k in range(4):
        picture = np.full((3, 4), 500 * k, np.uint16)
        np.save(folder / "depth" / f"{0.05 * k:.2f}.npy", picture)
    return {"path": "depth"}
