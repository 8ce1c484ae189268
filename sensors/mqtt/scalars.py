"""Numbers that anybody publishes as JSON: ``{"bearing_rad": 0.3, "distance_m": 2.1}``."""

import math
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta, Struct

from neuroloop.core import robot_protocol as protocol
from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from neuroloop.core.values import Scalars, SourceSpec
from neuroloop.mqtt.settings import Broker, RobotName, Topic
from sensors.mqtt._stream import Place, Sample, Stream

REAL_TIME = True
"""it comes when it comes, whatever a simulated clock says"""
MOST_BYTES = 4096
_LARGEST = float(np.finfo(np.float32).max)


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the sensor."""

    topic: Topic
    """the whole topic, or with `robot` what comes after ``nl/2/ROBOT/``"""
    labels: Annotated[list[str], Meta(min_length=1, max_length=256)]
    """names in the JSON object, in the order in which the numbers are wanted; a message that is one
    number stands for an object with the only label"""
    robot: RobotName | None = None
    """whose topic it is; where messages have ``t_us``, that is by its clock"""
    rate_hz: Annotated[float, Meta(ge=0, le=1000)] = 0.0
    """how often it comes; 0 when it comes"""
    low: float = float("-inf")
    high: float = float("inf")
    """what the numbers may be; the guard stops for others"""
    broker: Broker = Broker()


def build(config: Config, site: Site) -> Stream[Scalars]:
    """Return a source of `Scalars`, a number a label."""
    where = f'sensor "{site.name}"'
    if len(set(config.labels)) < len(config.labels):
        raise ConfigError(f"{where}: `labels`: one is there twice")
    if not config.low < config.high:
        raise ConfigError(f"{where}: low {config.low} is not below high {config.high}")
    robot = config.robot or ""

    def parse(payload: bytes) -> Sample | None:
        return _sample(payload, config.labels, stamped=bool(robot))

    spec = SourceSpec(
        name=site.name,
        reading=Scalars,
        shape=(len(config.labels),),
        rate_hz=config.rate_hz,
        low=config.low,
        high=config.high,
        labels=tuple(config.labels),
    )
    topic = protocol.topic(robot, config.topic) if robot else config.topic
    return Stream(spec, site, Place(config.broker, topic, robot), parse, Scalars)


def _sample(payload: bytes, labels: Sequence[str], *, stamped: bool) -> Sample | None:
    """Return the numbers in a message, None where one is missing or is none."""
    if len(payload) > MOST_BYTES:
        return None
    try:
        said: Any = msgspec.json.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if len(labels) == 1 and not isinstance(said, dict):
        said = {labels[0]: said}
    if not isinstance(said, dict):
        return None
    numbers = [said.get(label) for label in labels]
    if not all(_is_number(n) for n in numbers):
        return None
    t_us = said.get("t_us") if stamped else None
    if t_us is not None and (type(t_us) is not int or t_us < 0):
        return None
    return Sample(np.array(numbers, np.float32), t_us)


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and abs(value) <= _LARGEST
