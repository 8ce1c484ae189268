"""A body as a PyBullet robot; ``p`` is the pybullet module, connected.

The project's own rover is a low drum on two driven wheels and two casters.  The wheels are spheres:
they touch the floor in one point, which makes the kinematics exact and a step cheap.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuroloop.core.body import Body
from neuroloop.core.errors import PartError
from sims.bullet.room import FLOOR, OBSTACLE, ROBOT

_LIFT_M = 0.0005
_GRIP = 1.2


@dataclass(frozen=True)
class Robot:
    """The robot's body and the joints of its left and right wheel."""

    id: int
    wheels: tuple[int, int]


def build(p: Any, body: Body, start: tuple[float, float, float], urdf: Path | None) -> Robot:
    """Add the robot at ``start`` (x, y in metres, yaw in radians)."""
    robot = _rover(p, body) if urdf is None else _from_urdf(p, urdf)
    base = p.getBasePositionAndOrientation(robot.id)[0]
    turned = p.getQuaternionFromEuler([0, 0, start[2]])
    p.resetBasePositionAndOrientation(robot.id, [start[0], start[1], base[2]], turned)
    for link in range(-1, p.getNumJoints(robot.id)):
        p.setCollisionFilterGroupMask(robot.id, link, ROBOT, OBSTACLE | FLOOR)
    return robot


def _rover(p: Any, body: Body) -> Robot:
    wheel_m, side_m = body.drive.wheel_radius_m, body.drive.wheel_separation_m / 2
    caster_m, thick_m = wheel_m * 0.43, wheel_m * 1.7
    axle_m = wheel_m * 0.7  # wheels sit this far below the middle of the drum
    ahead_m = body.radius_m * 0.7
    drum = p.createCollisionShape(p.GEOM_CYLINDER, radius=body.radius_m, height=thick_m)
    wheel = p.createCollisionShape(p.GEOM_SPHERE, radius=wheel_m)
    caster = p.createCollisionShape(p.GEOM_SPHERE, radius=caster_m)
    foot_m = axle_m + wheel_m - caster_m
    unturned = [[0, 0, 0, 1]] * 4
    robot = p.createMultiBody(
        body.mass_kg * 0.91,
        drum,
        -1,
        [0, 0, axle_m + wheel_m + _LIFT_M],
        linkMasses=[body.mass_kg * part for part in (0.03, 0.03, 0.015, 0.015)],
        linkCollisionShapeIndices=[wheel, wheel, caster, caster],
        linkVisualShapeIndices=[-1] * 4,
        linkPositions=[
            [0, side_m, -axle_m],
            [0, -side_m, -axle_m],
            [ahead_m, 0, -foot_m],
            [-ahead_m, 0, -foot_m],
        ],
        linkOrientations=unturned,
        linkInertialFramePositions=[[0, 0, 0]] * 4,
        linkInertialFrameOrientations=unturned,
        linkParentIndices=[0] * 4,
        linkJointTypes=[p.JOINT_REVOLUTE, p.JOINT_REVOLUTE, p.JOINT_FIXED, p.JOINT_FIXED],
        linkJointAxis=[[0, 1, 0]] * 4,
    )
    p.changeDynamics(robot, -1, lateralFriction=0.0, linearDamping=0.0, angularDamping=0.0)
    for link in (0, 1):
        p.changeDynamics(robot, link, lateralFriction=_GRIP)
    for link in (2, 3):
        p.changeDynamics(robot, link, lateralFriction=0.0)
    return Robot(robot, (0, 1))


def _from_urdf(p: Any, urdf: Path) -> Robot:
    """Load a robot with joints called like "left_wheel" that roll forward when positive."""
    try:
        robot = p.loadURDF(str(urdf))
    except p.error as error:
        raise PartError(f"{urdf}: PyBullet cannot load this URDF file") from error
    names = [p.getJointInfo(robot, j)[1].decode().lower() for j in range(p.getNumJoints(robot))]
    wheels = [
        [j for j, name in enumerate(names) if "wheel" in name and side in name]
        for side in ("left", "right")
    ]
    if [len(found) for found in wheels] != [1, 1]:
        raise PartError(
            f"{urdf}: joints {', '.join(names)}; one with left and wheel, and one with right and"
            " wheel in its name are wanted"
        )
    return Robot(robot, (wheels[0][0], wheels[1][0]))
