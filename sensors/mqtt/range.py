"""The range finder of a real robot."""

import math
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core import robot_protocol as protocol
from neuroloop.core.body import NotNegative, Pose, Positive
from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from neuroloop.core.values import Float32s, Ranges, SourceSpec
from neuroloop.mqtt.messages import scan_of
from neuroloop.mqtt.settings import Broker, RobotName
from sensors import _bearings
from sensors.mqtt._stream import Place, Sample, Stream

REAL_TIME = True
"""it comes when it comes, whatever a simulated clock says"""


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the sensor; either ``bearing_deg``, or ``beams`` and ``fov_deg``."""

    robot: RobotName
    """its name in topics"""
    bearing_deg: Annotated[list[float], Meta(max_length=protocol.MOST_BEAMS)] = []
    """where each beam looks, left to right: 0 ahead, positive to the left"""
    beams: Annotated[int, Meta(ge=1, le=protocol.MOST_BEAMS)] | None = None
    """how many there are, spread evenly over the field of view"""
    fov_deg: Annotated[float, Meta(gt=0, le=360)] = 360.0
    min_m: NotNegative = 0.0
    max_m: Positive = 10.0
    """what it can measure; the guard stops for a distance far beyond"""
    pose: Pose = (0.0, 0.0, 0.2, 0.0, 0.0, 0.0)
    """mounting on the body: x, y, z in metres; roll, pitch, yaw in radians"""
    rate_hz: Annotated[float, Meta(gt=0, le=1000)] = 10.0
    """how often the robot measures"""
    broker: Broker = Broker()


def build(config: Config, site: Site) -> Stream[Ranges]:
    """Return a source of `Ranges`: NaN for no measurement, +inf for nothing in range."""
    bearing_rad = _bearing_rad(config, f'sensor "{site.name}"')
    if config.min_m >= config.max_m:
        raise ConfigError(
            f'sensor "{site.name}": min_m {config.min_m} is not below max_m {config.max_m}'
        )

    def parse(payload: bytes) -> Sample | None:
        said = scan_of(payload)
        if said is None or len(said.metres) != len(bearing_rad):
            return None
        return Sample(said.metres, said.t_us, said.boot, said.number)

    def reading(t_us: int, metres: Float32s) -> Ranges:
        return Ranges(t_us, metres, bearing_rad)

    spec = SourceSpec(
        name=site.name,
        reading=Ranges,
        shape=(len(bearing_rad),),
        rate_hz=config.rate_hz,
        unit="m",
        low=config.min_m,
        high=config.max_m,
        bearing_rad=bearing_rad,
        pose=config.pose,
    )
    topic = protocol.topic(config.robot, protocol.RANGE)
    return Stream(spec, site, Place(config.broker, topic, config.robot), parse, reading)


def _bearing_rad(config: Config, where: str) -> Float32s:
    if bool(config.bearing_deg) == (config.beams is not None):
        raise ConfigError(f"{where}: give either `bearing_deg`, or `beams` and `fov_deg`")
    if config.beams is not None:
        return _bearings.of_beams(config.beams, config.fov_deg)
    if not all(math.isfinite(angle) and abs(angle) <= 360 for angle in config.bearing_deg):
        raise ConfigError(f"{where}: `bearing_deg` has to be angles within -360 ... 360")
    bearing_rad: Float32s = np.radians(config.bearing_deg).astype(np.float32)
    return bearing_rad
