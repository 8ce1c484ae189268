"""Whatever is wrong: one message, with place and remedy, the exit code, and no traceback."""

import os
import subprocess
import sys
import threading
import time

import pytest

from sims import bullet

GOOD = """
[plant]
kind = "plane"
world = "{world}"

[sensor.odometry]
kind = "plant.odometry"

[encoder.speed]
kind = "rate"
input = "odometry"
scale = [0.5, 2.0]

[engine]
kind = "float"
network = "net.py:build"

[decoder.wheels]
kind = "linear"
input = "motor"
weights = [[0.01], [0.01]]

[actuator.wheels]
kind = "plant"
"""
NET = """
from neuroloop.network import Input, Network, Population

def build():
    return Network((Input("speed", 4),), (Population("motor", 2, "lif"),))
"""
PART = """
from msgspec import Struct
class Config(Struct):
    input: str
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "net.py").write_text(NET)
    (tmp_path / "run.toml").write_text(GOOD.format(world="empty"))
    return tmp_path


@pytest.fixture
def refused(command):
    """Run a file that must be refused; returns the one message."""

    def call(*arguments, code=2, verb="run"):
        got, out, err = command(verb, *arguments)
        assert got == code, err
        assert out == ""
        assert err.startswith("neuroloop: ")
        assert err.count("\n") == 1
        assert "Traceback" not in err
        return err

    return call


def change(folder, old, new):
    text = (folder / "run.toml").read_text()
    assert old in text
    (folder / "run.toml").write_text(text.replace(old, new))
    return folder / "run.toml"


def test_the_unchanged_file_runs(command, folder):
    assert command("run", folder / "run.toml", "--ticks", 50, "-q")[0] in (0, 1)


def test_a_missing_file(refused, tmp_path):
    assert "absent.toml" in refused(tmp_path / "absent.toml")
    assert 'did you mean "navigate"' in refused("navigat")


def test_a_file_that_cannot_be_read(refused, tmp_path):
    (tmp_path / "folder.toml").mkdir()
    assert "cannot be read" in refused(tmp_path / "folder.toml")
    locked = tmp_path / "locked.toml"
    locked.write_text(GOOD)
    locked.chmod(0)
    if not os.access(locked, os.R_OK):
        assert "cannot be read" in refused(locked)


@pytest.mark.parametrize("content", [b"", b"\n# only a remark\n", bytes(range(256)), b"\xff\xfe"])
def test_an_empty_or_binary_file(refused, tmp_path, content):
    (tmp_path / "run.toml").write_bytes(content)
    assert "TOML" in refused(tmp_path / "run.toml")


def test_a_syntax_error_is_given_its_line(refused, folder):
    err = refused(change(folder, "scale = [0.5, 2.0]", "scale = [0.5, 2.0"))
    assert "run.toml" in err
    assert "line" in err


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[plant]", "[plan]", ["plan", 'did you mean "plant"']),
        ("input = ", "imput = ", ["[encoder.speed]", "imput", 'did you mean "input"']),
        ('"rate"', '"rat"', ["[encoder.speed]", '"rat"', 'did you mean "rate"']),
        ('kind = "rate"\n', "", ["[encoder.speed]", "needs a kind", "rate"]),
        ("scale = [0.5, 2.0]", 'scale = "fast"', ["[encoder.speed]", "scale", "expected"]),
        ("scale = [0.5, 2.0]", "scale = [0.5, -2.0]", ["[encoder.speed]", "scale[1]", "> 0"]),
        ("scale = [0.5, 2.0]", "scale = [0.5, nan]", ["scale[1]", "nan"]),
        ("scale = [0.5, 2.0]", "scale = [0.5]", ['encoder "speed"', "1 numbers", "gives 2"]),
        ("[encoder.speed]", "[encoder.sped]", ['"speed"', "no encoder feeds it"]),
        ('input = "odometry"', 'input = "odo"', ["[encoder.speed]", "no sensor", "odometry"]),
        ('input = "motor"', 'input = "moter"', ["[decoder.wheels]", 'did you mean "motor"']),
        ("[decoder.wheels]", "[decoder.legs]", ["[decoder.legs]", "wheels"]),
        ("[[0.01], [0.01]]", "[[0.01]]", ['decoder "wheels"', "left, right"]),
        ('"empty"', '"emty"', ["emty", 'did you mean "empty"']),
        ('"net.py:build"', '"net.py:bild"', ["net.py", 'did you mean "build"']),
        ('"net.py:build"', '"nat.py:build"', ["nat.py", 'did you mean "net.py"']),
        ('"net.py:build"', '"absent.npz"', ["absent.npz", "cannot be read"]),
        ('[sensor.odometry]\nkind = "plant.odometry"', "", ["[encoder.speed]", "odometry"]),
    ],
)
def test_a_wrong_setting_is_named_with_its_place(refused, folder, old, new, words):
    err = refused(change(folder, old, new))
    assert [w for w in words if w not in err] == [], err


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("sensor.odometry.rate_hz=-1", ["[sensor.odometry]", "rate_hz", "> 0"]),
        ("sensor.odometry.latency_ms=-1", ["[sensor.odometry]", "latency_ms"]),
        ("clock.dt_us=0", ["[clock]", "dt_us", ">= 10"]),
        ("clock.dt_us=1.5", ["[clock]", "dt_us", "int"]),
        ("clock.kind=sundial", ["[clock]", "step, wall"]),
        ("plant.step_us=300", ["step_us", "1000"]),
        ("run.seconds=0", ["run.seconds", "> 0"]),
        ("run.seed=-1", ["run.seed"]),
        ("run.sede=1", ["run.sede", 'did you mean "seed"']),
        ("guard.command_expires_ms=inf", ["command_expires_ms", "inf"]),
        ("decoder.wheels.window_ticks=0", ["window_ticks", ">= 1"]),
        ("engine.network_options.n=3", ["network_options", "net.py:build"]),
        ("nonsense", ["--set nonsense", "path=value"]),
        ("plant.kind.x=1", ["plant.kind.x", "not a table"]),
    ],
)
def test_a_wrong_change_on_the_command_line(refused, folder, setting, words):
    err = refused(folder / "run.toml", "--set", setting)
    assert [w for w in words if w not in err] == [], err


def test_extends_that_goes_round(refused, folder):
    (folder / "a.toml").write_text('extends = "b.toml"\n')
    (folder / "b.toml").write_text('extends = "a.toml"\n')
    assert "a.toml -> b.toml -> a.toml" in refused(folder / "a.toml")


def test_extends_lays_one_file_on_another(command, folder):
    (folder / "mine.toml").write_text('extends = "run.toml"\n[run]\nseed = 5\n')
    _, out, _ = command("run", folder / "mine.toml", "--ticks", 5, "--json")
    assert '"seed": 5' in out


def test_two_parts_with_one_name(refused, folder):
    run = folder / "run.toml"
    run.write_text(run.read_text() + '[actuator.wheels]\nkind = "none"\n')
    assert "wheels" in refused(run)
    change(folder, '\n[actuator.wheels]\nkind = "none"\n', "\n")
    (folder / "net.py").write_text(NET.replace('Population("motor"', 'Population("speed"'))
    assert 'two parts of the network are called "speed"' in refused(run, code=2)


WORLD = 'name = "w"\nroom = [[-5,-5],[5,-5],[5,5],[-5,5]]\nstart = [0, 0, 0]\n'


@pytest.mark.parametrize(
    ("world", "words"),
    [
        (WORLD + "goal = [9, 0]\n", ["goal", "9"]),
        (WORLD + "[[polygon]]\npoints = [[-1,-1],[1,-1],[1,1],[-1,1]]\n", ["start"]),
        (WORLD + "[[polygon]]\npoints = [[1,1],[3,3],[3,1],[1,3]]\n", ["polygon", "cross"]),
        (WORLD + "[[polygon]]\npoints = [[1,1],[2,2],[3,3]]\n", ["polygon"]),
        (WORLD + "[[polygon]]\npoints = [[1,1],[2,2]]\n", ["polygon[0].points"]),
        (WORLD + "[[disc]]\ncentre = [2, 2]\nradius_m = -1\n", ["disc[0].radius_m"]),
        (WORLD.replace("[0, 0, 0]", "[nan, 0, 0]"), ["start", "nan"]),
    ],
)
def test_an_impossible_world(refused, folder, world, words):
    (folder / "w.toml").write_text(world)
    err = refused(change(folder, '"empty"', '"w.toml"'))
    assert "w.toml" in err
    assert [w for w in words if w not in err] == [], err


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise RuntimeError('no such device')\n", ["no such device", "mine.py", "line 5"]),
        ("def build(config, site):\n    raise OSError('unplugged')\n", ["unplugged", "mine.py:6"]),
        ("x = 1\n", ["defines no build"]),
        ("import nothing_of_this_name\n", ["nothing_of_this_name"]),
        ("def build(config, site)\n", ["SyntaxError"]),
    ],
)
def test_a_users_part_that_fails_at_the_start(refused, folder, body, words):
    (folder / "mine.py").write_text(PART + body)
    run = change(folder, 'kind = "rate"', 'kind = "./mine.py"')
    change(folder, "scale = [0.5, 2.0]", "")
    err = refused(run, code=2 if "defines no" in words[0] else 3)
    assert [w for w in words if w not in err] == [], err


def test_a_users_part_that_fails_in_mid_run_stops_the_wheels(refused, folder):
    (folder / "mine.py").write_text(
        PART + "class Mine:\n"
        "    units = 4\n"
        "    def encode(self, reading, tick):\n"
        "        if tick.index > 100:\n"
        "            raise ZeroDivisionError('in mid-run')\n"
        "        from neuroloop.core.values import Spikes\n"
        "        import numpy as np\n"
        "        return Spikes(np.array([tick.t_us + tick.dt_us]), np.array([0], np.uint32))\n"
        "def build(config, site):\n    return Mine()\n"
    )
    (folder / "hand.py").write_text(
        "from pathlib import Path\nfrom msgspec import Struct\n"
        "class Config(Struct):\n    pass\n"
        "class Hand:\n"
        "    def __init__(self, plant):\n        self.body = plant.body\n"
        "    def write(self, motion):\n        pass\n"
        "    def stop(self):\n"
        f"        Path({str(folder / 'stopped')!r}).touch()\n"
        "def build(config, site):\n    return Hand(site.plant)\n"
    )
    run = change(folder, 'kind = "rate"', 'kind = "./mine.py"')
    change(folder, "scale = [0.5, 2.0]", "")
    change(folder, '[actuator.wheels]\nkind = "plant"', '[actuator.wheels]\nkind = "./hand.py"')
    err = refused(run, code=3)
    assert 'encoder "speed" failed: ZeroDivisionError: in mid-run' in err
    assert "mine.py:" in err
    assert (folder / "stopped").exists()


@pytest.mark.skipif(bullet.unavailable() is not None, reason=str(bullet.unavailable()))
def test_pybullet_killed_in_mid_run(folder):
    run = [sys.executable, "-m", "neuroloop", "run", "navigate"]
    run += ["--set", "plant.kind=bullet", "--set", "clock.kind=wall"]
    process = subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    child = _server_of(process.pid)
    time.sleep(1.0)
    os.kill(child, 9)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 3
    assert "PyBullet" in err
    assert "Traceback" not in err + out


def _server_of(pid):
    """Return PyBullet's process, which belongs to the body's, which belongs to the run's."""
    for _ in range(200):
        out = subprocess.run(
            ["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True
        )
        rows = [line.split(None, 2) for line in out.stdout.splitlines()[1:]]
        parents = {child: parent for child, parent, _ in rows}
        for child, parent, args in rows:
            if "sims.bullet.server" in args and parents.get(parent) == str(pid):
                return int(child)
        time.sleep(0.05)
    raise AssertionError("the PyBullet process never came")


@pytest.mark.parametrize(
    ("place", "code", "words"),
    [
        ("{}", 2, "is a folder"),
        ("{}/path.docx", 2, ".png"),
        ("/proc/path.png", 4, "/proc/path.png"),
        ("/dev/null/path.png", 4, "/dev/null"),
    ],
)
def test_a_picture_that_cannot_be_written(command, folder, place, code, words):
    got, _, err = command("run", folder / "run.toml", "--ticks", 5, "--plot", place.format(folder))
    assert got == code
    assert words in err
    assert "Traceback" not in err


def test_no_space_for_the_picture(command, folder):
    small = folder / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", str(small)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("needs the permission to mount (CAP_SYS_ADMIN)")
    try:
        code, _, err = command(
            "run", folder / "run.toml", "--ticks", 5, "--plot", small / "path.png"
        )
        assert code == 4
        assert "No space" in err
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_nothing_is_left_running(command, folder):
    before = threading.active_count()
    command("run", folder / "run.toml", "--set", "clock.kind=wall", "--seconds", "0.2", "-q")
    assert threading.active_count() == before
