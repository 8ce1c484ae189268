"""An actuator that keeps every motion it is given, in Python and in run files.

```toml
[actuator.wheels]
kind = "neuroloop.testing.recording"
body = "rover"
```
"""

import numpy as np
from msgspec import Struct

from neuroloop.config import body
from neuroloop.core.body import Body
from neuroloop.core.ports import Site
from neuroloop.core.values import Float32s, Int64s, Motion


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[actuator.NAME]`` with ``kind = "neuroloop.testing.recording"``."""

    body: str = "rover"
    """whose channels and limits the motion has"""


class Recording:
    """Keeps what it is told.

    >>> from pathlib import Path
    >>> wheels = Recording(body.load("rover", Path(), "here"))
    >>> wheels.write(Motion(1000, np.float32([0.1, 0.2])))
    >>> wheels.t_us, wheels.values.shape, wheels.stops
    (array([1000]), (1, 2), 0)
    """

    def __init__(self, of: Body) -> None:
        self._body = of
        self.motions: list[Motion] = []
        self.stops = 0
        """how often it was told to stop"""

    @property
    def body(self) -> Body:
        """The body that would move."""
        return self._body

    @property
    def t_us(self) -> Int64s:
        """Stamps of the motions, ``int64[n]``."""
        return np.array([motion.t_us for motion in self.motions], np.int64)

    @property
    def values(self) -> Float32s:
        """The motions, ``float32[n, channels]``."""
        rows = [motion.values for motion in self.motions]
        return np.array(rows, np.float32).reshape(len(rows), len(self._body.channels))

    def write(self, motion: Motion) -> None:
        """Keep a copy: the loop uses the memory again."""
        self.motions.append(Motion(motion.t_us, motion.values.copy()))

    def stop(self) -> None:
        """Count it."""
        self.stops += 1


def build(config: Config, site: Site) -> Recording:
    """Read the body's file."""
    return Recording(body.load(config.body, site.folder, f'actuator "{site.name}"'))
