"""A live status line on the terminal."""

import sys
import time

import numpy as np

from neuroloop.core.message import R_T_US, RECORD_BYTES
from neuroloop.core.values import UInt8s
from neuroloop.report.energy import EnergyMeter
from neuroloop.runtime.loop import Loop

_EVERY_S = 0.2


class StatusLine:
    """A sink that redraws one line a few times a second; `clear` takes it away."""

    def __init__(self, loop: Loop, energy: EnergyMeter) -> None:
        self._loop, self._energy = loop, energy
        self._start = self._last = time.monotonic()
        self._shown = 0

    def take(self, record: UInt8s, outcome: UInt8s) -> None:
        """Redraw when it is time."""
        del record
        now = time.monotonic()
        if now - self._last < _EVERY_S:
            return
        self._last = now
        run_s = int(outcome[:RECORD_BYTES].view(np.int64)[R_T_US]) / 1e6
        text = f"{run_s:7.1f} s   {run_s / (now - self._start):5.1f} x real time"
        plant, episode = self._loop.plant, self._loop.episode
        if plant is not None:
            x, y, _ = plant.pose()
            text += f"   at ({x:.1f}, {y:.1f}) m   path {episode.path_m:.1f} m"
            if episode.goal is not None:
                gap = np.hypot(episode.goal[0] - x, episode.goal[1] - y)
                text += f"   goal {gap:.1f} m away"
        if self._energy.line:
            text += f"   {self._energy.line}"
        self._draw(text)

    def _draw(self, text: str) -> None:
        sys.stderr.write("\r" + text.ljust(self._shown))
        sys.stderr.flush()
        self._shown = len(text)

    def clear(self) -> None:
        """Leave a clean line."""
        if self._shown:
            self._draw("")
            sys.stderr.write("\r")
