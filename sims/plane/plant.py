"""The plane as a plant: a thin shell round the kernels."""

import msgspec
import numpy as np

from neuroloop.core.body import Body
from neuroloop.core.course import courses_of
from neuroloop.core.errors import PartError
from neuroloop.core.values import Float32s, UInt8s
from neuroloop.core.world import Point, World
from sims._rays import Rays, mounted
from sims._surfaces import move_targets, posts_of, walls_of
from sims.plane import motion
from sims.plane.motion import FORWARD, STATE, T_US, TOUCHING, TURN, WANT_LEFT, WANT_RIGHT
from sims.plane.picture import picture


class Plane:
    """A disc on two wheels in a flat world of walls and posts; the same bits on every run.

    The two errors are fractions by which the robot differs from its body file.  Wheel speeds in
    m/s are those of the file's radius, as the motors of a real robot take them.
    """

    def __init__(
        self,
        body: Body,
        world: World,
        step_us: int,
        slip: float,
        *,
        wheel_radius_error: float = 0.0,
        wheel_separation_error: float = 0.0,
    ) -> None:
        self._body, self._world = body, world
        self._step_us = step_us
        self._walls, self._posts = walls_of(world), posts_of(world)
        self._courses = courses_of(world)
        drive, dt_s = body.drive, step_us / 1e6
        self._robot = np.array(
            [
                body.radius_m,
                drive.wheel_separation_m * (1.0 + wheel_separation_error),
                drive.max_wheel_mps,
                drive.max_wheel_mps2 * dt_s,
                dt_s,
                (1.0 - slip) * (1.0 + wheel_radius_error),
                self._courses.fastest_mps * dt_s,
            ]
        )
        self._state = np.zeros(STATE)
        self._state[:3] = world.start
        self._t_us = 0
        self._rays = Rays(world)

    @property
    def body(self) -> Body:
        """The robot."""
        return self._body

    @property
    def world(self) -> World:
        """Where it stands."""
        return self._world

    @property
    def t_us(self) -> int:
        """Run time of the plant."""
        return self._t_us

    def place(self, start: tuple[float, float, float], goal: Point | None) -> None:
        """Begin anew: the robot at rest at ``start``, another goal, run time 0."""
        self._state[:] = 0.0
        self._state[:3] = start
        self._world = msgspec.structs.replace(self._world, start=start, goal=goal)
        self._t_us = 0

    def advance(self, until_us: int) -> None:
        """Let the world run to ``until_us``, a whole number of steps ahead."""
        steps, rest = divmod(until_us - self._t_us, self._step_us)
        if rest or steps < 0:
            raise PartError(
                f"plant: cannot go from {self._t_us} us to {until_us} us in steps of"
                f" {self._step_us} us"
            )
        motion.advance(
            self._state,
            self._robot,
            self._walls,
            self._posts,
            self._courses.ways,
            self._courses.legs,
            steps,
            self._step_us,
        )
        self._t_us = until_us

    def command(self, values: Float32s) -> None:
        """Set the wished speeds of the left and the right wheel in m/s (``float32[2]``)."""
        self._state[WANT_LEFT], self._state[WANT_RIGHT] = values

    def pose(self) -> tuple[float, float, float]:
        """Return x, y in metres and yaw in (-pi, pi], in the world's frame."""
        x, y, yaw = self._state[:3].tolist()
        return x, y, yaw

    def twist(self) -> tuple[float, float]:
        """Return forward speed in m/s and turning speed in rad/s over the last step."""
        forward, turn = self._state[FORWARD : TURN + 1].tolist()
        return forward, turn

    def touching(self) -> bool:
        """Whether the body came within 1 mm of a surface during the last `advance`."""
        return bool(self._state[TOUCHING])

    def scan(self, pose: tuple[float, float, float], bearing_rad: Float32s) -> Float32s:
        """Return the distance to the nearest surface along each beam (``float32[k]``, metres).

        The scan is flat: an obstacle is seen whatever its height.
        """
        return self._rays.scan(self.pose(), pose, bearing_rad, self._t_us)

    def picture(self, pose: tuple[float, ...], shape: tuple[int, int], fov_rad: float) -> UInt8s:
        """Return what a camera at ``pose`` (x, y, z, yaw on the body) sees (``uint8[h, w]``)."""
        x, y, yaw = mounted(self.pose(), (pose[0], pose[1], pose[3]))
        camera = np.array([x, y, pose[2], yaw, fov_rad / 2])
        move_targets(self._posts, self._courses.ways, self._courses.legs, self._t_us)
        grey: UInt8s = picture(self._walls, self._posts, camera, *shape)
        return grey

    def snapshot(self) -> bytes:
        """Return everything `restore` needs for a bit-identical continuation."""
        self._state[T_US] = self._t_us
        return self._state.tobytes()

    def restore(self, state: bytes) -> None:
        """Go back to a snapshot taken from this plant."""
        if len(state) != self._state.nbytes:
            raise PartError(f"plant: {len(state)} bytes are not a snapshot of this plant")
        self._state[:] = np.frombuffer(state)
        self._t_us = int(self._state[T_US])
