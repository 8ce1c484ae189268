"""A world as PyBullet bodies; ``p`` is the pybullet module, connected."""

from collections.abc import Sequence
from typing import Any

from neuroloop.core.world import World
from sims.bullet.shapes import convex_parts, prism, walls

RAY, OBSTACLE, ROBOT, FLOOR = 1, 2, 4, 8
"""collision groups (1 is what PyBullet gives its rays): the robot meets the floor and obstacles,
rays meet obstacles"""

WALL_M = 0.05
SOLID_M = 2.0
"""what stops wheels and rays is this high, whatever is seen: the world is flat to both"""

_FLOOR_GREY = 0.4


def build(p: Any, world: World) -> int:
    """Add floor, walls and obstacles; returns the floor's body."""
    floor = _floor(p, world)
    for slab in walls(world.room, WALL_M):
        half = [slab.half_length_m, slab.half_thick_m, SOLID_M / 2]
        seen = [slab.half_length_m, slab.half_thick_m, world.wall_height_m / 2]
        solid = p.createCollisionShape(p.GEOM_BOX, halfExtents=half)
        visual = p.createVisualShape(
            p.GEOM_BOX,
            halfExtents=seen,
            rgbaColor=_colour(world.wall_grey),
            visualFramePosition=[0, 0, (world.wall_height_m - SOLID_M) / 2],
        )
        turned = p.getQuaternionFromEuler([0, 0, slab.yaw])
        _place(p, solid, visual, [slab.x, slab.y, SOLID_M / 2], turned)
    for polygon in world.polygon:
        for part in convex_parts(polygon.points):
            solid = p.createCollisionShape(p.GEOM_MESH, vertices=prism(part, SOLID_M)[0])
            vertices, triangles = prism(part, polygon.height_m)
            visual = p.createVisualShape(
                p.GEOM_MESH,
                vertices=vertices,
                indices=triangles,
                rgbaColor=_colour(polygon.grey),
            )
            _place(p, solid, visual, [0, 0, 0], [0, 0, 0, 1])
    for disc in world.disc:
        solid = p.createCollisionShape(p.GEOM_CYLINDER, radius=disc.radius_m, height=SOLID_M)
        visual = p.createVisualShape(
            p.GEOM_CYLINDER,
            radius=disc.radius_m,
            length=disc.height_m,
            rgbaColor=_colour(disc.grey),
            visualFramePosition=[0, 0, (disc.height_m - SOLID_M) / 2],
        )
        _place(p, solid, visual, [*disc.centre, SOLID_M / 2], [0, 0, 0, 1])
    return floor


def _floor(p: Any, world: World) -> int:
    xs, ys = zip(*world.room, strict=True)
    half = [(max(xs) - min(xs)) / 2 + 1, (max(ys) - min(ys)) / 2 + 1, 0.05]
    middle = [(max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2]
    visual = p.createVisualShape(
        p.GEOM_BOX,
        halfExtents=half,
        rgbaColor=_colour(_FLOOR_GREY),
        visualFramePosition=[*middle, -0.05],
    )
    floor: int = p.createMultiBody(0, p.createCollisionShape(p.GEOM_PLANE), visual)
    p.setCollisionFilterGroupMask(floor, -1, FLOOR, ROBOT)
    return floor


def _place(
    p: Any, solid: int, visual: int, position: Sequence[float], turned: Sequence[float]
) -> None:
    body = p.createMultiBody(0, solid, visual, position, turned)
    p.setCollisionFilterGroupMask(body, -1, OBSTACLE, ROBOT | RAY)


def _colour(grey: float) -> list[float]:
    return [grey, grey, grey, 1.0]
