"""The process that runs PyBullet: ``python -m sims.bullet.server FILE PARENT``.

FILE is the number of the inherited file that holds the shared memory, PARENT the plant's process.

PyBullet holds Python's lock for tens of microseconds a step and milliseconds a picture, so it
lives here, away from the loop.  The process ends when it is told to or when its parent is gone.
"""

import math
import os
import signal
import sys
from pathlib import Path

import msgspec
import numpy as np
import pybullet as p
from numpy.typing import NDArray

from neuroloop.core.body import Body
from neuroloop.core.course import courses_of
from neuroloop.core.world import World
from sims._drive import TOUCH_M, slew
from sims._rays import mounted
from sims.bullet import robot, room, wire
from sims.bullet.wire import (
    FORWARD,
    KEPT_STATES,
    LEFT,
    REPLY,
    REQUEST,
    RIGHT,
    T_US,
    TOUCHING,
    TURN,
    WANT_LEFT,
    WANT_RIGHT,
    YAW,
    Ask,
    Wire,
    X,
)

_ITERATIONS = 10
_SETTLE_S = 0.2
_BEAM_Z_M = 0.2
_NEAR_M, _FAR_M = 0.02, 100.0
_LIGHT_FROM = (0.3, 0.4, 1.0)
_CHECK_PARENT_NS = 100_000_000


class Scene(msgspec.Struct, frozen=True):
    """What the plant wrote down for this process."""

    body: Body
    world: World
    step_us: int
    slip: float
    gui: bool
    urdf: str | None
    wheel_radius_error: float
    wheel_separation_error: float

    @property
    def built(self) -> Body:
        """The robot as it really is; its motors go by the body file."""
        drive = msgspec.structs.replace(
            self.body.drive,
            wheel_radius_m=self.body.drive.wheel_radius_m * (1.0 + self.wheel_radius_error),
            wheel_separation_m=self.body.drive.wheel_separation_m
            * (1.0 + self.wheel_separation_error),
        )
        return msgspec.structs.replace(self.body, drive=drive)


class Simulation:
    """One robot in one PyBullet world; answers into the shared memory."""

    def __init__(self, scene: Scene, shared: Wire) -> None:
        self._scene, self._wire, self._state = scene, shared, shared.state
        p.connect(p.GUI if scene.gui else p.DIRECT)
        p.setGravity(0, 0, -9.81)
        p.setTimeStep(scene.step_us / 1e6)
        p.setPhysicsEngineParameter(
            numSolverIterations=_ITERATIONS, numSubSteps=0, deterministicOverlappingPairs=1
        )
        self._room = room.build(p, scene.world)
        self._courses = courses_of(scene.world)
        urdf = None if scene.urdf is None else Path(scene.urdf)
        self._robot = robot.build(p, scene.built, scene.world.start, urdf)
        drive = scene.body.drive
        self._change = drive.max_wheel_mps2 * scene.step_us / 1e6
        self._turns = (1.0 - scene.slip) / drive.wheel_radius_m
        torque = 4 * scene.body.mass_kg * drive.max_wheel_mps2 * drive.wheel_radius_m
        self._forces = [torque, torque]
        xs, ys = zip(*scene.world.room, strict=True)
        self._reach_m = math.hypot(max(xs) - min(xs), max(ys) - min(ys)) + 1.0
        self._saved: dict[int, NDArray[np.float64]] = {}
        self._drive()
        for _ in range(math.ceil(_SETTLE_S * 1e6 / scene.step_us)):
            p.stepSimulation()
        self._first = p.saveState()
        self._look()

    def answer(self, asked: Ask) -> None:
        """Do what is asked; what comes of it is in the shared memory afterwards."""
        match asked:
            case Ask.ADVANCE:
                steps, goes_on = self._wire.arguments[:2].tolist()
                self._advance(int(steps), bool(goes_on and self._state[TOUCHING]))
            case Ask.SCAN:
                self._scan()
            case Ask.PICTURE:
                self._picture()
            case Ask.SAVE:
                self._save()
            case Ask.RESTORE:
                self._restore()
            case Ask.PLACE:
                self._place()

    def _advance(self, steps: int, touching: bool) -> None:
        state, limit, change = self._state, self._scene.body.drive.max_wheel_mps, self._change
        wanted = state[WANT_LEFT : WANT_RIGHT + 1].tolist()
        for _ in range(steps):
            before = state[LEFT : RIGHT + 1].tolist()
            after = [slew(v, w, limit, change) for v, w in zip(before, wanted, strict=True)]
            if after != before:
                state[LEFT : RIGHT + 1] = after
                self._drive()
            state[T_US] += self._scene.step_us
            self._move_targets()
            p.stepSimulation()
            touching = touching or self._touches()
        state[TOUCHING] = touching
        self._look()

    def _move_targets(self) -> None:
        if self._room.targets:
            room.move(p, self._room, self._courses.places(int(self._state[T_US])))

    def _drive(self) -> None:
        speeds = (self._state[LEFT : RIGHT + 1] * self._turns).tolist()
        p.setJointMotorControlArray(
            self._robot.id,
            self._robot.wheels,
            p.VELOCITY_CONTROL,
            targetVelocities=speeds,
            forces=self._forces,
        )

    def _touches(self) -> bool:
        contacts = p.getContactPoints(bodyA=self._robot.id)
        return any(c[2] != self._room.floor and c[8] <= TOUCH_M for c in contacts)

    def _look(self) -> None:
        (x, y, _), turned = p.getBasePositionAndOrientation(self._robot.id)
        (vx, vy, _), (_, _, turn) = p.getBaseVelocity(self._robot.id)
        qx, qy, qz, qw = turned
        yaw = math.atan2(2 * (qw * qz + qx * qy), 1 - 2 * (qy * qy + qz * qz))
        self._state[X : YAW + 1] = x, y, yaw
        self._state[FORWARD] = vx * math.cos(yaw) + vy * math.sin(yaw)
        self._state[TURN] = turn

    def _body(self) -> tuple[float, float, float]:
        x, y, yaw = self._state[X : YAW + 1].tolist()
        return x, y, yaw

    def _scan(self) -> None:
        *pose, beams = self._wire.arguments[:4].tolist()
        x, y, yaw = mounted(self._body(), (pose[0], pose[1], pose[2]))
        beam = self._wire.floats(int(beams))
        angle = beam.astype(np.float64) + yaw
        origin = np.tile([x, y, _BEAM_Z_M], (len(beam), 1))
        way = np.column_stack([np.cos(angle), np.sin(angle), np.zeros(len(beam))])
        hits = p.rayTestBatch(
            origin, origin + self._reach_m * way, collisionFilterMask=room.OBSTACLE
        )
        beam[:] = [hit[2] * self._reach_m if hit[0] >= 0 else math.inf for hit in hits]

    def _picture(self) -> None:
        x, y, z, yaw, rows, columns, fov_rad = self._wire.arguments[:7].tolist()
        height, width = int(rows), int(columns)
        x, y, yaw = mounted(self._body(), (x, y, yaw))
        ahead = [x + math.cos(yaw), y + math.sin(yaw), z]
        upright = 2 * math.atan(math.tan(fov_rad / 2) * height / width)
        taken = p.getCameraImage(
            width,
            height,
            p.computeViewMatrix([x, y, z], ahead, [0, 0, 1]),
            p.computeProjectionMatrixFOV(math.degrees(upright), width / height, _NEAR_M, _FAR_M),
            lightDirection=_LIGHT_FROM,
            shadow=0,
            renderer=p.ER_TINY_RENDERER,
            flags=p.ER_NO_SEGMENTATION_MASK,
        )
        colour = np.asarray(taken[2], np.uint8).reshape(height, width, 4)
        # things are painted grey, so one channel is the picture
        self._wire.data[: height * width] = colour[:, :, 1].ravel()

    def _save(self) -> None:
        saved = p.saveState()
        self._saved[saved] = self._state.copy()
        if len(self._saved) > KEPT_STATES:
            oldest = next(iter(self._saved))
            p.removeState(oldest)
            del self._saved[oldest]
        self._wire.arguments[0] = saved

    def _restore(self) -> None:
        saved = int(self._wire.arguments[0])
        state = self._saved.get(saved)
        self._wire.arguments[0] = state is not None
        if state is not None:
            p.restoreState(saved)
            self._state[:] = state
            self._move_targets()
            self._drive()

    def _place(self) -> None:
        """Set the robot down, at rest; time goes on from 0."""
        x, y, yaw = self._wire.arguments[:3].tolist()
        p.restoreState(self._first)
        robot = self._robot
        z = p.getBasePositionAndOrientation(robot.id)[0][2]
        p.resetBasePositionAndOrientation(
            robot.id, [x, y, z], p.getQuaternionFromEuler([0, 0, yaw])
        )
        p.resetBaseVelocity(robot.id, [0, 0, 0], [0, 0, 0])
        for wheel in robot.wheels:
            p.resetJointState(robot.id, wheel, 0.0, 0.0)
        self._state[:] = 0.0
        self._move_targets()
        self._drive()
        self._look()


def serve(number: int, parent: int) -> None:
    """Answer requests until told to stop or the parent is gone."""
    shared = wire.attach(number)
    simulation = Simulation(msgspec.json.decode(shared.text(), type=Scene), shared)
    count = 1
    wire.publish(shared.words, REPLY, count)
    while True:
        count += 1
        while not wire.wait(shared.words, REQUEST, count, _CHECK_PARENT_NS):
            if os.getppid() != parent:
                return
        asked = Ask(int(shared.words[wire.ASKED]))
        if asked is Ask.STOP:
            return
        simulation.answer(asked)
        wire.publish(shared.words, REPLY, count)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(int(sys.argv[1]), int(sys.argv[2]))
