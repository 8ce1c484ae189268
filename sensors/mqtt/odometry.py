"""How fast the wheels of a real robot turn, and how far they went."""

from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from neuroloop.config import body
from neuroloop.core import robot_protocol as protocol
from neuroloop.core.ports import Site
from neuroloop.core.values import Scalars, SourceSpec
from neuroloop.mqtt.messages import odometry_of
from neuroloop.mqtt.settings import Broker, RobotName
from sensors.mqtt._stream import Place, Sample, Stream

REAL_TIME = True
"""it comes when it comes, whatever a simulated clock says"""


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the sensor."""

    robot: RobotName
    """its name in topics"""
    body: str = "rover"
    """its body file: how far apart the wheels are"""
    rate_hz: Annotated[float, Meta(gt=0, le=1000)] = 50.0
    """how often the robot tells it"""
    broker: Broker = Broker()


def build(config: Config, site: Site) -> Stream[Scalars]:
    """Return a source of `Scalars`.

    Forward m/s, turning rad/s, positive to the left, and metres of each wheel since the robot was
    switched on.
    """
    drive = body.load(config.body, site.folder, f'sensor "{site.name}"').drive
    separation_m = drive.wheel_separation_m

    def parse(payload: bytes) -> Sample | None:
        said = odometry_of(payload)
        if said is None:
            return None
        forward = (said.left_mps + said.right_mps) / 2
        turn = (said.right_mps - said.left_mps) / separation_m
        values = np.array([forward, turn, said.left_m, said.right_m], np.float32)
        return Sample(values, said.t_us, said.boot, said.number)

    spec = SourceSpec(
        name=site.name,
        reading=Scalars,
        shape=(4,),
        rate_hz=config.rate_hz,
        labels=("forward_mps", "turn_radps", "left_m", "right_m"),
    )
    topic = protocol.topic(config.robot, protocol.ODOMETRY)
    return Stream(spec, site, Place(config.broker, topic, config.robot), parse, Scalars)
