"""How far each wheel has turned and how fast it turns, from the counts of its encoder."""

from math import pi

SAMPLES = 8
"""a speed is taken over so many steps of the control loop: fewer would show single counts"""


class Odometry:
    """Metres since boot and metres a second of the left and of the right wheel."""

    def __init__(self, wheel_radius_m: float, ticks_per_turn: float) -> None:
        self._metres_per_tick = 2.0 * pi * wheel_radius_m / ticks_per_turn
        self._first = None
        self._samples = []  # time and counts; the oldest first
        self.left_m = self.right_m = 0.0
        self.left_mps = self.right_mps = 0.0

    def step(self, left: int, right: int, now_us: int) -> None:
        """Take the counts of both encoders."""
        if self._first is None:
            self._first = left, right
        # from whole counts each time, so that no rounding adds up
        self.left_m = (left - self._first[0]) * self._metres_per_tick
        self.right_m = (right - self._first[1]) * self._metres_per_tick
        self._samples.append((now_us, left, right))
        if len(self._samples) > SAMPLES:
            self._samples.pop(0)
        then_us, then_left, then_right = self._samples[0]
        if now_us > then_us:
            scale = 1e6 * self._metres_per_tick / (now_us - then_us)
            self.left_mps = (left - then_left) * scale
            self.right_mps = (right - then_right) * scale
