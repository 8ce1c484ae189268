import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from neuroloop.config.world import area, inside
from neuroloop.core.errors import ConfigError, MachineError, PartError
from neuroloop.core.ports import Site
from sims import bullet
from sims.bullet import process
from sims.bullet.plant import Bullet
from sims.bullet.shapes import circle, convex_parts, prism, walls
from sims.bullet.wire import Ask

BEARINGS = np.array([0.0, 0.5], np.float32)
L_SHAPE = [(0.0, 0.0), (2.0, 0.0), (2.0, 1.0), (1.0, 1.0), (1.0, 2.0), (0.0, 2.0)]
STAR = [(0, 0), (3, 1), (6, 0), (4, 3), (6, 6), (3, 4), (0, 6), (1, 3)]
NOTCHED = [(0, 0), (1, 0), (2, 0), (2, 2), (1, 2), (1, 1), (0, 1)]

CHILD = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
from neuroloop.core.ports import Site
from sims import bullet
with bullet.build(bullet.Config("empty"), Site("plant", 1, 1000)) as plant:
    print(plant._process.pid, flush=True)
    while True:
        plant.advance(plant.t_us + 1000)
"""


@pytest.fixture(scope="module")
def plant(open_bullet):
    with open_bullet("boxes") as plant:
        yield plant


def left_behind(pid):
    """Files of the process ``pid`` in shared memory."""
    return list(Path("/dev/shm").glob(f"neuroloop-{pid}-*"))


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until_gone(pid, seconds=5.0):
    deadline = time.monotonic() + seconds
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_running(pid)


# --- outlines, which need no PyBullet ---


@pytest.mark.parametrize("outline", [L_SHAPE, L_SHAPE[::-1], STAR, NOTCHED])
def test_the_parts_of_an_outline_are_convex_and_fill_it(outline):
    parts = convex_parts(outline)
    assert all(area(part) > 0 for part in parts)
    assert sum(area(part) for part in parts) == pytest.approx(abs(area(outline)))
    for part in parts:
        middle = np.mean(part, axis=0)
        assert inside(outline, tuple(middle))


def test_a_convex_outline_is_one_part():
    square = [(0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, 0.0)]
    assert len(convex_parts(square)) == 1


def test_walls_stand_outside_the_room_also_where_it_bends():
    for slab in walls(L_SHAPE, 0.05):
        for end in (-0.999, 0.0, 0.999):
            for side in (-0.999, 0.999):
                along, across = end * slab.half_length_m, side * slab.half_thick_m
                c, s = np.cos(slab.yaw), np.sin(slab.yaw)
                corner = (slab.x + c * along - s * across, slab.y + s * along + c * across)
                assert not inside(L_SHAPE, corner)


def test_a_prism_is_seen_from_outside():
    outline = circle((1.0, 2.0), 0.5)
    assert area(outline) == pytest.approx(np.pi * 0.25, rel=0.01)
    mesh = prism(outline, 0.8)
    corners = np.array(mesh.vertices)[np.reshape(mesh.indices, (-1, 3))]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    told = np.array(mesh.normals)[np.reshape(mesh.indices, (-1, 3))[:, 0]]
    assert np.all(np.sum(normals * told, axis=1) > 0)
    outward = corners.mean(axis=1) - [1.0, 2.0, 0.4]
    assert np.all(np.sum(normals * outward, axis=1) > 0)


# --- what can go wrong around the process ---


def test_nothing_is_in_shared_memory_while_it_runs(plant):
    assert plant.t_us >= 0
    assert left_behind(os.getpid()) == []


def test_closing_ends_the_process(open_bullet):
    with open_bullet() as plant:
        pid = plant._process.pid
        assert is_running(pid)
    assert not is_running(pid)
    with pytest.raises(PartError, match="not running"):
        plant.advance(10_000)


def test_it_can_be_opened_again_and_refuses_snapshots_from_before(open_bullet):
    plant = open_bullet()
    with plant:
        plant.advance(10_000)
        old = plant.snapshot()
    with plant:
        assert plant.t_us == 0
        with pytest.raises(PartError, match="another PyBullet process"):
            plant.restore(old)


def test_a_killed_process_is_a_part_error_at_once_and_every_time(open_bullet):
    with open_bullet() as plant:
        pid = plant._process.pid
        os.kill(pid, signal.SIGKILL)
        start = time.monotonic()
        with pytest.raises(PartError, match="PyBullet process ended with -9"):
            plant.advance(10_000)
        assert time.monotonic() - start < 1.0
        for call in (plant.snapshot, plant.pose, lambda: plant.scan((0, 0, 0), BEARINGS)):
            with pytest.raises(PartError, match="not running"):
                call()
    assert left_behind(os.getpid()) == []


def test_a_silent_process_is_given_up_and_removed(open_bullet, monkeypatch):
    with open_bullet() as plant:
        pid = plant._process.pid
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(PartError, match=r"no answer for 0.1 s"):
            plant._process.ask(Ask.SAVE, seconds=0.1)
    assert not is_running(pid)


def test_what_the_process_says_before_it_ends_is_told(open_bullet, tmp_path, monkeypatch):
    robot = tmp_path / "odd.toml"
    shipped = Path(bullet.__file__).parents[1] / "bodies" / "rover.toml"
    robot.write_text('urdf = "odd.urdf"\n' + shipped.read_text())
    (tmp_path / "odd.urdf").write_text("<robot/>")
    plant = open_bullet(folder=tmp_path, body="odd")
    with pytest.raises(PartError, match=r"PyBullet process ended with 1: .*odd.urdf"), plant:
        pass
    assert left_behind(os.getpid()) == []


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_when_the_whole_group_is_signalled(open_bullet, sent):
    open_bullet()
    parent = subprocess.Popen(
        [sys.executable, "-c", CHILD],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    with parent:
        pid = int(parent.stdout.readline())
        os.killpg(parent.pid, sent)
        assert parent.wait(10) != 0
    assert wait_until_gone(pid)
    assert left_behind(parent.pid) == []


def test_an_interrupted_wait_does_not_mix_up_answers(plant, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    before = plant.t_us
    with monkeypatch.context() as patched:
        patched.setattr(process.wire, "wait", interrupt)
        with pytest.raises(KeyboardInterrupt):
            plant.advance(before + 20_000)
    assert len(plant.scan((0.0, 0.0, 0.0), BEARINGS)) == 2
    plant.advance(before + 20_000)  # it is there already
    assert plant.t_us == before + 20_000
    with pytest.raises(PartError, match="cannot go"):
        plant.advance(before)


# --- physics ---


def test_slip_loses_its_part_of_the_way(open_bullet):
    with open_bullet(slip=0.5) as plant:
        plant.command(np.array([0.4, 0.4], np.float32))
        plant.advance(1_000_000)
        assert plant.twist()[0] == pytest.approx(0.2, abs=0.01)


def test_it_goes_back_to_any_of_many_snapshots(plant):
    kept = []
    for _ in range(5):
        plant.command(np.array([0.2, 0.3], np.float32))
        plant.advance(plant.t_us + 50_000)
        kept.append((plant.snapshot(), plant.t_us, plant.pose(), plant.twist()))
    for state, t_us, pose, twist in reversed(kept):
        plant.restore(state)
        assert (plant.t_us, plant.pose(), plant.twist()) == (t_us, pose, twist)


def test_the_oldest_snapshots_are_forgotten_in_words(plant):
    first = plant.snapshot()
    for _ in range(256):
        plant.snapshot()
    with pytest.raises(PartError, match="too old"):
        plant.restore(first)


def test_a_missing_urdf_file_is_named(open_bullet, tmp_path):
    robot = tmp_path / "odd.toml"
    shipped = Path(bullet.__file__).parents[1] / "bodies" / "rover.toml"
    robot.write_text('urdf = "none.urdf"\n' + shipped.read_text())
    with pytest.raises(ConfigError, match=r"`urdf`: no file .*none.urdf"):
        open_bullet(folder=tmp_path, body="odd")


def test_a_urdf_robot_drives(open_bullet, tmp_path):
    shipped = Path(bullet.__file__).parents[1] / "bodies" / "rover.toml"
    (tmp_path / "boxy.toml").write_text('urdf = "boxy.urdf"\n' + shipped.read_text())
    ball = '<collision><geometry><sphere radius="{}"/></geometry></collision>'
    inertia = (
        '<inertial><mass value="{}"/>'
        '<inertia ixx="0.01" iyy="0.01" izz="0.01" ixy="0" ixz="0" iyz="0"/></inertial>'
    )
    links = f'<link name="base">{inertia.format(3)}</link>'
    joints = ""
    parts = (("left_wheel", 0, 0.115), ("right_wheel", 0, -0.115), ("front", 0.1, 0))
    for name, x, y in (*parts, ("rear", -0.1, 0)):
        kind = "continuous" if "wheel" in name else "fixed"
        friction = 1.0 if "wheel" in name else 0.0
        links += (
            f'<link name="{name}"><contact><lateral_friction value="{friction}"/></contact>'
            f"{inertia.format(0.1)}{ball.format(0.035)}</link>"
        )
        joints += (
            f'<joint name="{name}" type="{kind}"><parent link="base"/><child link="{name}"/>'
            f'<origin xyz="{x} {y} 0"/><axis xyz="0 1 0"/></joint>'
        )
    (tmp_path / "boxy.urdf").write_text(f'<robot name="boxy">{links}{joints}</robot>')
    with open_bullet(folder=tmp_path, body="boxy") as plant:
        plant.command(np.array([0.2, 0.3], np.float32))
        plant.advance(1_000_000)
        assert plant.twist()[0] == pytest.approx(0.25, abs=0.02)
        assert plant.pose()[2] > 0.1


def test_without_pybullet_the_other_plant_is_named(monkeypatch):
    monkeypatch.setattr(bullet.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MachineError, match=r'no wheel.*kind = "plane"'):
        bullet.build(bullet.Config("empty"), Site("plant", 1, 1000))


def test_before_it_is_opened_it_has_a_body_and_says_that_it_is_not_running(open_bullet):
    plant = open_bullet()
    assert isinstance(plant, Bullet)
    assert plant.body.name == "rover"
    assert plant.t_us == 0
    with pytest.raises(PartError, match="not running"):
        plant.pose()
