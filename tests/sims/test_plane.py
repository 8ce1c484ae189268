import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from neuroloop.config import world as worlds
from neuroloop.core.body import Body, Drive
from neuroloop.core.ports import Site
from neuroloop.core.world import Disc, Polygon, World
from sims import plane
from sims._rays import mounted
from sims._surfaces import posts_of, walls_of
from sims.plane.plant import Plane

ROOM = [(-5.0, -5.0), (5.0, -5.0), (5.0, 5.0), (-5.0, 5.0)]
SUDDEN = Body("sudden", 0.17, Drive(0.035, 0.23, 0.5, 1e9))


def place(start=(0.0, 0.0, 0.0), polygon=(), disc=(), body=SUDDEN, step_us=1000, slip=0.0):
    world = World("test", ROOM, start, polygon=list(polygon), disc=list(disc))
    return Plane(body, world, step_us, slip)


def drive(plant, left, right, seconds):
    plant.command(np.array([left, right], np.float32))
    plant.advance(plant.t_us + round(seconds * 1e6))


def gap(world, x, y):
    """Distance to the nearest surface, in plain Python."""
    outlines = [world.room, *(p.points for p in world.polygon)]
    edges = min(worlds._distance(o, (x, y)) for o in outlines)
    return min([edges, *(math.dist(d.centre, (x, y)) - d.radius_m for d in world.disc)])


# --- motion ---


@pytest.mark.parametrize("step_us", [100, 1000, 10_000])
def test_free_motion_is_the_exact_arc(step_us):
    plant = place(step_us=step_us)
    left, right = np.float32([0.2, 0.35]).astype(float)
    drive(plant, left, right, 3.0)
    v, w = (left + right) / 2, (right - left) / 0.23
    yaw = w * 3
    expected = (v / w * math.sin(yaw), v / w * (1 - math.cos(yaw)), yaw)
    assert plant.pose() == pytest.approx(expected, abs=1e-9)


def test_yaw_stays_within_half_a_turn():
    plant = place()
    for _ in range(40):
        drive(plant, -0.4, 0.4, 0.2)
        assert -math.pi < plant.pose()[2] <= math.pi


def test_wheels_follow_the_body_files_acceleration():
    plant = place(body=Body("slow", 0.17, Drive(0.035, 0.23, 0.5, 0.5)))
    drive(plant, 0.5, 0.5, 0.4)
    assert plant.twist()[0] == pytest.approx(0.2)
    drive(plant, -0.5, 0.5, 0.2)
    assert plant.twist() == pytest.approx((0.2, 0.2 / 0.23))


def test_slip_loses_its_part_of_the_way():
    plant = place(slip=0.25)
    drive(plant, 0.4, 0.4, 1.0)
    assert plant.pose()[0] == pytest.approx(0.3)


def test_it_slides_along_a_wall_and_twist_tells_what_came_of_it():
    plant = place(start=(4.0, -4.0, math.pi / 4))
    drive(plant, 0.4, 0.4, 6.0)
    x, y, yaw = plant.pose()
    assert x == pytest.approx(5 - 0.17)
    assert y == pytest.approx(-4 + 2.4 * math.sin(math.pi / 4))
    assert yaw == pytest.approx(math.pi / 4)
    assert plant.twist()[0] == pytest.approx(0.2)
    assert plant.touching()


def test_an_acute_corner_wedges_it():
    corner = Polygon([(0.5, 0.0), (3.0, 0.4), (3.0, 1.0), (0.5, 0.5)])
    other = Polygon([(0.5, -0.5), (3.0, -1.0), (3.0, -0.4), (0.5, 0.0)])
    world = World("wedge", ROOM, (4.5, 0.0, math.pi), polygon=[corner, other])
    plant = Plane(SUDDEN, world, 1000, 0.0)
    drive(plant, 0.5, 0.5, 8.0)
    x, y, _ = plant.pose()
    assert plant.touching()
    assert gap(world, x, y) == pytest.approx(0.17, abs=1e-3)
    assert plant.twist()[0] == pytest.approx(0, abs=1e-6)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1000, 10_000]))
def test_it_never_penetrates(seed, step_us):
    site = Site("plant", 1, 10_000)
    world = worlds.load("boxes", site.folder, "test")
    plant = plane.build(plane.Config("boxes", step_us=step_us), site)
    rng = np.random.default_rng(seed)
    touched = 0
    for _ in range(150):
        plant.command(rng.uniform(0.0, 0.5, 2).astype(np.float32))
        plant.advance(plant.t_us + 500_000)
        x, y, _ = plant.pose()
        space = gap(world, x, y) - 0.17
        assert space > -1e-6
        assert worlds.inside(world.room, (x, y))
        if space < 1e-4:
            touched += 1
            assert plant.touching()
    assert plant.t_us == 75_000_000


# --- rays ---


def brute_scan(world, x, y, angles, slack):
    """Every beam against every surface, in numpy; walls longer (or shorter) by ``slack``."""
    out = np.full(len(angles), np.inf)
    c, s = np.cos(angles), np.sin(angles)
    for wall in walls_of(world):
        ox, oy = wall[0] - x, wall[1] - y
        dx, dy = wall[2] - wall[0], wall[3] - wall[1]
        turn = c * dy - s * dx
        with np.errstate(all="ignore"):
            t, u = (ox * dy - oy * dx) / turn, (ox * s - oy * c) / turn
        met = (t >= 0) & (u >= -slack) & (u <= 1 + slack)
        out = np.where(met, np.minimum(out, t), out)
    for px, py, radius, *_ in posts_of(world):
        ox, oy = px - x, py - y
        middle = ox * c + oy * s
        root = middle**2 - ox**2 - oy**2 + radius**2
        half = np.sqrt(np.maximum(root, 0))
        t = np.where(middle >= half, middle - half, middle + half)
        out = np.where((root >= -slack) & (t >= 0), np.minimum(out, t), out)
    return out


coordinate = st.floats(-4.5, 4.5)
boxes = st.tuples(coordinate, coordinate, st.floats(0.05, 1.5), st.floats(-4, 4))
angle = st.floats(-4, 4)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(boxes, max_size=8),
    st.lists(st.tuples(coordinate, coordinate, st.floats(0.05, 1.0)), max_size=4),
    st.tuples(coordinate, coordinate, angle),
    st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3), angle),
    st.lists(st.floats(-7, 7, width=32), max_size=20),
)
def test_a_scan_is_what_trying_every_surface_gives(quads, posts, start, mount, extra):
    polygons = [
        Polygon([(x + r * math.cos(a + q), y + r * math.sin(a + q)) for q in (0, 1.2, 3, 4.4)])
        for x, y, r, a in quads
    ]
    discs = [Disc((x, y), r) for x, y, r in posts]
    world = World("test", ROOM, start, polygon=polygons, disc=discs)
    plant = Plane(SUDDEN, world, 1000, 0.0)
    bearings = np.concatenate([np.linspace(-math.pi, math.pi, 91), extra]).astype(np.float32)
    metres = plant.scan(mount, bearings)
    x, y, yaw = mounted(plant.pose(), mount)
    # on the very edge of a post there is no telling inside from outside
    assume(all(abs(math.hypot(px - x, py - y) - r) > 1e-3 for px, py, r in posts))
    angles = bearings.astype(float) + yaw
    nearest = brute_scan(world, x, y, angles, 1e-6)
    farthest = brute_scan(world, x, y, angles, -1e-6)
    assert np.all(metres >= nearest - 1e-4)
    assert np.all(metres <= farthest + 1e-4)


def test_a_closed_room_has_no_gap_at_its_corners():
    plant = place()
    bearings = np.arctan2([5, 5, -5, -5], [5, -5, 5, -5]).astype(np.float32)
    np.testing.assert_allclose(plant.scan((0.0, 0.0, 0.0), bearings), math.sqrt(50), rtol=1e-6)


def test_a_beam_that_meets_nothing_returns_infinity():
    plant = place()
    outside = plant.scan((20.0, 0.0, 0.0), np.zeros(1, np.float32))
    assert outside.tolist() == [math.inf]


# --- pictures ---


def slow_picture(world, camera, shape, fov_rad):
    """Pixel by pixel: the wall, floor or sky a ray of three dimensions meets first."""
    x, y, z, yaw = camera
    height, width = shape
    f = width / 2 / math.tan(fov_rad / 2)
    grey = np.empty(shape, np.uint8)
    for i in range(width):
        left = (width / 2 - i - 0.5) / f
        dx = math.cos(yaw) - left * math.sin(yaw)
        dy = math.sin(yaw) + left * math.cos(yaw)
        hits = []
        for x1, y1, x2, y2, _, top, shade, along, _ in walls_of(world):
            turn = dx * (y2 - y1) - dy * (x2 - x1)
            t = ((x1 - x) * (y2 - y1) - (y1 - y) * (x2 - x1)) / turn
            u = ((x1 - x) * dy - (y1 - y) * dx) / turn
            if t > 0 and 0 <= u <= 1:
                at = along + u * math.hypot(x2 - x1, y2 - y1)
                hits.append((t, top, shade * (0.7 if math.floor(at / 0.25) % 2 else 1.0)))
        for j in range(height):
            drop = (j + 0.5 - height / 2) / f
            grey[j, i] = 215
            if drop > 0:
                t = z / drop
                tiles = math.floor((x + t * dx) / 0.5) + math.floor((y + t * dy) / 0.5)
                grey[j, i] = 120 if tiles % 2 else 70
            for t, top, shade in sorted(hits):
                if 0 <= z - drop * t <= top:
                    grey[j, i] = np.uint8(255 * shade)
                    break
    return grey


def test_a_picture_is_what_a_ray_through_each_pixel_meets():
    box = Polygon([(1.5, 0.2), (2.3, 0.4), (2.0, 1.2), (1.2, 1.0)], height_m=0.5, grey=0.3)
    tall = Polygon([(3.0, -1.5), (3.5, -1.5), (3.5, -0.5), (3.0, -0.5)], height_m=1.6, grey=0.6)
    world = World("test", ROOM, (0.0, 0.0, 0.13), polygon=[box, tall])
    plant = Plane(SUDDEN, world, 1000, 0.0)
    got = plant.picture((0.1, 0.0, 0.25, 0.0), (36, 48), 1.3)
    x, y, yaw = mounted(plant.pose(), (0.1, 0.0, 0.0))
    expected = slow_picture(world, (x, y, 0.25, yaw), (36, 48), 1.3)
    assert np.mean(got == expected) > 0.998  # pixels cut by an edge may round either way


def test_a_camera_sees_over_a_low_obstacle_and_its_top():
    low = Polygon([(1.0, -1.0), (2.0, -1.0), (2.0, 1.0), (1.0, 1.0)], height_m=0.1, grey=0.0)
    grey = place(polygon=[low]).picture((0.0, 0.0, 0.3, 0.0), (48, 8), 1.0)
    dark = np.flatnonzero(grey[:, 4] == 0)
    f = 4 / math.tan(0.5)
    rows = [round(48 / 2 - 0.5 + f * drop / t) for drop, t in ((0.2, 2.0), (0.3, 1.0))]
    assert dark[0] == pytest.approx(rows[0], abs=1)
    assert dark[-1] == pytest.approx(rows[1], abs=1)
    assert grey[dark[0] - 1, 4] in (int(255 * 0.8), int(255 * 0.8 * 0.7), 70, 120)
