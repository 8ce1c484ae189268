"""A world as PyBullet bodies; ``p`` is the pybullet module, connected."""

import math
import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from neuroloop.core.values import UInt8s
from neuroloop.core.world import Disc, Point, Target, World
from sims.bullet.shapes import Mesh, circle, convex_parts, prism, walls

RAY, OBSTACLE, ROBOT, FLOOR = 1, 2, 4, 8
"""collision groups (1 is what PyBullet gives its rays): the robot meets the floor and obstacles,
rays meet obstacles"""

WALL_M = 0.05
SOLID_M = 2.0
"""what stops wheels and rays is this high, whatever is seen: the world is flat to both"""

_TEXELS = 16
_TILES = np.array([[70, 120], [120, 70]], np.uint8)
_STRIPES = np.array([[255, 178]], np.uint8)


@dataclass(frozen=True)
class Room:
    """The bodies of a world that are asked for or moved."""

    floor: int
    targets: list[int]


def build(p: Any, world: World) -> Room:
    """Add floor, walls, obstacles, and targets where they begin.

    They are chequered and striped, so that a camera sees that it moves.
    """
    tiles, stripes = _textures(p, _TILES, _STRIPES)
    for slab in walls(world.room, WALL_M):
        half = [slab.half_length_m, slab.half_thick_m]
        solid = p.createCollisionShape(p.GEOM_BOX, halfExtents=[*half, SOLID_M / 2])
        x, y = half
        outline = [(-x, -y), (x, -y), (x, y), (-x, y)]
        seen = _seen(p, prism(outline, world.wall_height_m), world.wall_grey, -SOLID_M / 2)
        turned = p.getQuaternionFromEuler([0, 0, slab.yaw])
        _place(p, solid, seen, stripes, [slab.x, slab.y, SOLID_M / 2], turned)
    for polygon in world.polygon:
        for part in convex_parts(polygon.points):
            # without triangles PyBullet takes the corners' convex hull
            corners = prism(part, SOLID_M).vertices
            solid = p.createCollisionShape(p.GEOM_MESH, vertices=corners)
            seen = _seen(p, prism(part, polygon.height_m), polygon.grey)
            _place(p, solid, seen, stripes)
    for disc in world.disc:
        _post(p, disc, disc.centre, stripes)
    targets = [_post(p, target, target.path[0], stripes) for target in world.target]
    return Room(_floor(p, world.room, tiles), targets)


def move(p: Any, room: Room, places: Sequence[Point]) -> None:
    """Put each target at its place."""
    for target, place in zip(room.targets, places, strict=True):
        p.resetBasePositionAndOrientation(target, [*place, SOLID_M / 2], [0, 0, 0, 1])


def _post(p: Any, post: Disc | Target, centre: Point, stripes: int) -> int:
    solid = p.createCollisionShape(p.GEOM_CYLINDER, radius=post.radius_m, height=SOLID_M)
    outline = circle((0.0, 0.0), post.radius_m)
    seen = _seen(p, prism(outline, post.height_m), post.grey, -SOLID_M / 2)
    return _place(p, solid, seen, stripes, [*centre, SOLID_M / 2])


def _floor(p: Any, room: Sequence[Point], tiles: int) -> int:
    xs, ys = zip(*room, strict=True)
    low = [math.floor(min(xs)) - 1, math.floor(min(ys)) - 1]
    high = [math.ceil(max(xs)) + 1, math.ceil(max(ys)) + 1]
    corners = [[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]]
    mesh = Mesh()
    # one period of the texture is two tiles, which is one metre
    period = [[float(x - low[0]), float(y - low[1])] for x, y in corners]
    mesh.add([[float(x), float(y), 0.0] for x, y in corners], [0.0, 0.0, 1.0], period)
    floor: int = p.createMultiBody(0, p.createCollisionShape(p.GEOM_PLANE), _seen(p, mesh, 1.0))
    p.changeVisualShape(floor, -1, textureUniqueId=tiles)
    p.setCollisionFilterGroupMask(floor, -1, FLOOR, ROBOT)
    return floor


def _seen(p: Any, mesh: Mesh, grey: float, z: float = 0.0) -> int:
    shape: int = p.createVisualShape(
        p.GEOM_MESH,
        vertices=mesh.vertices,
        normals=mesh.normals,
        uvs=mesh.uvs,
        indices=mesh.indices,
        rgbaColor=[grey, grey, grey, 1.0],
        visualFramePosition=[0, 0, z],
    )
    return shape


def _place(
    p: Any,
    solid: int,
    seen: int,
    texture: int,
    position: Sequence[float] = (0, 0, 0),
    turned: Sequence[float] = (0, 0, 0, 1),
) -> int:
    body: int = p.createMultiBody(0, solid, seen, position, turned)
    p.changeVisualShape(body, -1, textureUniqueId=texture)
    p.setCollisionFilterGroupMask(body, -1, OBSTACLE, ROBOT | RAY)
    return body


def _textures(p: Any, *greys: UInt8s) -> list[int]:
    """Load each ``uint8[h, w]`` as a texture, each value a block of texels, by way of a TGA file.

    PyBullet takes textures from files only; these have no names and are gone when they are closed.
    It knows a file that it read before by its path, so all stay open until the last is read.
    """
    with ExitStack() as files:
        return [
            p.loadTexture(f"/proc/self/fd/{files.enter_context(_tga(grey)).fileno()}")
            for grey in greys
        ]


def _tga(grey: UInt8s) -> IO[bytes]:
    texels = grey.repeat(_TEXELS, axis=0).repeat(_TEXELS, axis=1)
    height, width = texels.shape
    head = bytes([0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    size = width.to_bytes(2, "little") + height.to_bytes(2, "little")
    file = os.fdopen(os.memfd_create("texture"), "wb")
    file.write(head + size + bytes([8, 0]) + texels.tobytes())
    file.flush()
    return file
