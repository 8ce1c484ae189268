"""A board without hardware; its trace: monotonic ns, duty left, duty right at each change."""

import os
import time
from math import pi

LAG_S = 0.05  # time constant of a motor with its wheel


class Board:
    """Two wheels that follow the duty, range finders and a button that are files."""

    def __init__(self, config: dict) -> None:
        body, self._files = config["body"], config["files"]
        self._full_mps = body["full_duty_mps"]
        self._ticks_per_m = body["ticks_per_turn"] / (2.0 * pi * body["wheel_radius_m"])
        self._duty, self._speeds, self._ways = None, [0.0, 0.0], [0.0, 0.0]
        self._then_us, self._trace = time.ticks_us(), open(self._files["trace"], "a")  # noqa: SIM115
        self.motors(0.0, 0.0)

    def motors(self, left: float, right: float) -> None:
        """Set the duty of both motors, -1 ... 1."""
        if (left, right) != self._duty:
            self.encoders()
            self._duty = left, right
            self._trace.write(f"{1000 * self._then_us} {left:.6f} {right:.6f}\n")

    def encoders(self) -> tuple:
        """Return the counts of the left and of the right encoder since boot."""
        then_us, self._then_us = self._then_us, time.ticks_us()
        dt_s = time.ticks_diff(self._then_us, then_us) * 1e-6
        for side, duty in enumerate(self._duty or ()):
            slower = duty * self._full_mps - self._speeds[side]
            self._speeds[side] += slower * dt_s / (LAG_S + dt_s)
            self._ways[side] += self._speeds[side] * dt_s
        return tuple(int(way * self._ticks_per_m) for way in self._ways)

    def range_m(self) -> list:
        """Return what the range finders see, metres, left to right: the lines of a file."""
        try:
            return [float(word) for word in open(self._files["range"])]
        except OSError:
            return []

    def emergency(self) -> bool:
        """Whether the emergency button is pressed: its file is there."""
        try:
            return bool(os.stat(self._files["button"]))
        except OSError:
            return False

    def feed(self) -> None:
        """Tell the watchdog of the board that the loop goes round; this one has none."""

    def online(self) -> bool:
        """Whether there is a network."""
        return True
