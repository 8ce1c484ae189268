"""The values that travel round the loop: frozen, one unit a field, the unit in the name.

Frames and signs follow ROS REP 103: x forward, y left, z up, yaw counter-clockwise; bearing 0 is
ahead and positive to the left.  Times are whole microseconds of run time, which starts at 0.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float32s = NDArray[np.float32]
Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
UInt8s = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Tick:
    """One step of the loop; it holds the half-open interval [t_us, t_us + dt_us)."""

    index: int
    t_us: int
    dt_us: int


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A grey picture; row 0 is the top."""

    t_us: int
    grey: UInt8s
    """``uint8[h, w]``"""


@dataclass(frozen=True, slots=True, eq=False)
class Depth:
    """A distance picture; row 0 is the top."""

    t_us: int
    metres: Float32s
    """``float32[h, w]``, NaN no measurement, +inf nothing within range"""


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """A block of sound."""

    t_us: int
    """of its last sample"""
    samples: Float32s
    """``float32[n, channels]`` in -1...1"""
    rate_hz: float


@dataclass(frozen=True, slots=True, eq=False)
class Ranges:
    """One scan of a range finder."""

    t_us: int
    metres: Float32s
    """``float32[k]``, NaN no measurement, +inf nothing within range"""
    bearing_rad: Float32s
    """``float32[k]``, 0 ahead, positive to the left"""


@dataclass(frozen=True, slots=True, eq=False)
class Scalars:
    """Any short vector of numbers: odometry, a goal, a reward, a price, a temperature."""

    t_us: int
    values: Float32s
    """``float32[k]``"""


@dataclass(frozen=True, slots=True, eq=False)
class Spikes:
    """Address events (AER), the same type into and out of the network."""

    t_us: Int64s
    """``int64[n]``"""
    unit: NDArray[np.uint32]
    """``uint32[n]``"""
    value: Int32s = field(default_factory=lambda: np.empty(0, np.int32))
    """``int32[n]``: 1 for plain spikes; empty stands for all ones"""


Numbers = Frame | Depth | Sound | Ranges | Scalars
Reading = Numbers | Spikes


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """What the motors are asked to do; names, units and limits of the channels are the body's."""

    t_us: int
    values: Float32s
    """``float32[k]``"""


@dataclass(frozen=True, slots=True, eq=False)
class SourceSpec:
    """What a sensor says of itself when it is opened."""

    name: str
    reading: type[Any]
    """the class of the values it yields, one of ``Reading``"""
    shape: tuple[int, ...]
    """``(k,)`` beams or numbers, ``(h, w)`` pixels, ``(n, channels)`` samples, ``(units,)``"""
    rate_hz: float
    """nominal readings a second; 0 where they come when they come"""
    unit: str = ""
    low: float = float("-inf")
    high: float = float("inf")
    labels: tuple[str, ...] = ()
    """names of the numbers of a Scalars source"""
    bearing_rad: Float32s | None = None
    """``float32[k]`` of each beam, or of each column of pixels"""
    pose: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    """mounting on the body: x, y, z in metres; roll, pitch, yaw in radians"""
    stamped_by: str = "device"
    """``device`` or ``arrival``"""
    latency_us: int = 0
    """a reading stamped t enters the tick that holds t + latency_us; 0 is not known, and a live run
    measures it at its start"""
    capacity: int = 0
    """`Spikes`: most that can be due in one tick; 0 is 4,096, or one a unit"""
    repeats: bool | None = None
    """whether equal readings one after another are in good order; None leaves it to what they are:
    they are for `Scalars`, `Spikes` and files, not for what has noise"""
