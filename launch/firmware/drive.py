"""From the wanted speed of a wheel to the duty of its half of the H-bridge."""


class Wheel:
    """Feed-forward and a PI controller for one wheel.

    ``duty = sign(v) start_duty + v / full_duty_mps + p e + i ∫ e dt`` with the error e of the speed
    in m/s.  Zero wanted is zero duty, at once, and the controller forgets.
    """

    def __init__(self, body: dict) -> None:
        self._most_mps = body["max_wheel_mps"]
        self._full_mps = body["full_duty_mps"]
        self._start = body["start_duty"]
        self._p, self._i = body["p"], body["i"]
        self._most_integral = body["most_integral"]
        self._integral = self._error = 0.0
        self.wanted_mps = 0.0

    def want(self, speed_mps: float) -> None:
        """Set the speed; what is beyond the wheel's own limit is cut off."""
        speed_mps = max(-self._most_mps, min(self._most_mps, speed_mps))
        if speed_mps * self.wanted_mps <= 0.0:
            self._integral = self._error = 0.0
        self.wanted_mps = speed_mps

    def step(self, speed_mps: float, dt_s: float) -> None:
        """Compare with the speed that the encoder gives."""
        if self.wanted_mps:
            self._error = self.wanted_mps - speed_mps
            most = self._most_integral
            self._integral = max(-most, min(most, self._integral + self._i * self._error * dt_s))

    def duty(self) -> float:
        """Return the duty, -1 ... 1."""
        wanted = self.wanted_mps
        if not wanted:
            return 0.0
        forward = wanted / self._full_mps + (self._start if wanted > 0.0 else -self._start)
        duty = forward + self._p * self._error + self._integral
        # never against the wanted direction: a wheel that is too fast rolls out
        low, high = (0.0, 1.0) if wanted > 0.0 else (-1.0, 0.0)
        return max(low, min(high, duty))


class Drive:
    """Both wheels."""

    def __init__(self, body: dict) -> None:
        self.left, self.right = Wheel(body), Wheel(body)

    def want(self, speeds_mps: tuple) -> None:
        """Set the speed of the left and of the right wheel."""
        self.left.want(speeds_mps[0])
        self.right.want(speeds_mps[1])

    def step(self, left_mps: float, right_mps: float, dt_s: float) -> None:
        """Compare with the speeds that the encoders give."""
        self.left.step(left_mps, dt_s)
        self.right.step(right_mps, dt_s)

    def duty(self) -> tuple:
        """Return the duty of the left and of the right motor, -1 ... 1."""
        return self.left.duty(), self.right.duty()
