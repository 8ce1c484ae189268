"""``neuroloop bench edges``: pictures through the user's own run file and loop."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neuroloop.bench.edges import opencv
from neuroloop.bench.edges.opencv import Bools
from neuroloop.config import runfile
from neuroloop.core.errors import ConfigError
from neuroloop.core.values import UInt8s
from neuroloop.report.trace import Trace
from neuroloop.runtime.episode import End
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.session import played

POPULATION = "edges"
"""of the run file's network: maps of cells, one after another, each as large as the picture"""


@dataclass(frozen=True)
class Match:
    """How well edges agree with those of a reference."""

    precision: float
    """part of the edges found that are near one of the reference"""
    recall: float
    """part of the reference's edges that one found is near to"""

    @property
    def f1(self) -> float:
        """Harmonic mean of the two, 0 where there is nothing."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(frozen=True, eq=False)
class Result:
    """One picture."""

    path: Path
    grey: UInt8s
    """what the network saw, ``uint8[h, w]``"""
    found: Bools
    """where a cell of any orientation fired, ``bool[h, w]``"""
    orientation: UInt8s
    """of the last cell that fired there, ``uint8[h, w]``"""
    grey_edges: Bools
    """of the classical detector on the picture"""
    log_edges: Bools
    """of the classical detector on its logarithm, which is what the events tell of"""
    events: int
    spikes: int

    def match(self, reference: Bools, tolerance: int) -> Match:
        """Compare with a reference, within so many pixels."""
        right = self.found & opencv.near(reference, tolerance)
        met = reference & opencv.near(self.found, tolerance)
        return Match(
            float(right.sum() / max(self.found.sum(), 1)),
            float(met.sum() / max(reference.sum(), 1)),
        )


def measure(path: Path, width: int, changes: Sequence[str]) -> Result:
    """Let the eye of the run file ``edges`` look at a picture.

    Raises
    ------
    ConfigError
        Where the file is no picture, or the network of the run file has no population ``edges``.
    """
    grey = opencv.read(path, width)
    view = opencv.seen(grey)
    rows, columns = view.shape
    traces: list[Trace] = []

    def look(loop: Loop) -> Sequence[Trace]:
        traces.append(Trace(loop))
        return traces

    with tempfile.TemporaryDirectory(prefix="edges") as folder:
        film = Path(folder) / "looks.avi"
        opencv.film(grey, film)
        size = {"width": columns, "height": rows}
        asked = [
            f'sensor.camera.path="{film}"',
            *(f"sensor.camera.{name}={n}" for name, n in size.items()),
            *(f"engine.network_options.{name}={n}" for name, n in size.items()),
            *changes,
        ]
        with played(runfile.load("edges", asked), look) as session:
            if session.loop.episode.end is End.STOPPED:
                raise KeyboardInterrupt
            names = {outlet.name for outlet in traces[0].outlets}
    if POPULATION not in names:
        raise ConfigError(f'edges: the network has no population "{POPULATION}"')
    spikes = traces[0].spikes()
    nothing = np.empty(0, np.uint32)
    unit = spikes[POPULATION][1] if POPULATION in spikes else nothing
    events = spikes["change"][1] if "change" in spikes else nothing
    place = unit % view.size
    found, orientation = np.zeros(view.size, np.bool_), np.zeros(view.size, np.uint8)
    found[place] = True
    orientation[place] = unit // view.size
    return Result(
        path,
        view,
        found.reshape(view.shape),
        orientation.reshape(view.shape),
        opencv.canny(view),
        opencv.canny(opencv.logarithm(view)),
        len(events),
        len(unit),
    )
