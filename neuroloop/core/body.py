"""A robot's body as data; plants, guard, twin and firmware read the same TOML file.

```toml
name = "rover"
radius_m = 0.17
height_m = 0.30
mass_kg = 3.4

[drive]
kind = "differential"
wheel_radius_m = 0.035
wheel_separation_m = 0.23
max_wheel_mps = 0.5
max_wheel_mps2 = 5.0

[lidar.lidar]
pose = [0.0, 0.0, 0.2, 0.0, 0.0, 0.0]
beams = 36
```
"""

from typing import Annotated

from msgspec import Meta, Struct, field

Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
Pose = tuple[float, float, float, float, float, float]
"""x, y, z in metres; roll, pitch, yaw in radians"""


class Drive(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="differential"):
    """Two driven wheels side by side; the channels are ``left`` and ``right`` in m/s."""

    wheel_radius_m: Positive
    wheel_separation_m: Positive
    max_wheel_mps: Positive
    max_wheel_mps2: Positive


class LidarMount(Struct, frozen=True, forbid_unknown_fields=True):
    """A range finder on the body; beams are spread evenly over the field of view, left to right."""

    beams: Annotated[int, Meta(ge=1, le=10_000)]
    pose: Pose = (0.0, 0.0, 0.2, 0.0, 0.0, 0.0)
    fov_deg: Annotated[float, Meta(gt=0, le=360)] = 360.0
    min_m: NotNegative = 0.0
    max_m: Positive = 10.0
    noise_m: NotNegative = 0.0
    """standard deviation"""
    dropout: Fraction = 0.0
    """probability that a beam returns no measurement"""


class CameraMount(Struct, frozen=True, forbid_unknown_fields=True):
    """A grey pinhole camera on the body."""

    width: Annotated[int, Meta(ge=1, le=4096)]
    height: Annotated[int, Meta(ge=1, le=4096)]
    pose: Pose = (0.0, 0.0, 0.25, 0.0, 0.0, 0.0)
    fov_deg: Annotated[float, Meta(gt=0, lt=180)] = 70.0


class Body(Struct, frozen=True, forbid_unknown_fields=True):
    """One robot."""

    name: str
    radius_m: Positive
    drive: Drive
    height_m: Positive = 0.3
    mass_kg: Positive = 3.4
    watchdog_ms: Annotated[float, Meta(gt=0, le=1000)] = 200.0
    """the body stops its motors by itself where no valid command came for so long"""
    lidar: dict[str, LidarMount] = field(default_factory=dict)
    camera: dict[str, CameraMount] = field(default_factory=dict)
    urdf: str | None = None
    """file beside the body file that PyBullet loads instead of its primitive shapes"""

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the motion's channels."""
        return ("left", "right")

    @property
    def limits(self) -> tuple[float, ...]:
        """Largest magnitude of each channel, m/s."""
        return (self.drive.max_wheel_mps, self.drive.max_wheel_mps)
