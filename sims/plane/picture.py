"""A small camera: one ray a column, painted from the floor up.

The camera stands upright, so along a column nearer things lie lower in the picture.  Walking the
surfaces a column meets from near to far, each paints what is above everything painted before it:
the floor in front of a wall, the wall, the top of what is lower than the camera, at last the sky.
"""

import math

import numpy as np

from neuroloop.core.kernel import kernel
from sims._surfaces import (
    ALONG,
    GREY,
    HEIGHT,
    INVERSE,
    IS_ROOM,
    POST_GREY,
    POST_HEIGHT,
    PX,
    PY,
    RADIUS,
    X1,
    X2,
    Y1,
    Y2,
)

_SKY = 215
_TILE_M = 0.5
_FLOOR_DARK, _FLOOR_LIGHT = 70, 120
_STRIPE_M = 0.25
_STRIPE_SHADE = 0.7
_TOP_SHADE = 1.15
_NEAR_M = 1e-6

_DEPTH, _TOP, _SHADE, _ENTERS, _IS_LAST, _HIT_COLUMNS = range(6)


@kernel
def picture(walls, posts, camera, height, width):
    """Return ``uint8[height, width]`` as ``camera`` sees it: x, y, z, yaw, half the field of view.

    Pixel (j, i) looks along forward + left·(width/2 - i - ½)/f - up·(j + ½ - height/2)/f.
    """
    grey = np.empty((height, width), np.uint8)
    hits = np.empty((walls.shape[0] + 2 * posts.shape[0], _HIT_COLUMNS))
    f = width / 2 / math.tan(camera[4])
    c = math.cos(camera[3])
    s = math.sin(camera[3])
    for i in range(width):
        left = (width / 2 - i - 0.5) / f
        dx = c - left * s
        dy = s + left * c
        n = _meet_walls(hits, walls, camera[0], camera[1], dx, dy)
        n = _meet_posts(hits, n, posts, camera[0], camera[1], dx, dy)
        _sort(hits, n)
        _paint(grey, i, hits, n, camera, dx, dy, f)
    return grey


@kernel
def _meet_walls(hits, walls, x, y, dx, dy):
    n = 0
    for i in range(walls.shape[0]):
        ex = walls[i, X2] - walls[i, X1]
        ey = walls[i, Y2] - walls[i, Y1]
        ox = walls[i, X1] - x
        oy = walls[i, Y1] - y
        turn = dx * ey - dy * ex
        if turn == 0.0:
            continue
        depth = (ox * ey - oy * ex) / turn
        u = (ox * dy - oy * dx) / turn
        if depth <= _NEAR_M or u < 0.0 or u > 1.0:
            continue
        along = walls[i, ALONG] + u / math.sqrt(walls[i, INVERSE])
        hits[n, _DEPTH] = depth
        hits[n, _TOP] = walls[i, HEIGHT]
        hits[n, _SHADE] = _stripe(walls[i, GREY], along) if turn < 0.0 else walls[i, GREY]
        hits[n, _ENTERS] = turn < 0.0
        hits[n, _IS_LAST] = walls[i, IS_ROOM] * (turn < 0.0)
        n += 1
    return n


@kernel
def _meet_posts(hits, n, posts, x, y, dx, dy):
    a = dx * dx + dy * dy
    for i in range(posts.shape[0]):
        ox = posts[i, PX] - x
        oy = posts[i, PY] - y
        middle = ox * dx + oy * dy
        root = middle * middle - a * (ox * ox + oy * oy - posts[i, RADIUS] ** 2)
        if root <= 0.0:
            continue
        root = math.sqrt(root)
        for enters in (True, False):
            depth = (middle - root if enters else middle + root) / a
            if depth <= _NEAR_M:
                continue
            shade = posts[i, POST_GREY]
            if enters:
                angle = math.atan2(depth * dy - oy, depth * dx - ox)
                shade = _stripe(shade, angle * posts[i, RADIUS])
            hits[n, _DEPTH] = depth
            hits[n, _TOP] = posts[i, POST_HEIGHT]
            hits[n, _SHADE] = shade
            hits[n, _ENTERS] = enters
            hits[n, _IS_LAST] = 0.0
            n += 1
    return n


@kernel
def _stripe(grey, along_m):
    return grey * _STRIPE_SHADE if math.floor(along_m / _STRIPE_M) & 1 else grey


@kernel
def _sort(hits, n):
    """Sort the first ``n`` rows by depth, in place: a column meets few surfaces."""
    for i in range(1, n):
        j = i
        while j > 0 and hits[j - 1, _DEPTH] > hits[j, _DEPTH]:
            for k in range(_HIT_COLUMNS):
                hits[j - 1, k], hits[j, k] = hits[j, k], hits[j - 1, k]
            j -= 1


@kernel
def _paint(grey, i, hits, n, camera, dx, dy, f):
    height = grey.shape[0]
    free = height  # rows from here down are painted
    for k in range(n):
        top = _row(camera[2] - hits[k, _TOP], hits[k, _DEPTH], f, height)
        if hits[k, _ENTERS]:
            foot = _row(camera[2], hits[k, _DEPTH], f, height)
            _paint_floor(grey, i, foot, free, camera, dx, dy, f)
            free = min(free, foot)
            _fill(grey, i, top, free, hits[k, _SHADE])
        else:
            _fill(grey, i, top, free, hits[k, _SHADE] * _TOP_SHADE)
        free = min(free, top)
        if hits[k, _IS_LAST]:
            break
    for j in range(free):
        grey[j, i] = _SKY


@kernel
def _row(below_m, depth, f, height):
    """Return the first row whose centre lies under a point ``below_m`` under the camera."""
    row = math.ceil(below_m * f / depth + height / 2 - 0.5)
    return int(min(max(row, 0.0), float(height)))


@kernel
def _fill(grey, i, top, free, shade):
    value = np.uint8(min(255.0 * shade, 255.0))
    for j in range(free - top):
        grey[top + j, i] = value


@kernel
def _paint_floor(grey, i, top, free, camera, dx, dy, f):
    for j in range(free - top):
        depth = camera[2] * f / (top + j + 0.5 - grey.shape[0] / 2)
        tile_x = math.floor((camera[0] + depth * dx) / _TILE_M)
        tile_y = math.floor((camera[1] + depth * dy) / _TILE_M)
        grey[top + j, i] = _FLOOR_LIGHT if (tile_x + tile_y) & 1 else _FLOOR_DARK
