r"""Wheel radius and wheel separation out of ways that were commanded and ways that were measured.

The motors of a robot turn its wheels at :math:`\omega = v / r_0` for a commanded speed v, where
:math:`r_0` is the radius in its body file.  A wheel of radius r rolls :math:`\omega r`, so with
:math:`k = r / r_0` each wheel goes k times as far as was commanded:

.. math::
    s' = \int \frac{v_r' + v_l'}{2} dt = k s, \qquad
    \theta' = \int \frac{v_r' - v_l'}{b} dt = k \frac{b_0}{b} \theta

Here s and :math:`\theta = \int (v_r - v_l) / b_0 \, dt` were commanded (metres, radians), s' and
:math:`\theta'` were measured, and b is the separation of the wheels.  Hence

.. math:: r = r_0 \frac{s'}{s}, \qquad b = b_0 \, k \frac{\theta}{\theta'}

What is lost by slip on the floor counts as a smaller wheel, as it should.  Each ratio is the mean
of driving one way and the other: what adds to one and takes from the other cancels.  It is the
bidirectional procedure of Borenstein and Feng (Measurement and correction of systematic odometry
errors in mobile robots, IEEE Transactions on Robotics and Automation 12, 1996) reduced to the two
numbers that a body file has; wheels of unequal radius are told of, not corrected.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import fmean

from neuroloop.core.body import Drive
from neuroloop.core.errors import ConfigError

PLAUSIBLE = (0.5, 2.0)
"""a ratio of measured to commanded outside this is a slip of the tape or of the unit"""


class Way(Enum):
    """How a leg goes; the value is the sign of the left and of the right wheel."""

    FORWARD = (1, 1)
    BACKWARD = (-1, -1)
    LEFT = (-1, 1)
    RIGHT = (1, -1)

    @property
    def straight(self) -> bool:
        """Whether it is measured in metres; else in radians."""
        return self in (Way.FORWARD, Way.BACKWARD)


@dataclass(frozen=True)
class Leg:
    """One way that was driven, from standing to standing; metres, or radians of a turn, all > 0."""

    way: Way
    commanded: float
    measured: float

    @property
    def ratio(self) -> float:
        """Measured over commanded."""
        return self.measured / self.commanded


@dataclass(frozen=True)
class Lengths:
    """The two numbers of a body file, in metres."""

    wheel_radius_m: float
    wheel_separation_m: float


def lengths(drive: Drive, legs: Sequence[Leg]) -> Lengths:
    """Return the two lengths that would have made the commanded ways the measured ones.

    Raises
    ------
    ConfigError
        Where there is no straight leg or no turn, and where a measurement cannot be right.
    """
    for leg in legs:
        if not PLAUSIBLE[0] <= leg.ratio <= PLAUSIBLE[1]:
            raise ConfigError(
                f"{leg.way.name.lower()}: {_said(leg, leg.measured)} measured where "
                f"{_said(leg, leg.commanded)} was commanded: between half and twice as much is "
                "wanted"
            )
    straight = [leg.ratio for leg in legs if leg.way.straight]
    turned = [leg.ratio for leg in legs if not leg.way.straight]
    if not straight or not turned:
        raise ConfigError("calibration needs a way straight ahead and a turn on the spot")
    k = fmean(straight)
    return Lengths(drive.wheel_radius_m * k, drive.wheel_separation_m * k / fmean(turned))


def _said(leg: Leg, amount: float) -> str:
    return f"{amount:.3f} {'m' if leg.way.straight else 'rad'}"
