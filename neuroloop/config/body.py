"""Body files: found by name, decoded, checked."""

from pathlib import Path

import msgspec

from neuroloop.config.resolve import data_file
from neuroloop.config.toml import check_finite, decode
from neuroloop.core.body import Body
from neuroloop.core.errors import ConfigError


def load(name: str, folder: Path, where: str) -> Body:
    """Return the body ``name``: a path beside the run file in ``folder``, or one that comes along.

    Raises
    ------
    ConfigError
        In words, where there is no such file or it says something impossible.
    """
    path = data_file("bodies", name, folder, where)
    body = decode(path, Body, where)
    check_finite(msgspec.to_builtins(body), f"{where}: {path}")
    for mount, lidar in body.lidar.items():
        if lidar.min_m >= lidar.max_m:
            raise ConfigError(
                f"{where}: {path}: `lidar.{mount}`: min_m {lidar.min_m} is not below"
                f" max_m {lidar.max_m}"
            )
    if body.drive.wheel_separation_m > 2 * body.radius_m:
        raise ConfigError(
            f"{where}: {path}: `drive.wheel_separation_m`: {body.drive.wheel_separation_m} is wider"
            f" than the body, which is {2 * body.radius_m} m across"
        )
    return body
