"""The brain behind a broker and the twin of a robot: a whole drive, and what is left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from neuroloop.bench.hardware.drive import Drive, Way
from neuroloop.bench.hardware.in_process import Beside, in_process
from neuroloop.bench.hardware.latency import joined, latency
from neuroloop.bench.hardware.setting import setting
from neuroloop.cli._hardware import _ways
from neuroloop.core.errors import ConfigError
from neuroloop.drill.processes import descendants
from sims import bullet
from sims.twin.log import Log

pytestmark = pytest.mark.real_time

HALL = """\
name = "hall"
room = [[-3, -3], [6, -3], [6, 3], [-3, 3]]
start = [0.0, 0.0, 0.0]
goal = [2.0, 0.0]
goal_radius_m = 0.5
"""
PATIENCE_S = 60.0


@pytest.fixture
def hall(tmp_path):
    path = tmp_path / "hall.toml"
    path.write_text(HALL)
    return path


def line(*options):
    return [sys.executable, "-m", "neuroloop", "bench", "hardware", *map(str, options)]


def run(*options):
    return subprocess.run(line(*options), capture_output=True, text=True, timeout=120, check=False)


def test_the_launcher_passes_arguments_and_exit_code_on(machine):
    done = machine.run("hardware", "--plant", "bullet", NEUROLOOP_EXIT=1)
    assert done.returncode == 1
    assert machine.did[-1] == "neuroloop bench hardware --plant bullet"


@pytest.mark.slow
@pytest.mark.parametrize("plant", ["plane", "bullet"])
def test_the_goal_is_reached_through_the_broker(hall, plant):
    if plant == "bullet" and (why := bullet.unavailable()):
        pytest.skip(why)
    done = run("--world", hall, "--plant", plant, "--seconds", 60, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    (drive,) = told["drives"]
    assert drive["reached"]
    assert drive["twin"]["contacts"] == 0
    assert drive["twin"]["path_m"] == pytest.approx(1.5, abs=0.4)
    taken = drive["twin"]["verdicts"]["taken"]
    assert 0 < told["command_us"]["count"] <= taken
    assert told["command_us"]["p99"] <= 250_000  # as long as it is valid, and clocks uncertain
    assert told["scan_to_wheel_us"]["p50"] > told["scan_enters_us"]


@pytest.mark.slow
def test_a_goal_that_is_missed_has_an_exit_code_and_a_report(hall):
    done = run("--world", hall, "--seconds", 3, "--set", "guard.arm=manual")
    assert done.returncode == 1
    assert "through the broker: 0 of 1 goals reached" in done.stdout
    assert "command, sent to taken" in done.stdout
    assert "goal NOT reached" in done.stderr


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_behind_however_it_ends(hall, tmp_path, ending):
    started = subprocess.Popen(
        line("--world", hall, "--set", "guard.arm=manual"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    try:
        wanted = ("mosquitto", "sims.twin", "neuroloop run")
        end = time.monotonic() + PATIENCE_S
        beside = []
        while not all(any(w in b.command for b in beside) for w in wanted):
            assert time.monotonic() < end, "the three do not run"
            assert started.poll() is None
            time.sleep(0.05)
            beside = descendants(started.pid)
        started.send_signal(ending)
        code = started.wait(PATIENCE_S)
        assert code == (-signal.SIGKILL if ending == signal.SIGKILL else 130)
        while any(b.lives for b in beside):
            assert time.monotonic() < end, "something lives on"
            time.sleep(0.05)
        if ending != signal.SIGKILL:
            assert [path.name for path in tmp_path.iterdir()] == ["hall.toml"]
    finally:
        started.kill()
        started.wait()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["navigate"], "one robot over MQTT"),
        (["--set", "sensor.lidar.beams=99"], "the body has lidar 36, scanner 720"),
        (["--pairs", "0:2"], "has to be a world file"),
        (["--set", "actuator.wheels.robot=other"], "one robot over MQTT"),
    ],
)
def test_what_cannot_be_driven_is_said_in_words(command, options, said):
    code, _, err = command("bench", "hardware", *options)
    assert code == 2
    assert said in err


def test_the_same_way_is_driven_in_process_for_comparison(hall):
    way = Way("plane", str(hall), 3, 20.0)
    elsewhere = replace(way, start=(0.0, 2.0, 0.0), goal=(3.0, 2.0))
    far = replace(way, goal=(50.0, 0.0))
    first, second, third = in_process("navigate_by_hand", [way, elsewhere, far])
    assert (first.reached, second.reached, third.reached) == (True, True, False)
    assert first.path_m == pytest.approx(1.5, abs=0.4)
    assert second.path_m == pytest.approx(2.5, abs=0.6)
    assert in_process("navigate_by_hand", [way]) == [first]


def test_people_are_told_how_both_went(hall):
    reached = {"reached_s": 4.0, "path_m": 1.5, "contacts": 0}
    drives = [Drive(reached, {}, None), Drive({**reached, "contacts": 1}, {}, None)]
    lines = list(_ways(drives, [Beside(True, 1.4, 3.5)], "navigate_by_hand"))
    assert "1 of 2 goals reached without a contact, after 1.50 m and 4.0 s" in lines[0]
    assert "in process, by navigate_by_hand: 1 of 1" in lines[1]


def test_an_error_of_the_brain_is_told_in_its_words(hall):
    done = run("--world", hall, "--set", "actuator.wheels.valid_ms=100", "--set", "run.seed=0",
               "--set", "engine.network=nothing.npz")  # fmt: skip
    assert done.returncode == 2
    assert "nothing.npz" in done.stderr


def test_the_twin_fits_the_run_file():
    twin = setting("navigate_hardware", []).twin
    options = dict(zip(twin[::2], twin[1::2], strict=True))
    assert options == {
        "--robot": "twin",
        "--body": "rover",
        "--range-hz": "10.0",
        "--odometry-hz": "50.0",
        "--goal-hz": "10.0",
        "--mount": "scanner",
    }


def test_a_run_file_with_a_plant_has_no_twin():
    with pytest.raises(ConfigError, match="over MQTT"):
        setting("navigate_by_hand", [])


def test_the_way_of_a_scan_is_until_the_first_command_that_knows_it(tmp_path):
    log = Log()
    for stamp_us in (0, 10_000, 20_000, 90_000):
        log.scan(stamp_us, stamp_us + 50)
    for i, sent_us in enumerate(range(5_000, 60_000, 10_000)):
        log.command(i, sent_us, 300, sent_us + 700)
    log.save(tmp_path / "log.npz")
    report = {"live": {"latencies": {"lidar": {"us": 3_000}}}, "late_events": {"lidar": 2}}
    found = latency(tmp_path / "log.npz", report, "lidar")
    # nobody drove at 0, and nobody any more at 90 ms
    assert found.ways_us == (15_000 + 700 - 10_000, 25_000 + 700 - 20_000)
    assert set(found.ages_us) == {700}
    assert (found.enters_us, found.late_scans, found.uncertainty_us) == (3_000, 2, 300)
    both = joined([found, found])
    assert (both.way.count, both.late_scans, both.age.p99) == (4, 4, 700)
