"""``neuroloop check`` refuses what ``run`` refuses at once, in the same words."""

import pytest

GOOD = """
[plant]
kind = "plane"
world = "empty"
[sensor.odometry]
kind = "plant.odometry"
[sensor.lidar]
kind = "plant.lidar"
[encoder.speed]
kind = "rate"
input = "odometry"
scale = [0.5, 2.0]
[encoder.near]
kind = "sectors"
input = "lidar"
sectors = 6
[engine]
kind = "float"
network = "net.py:build"
[decoder.wheels]
kind = "linear"
input = "motor"
weights = [[0.01], [0.01]]
[actuator.wheels]
kind = "plant"
[sink.log]
kind = "lidar_log"
source = "lidar"
path = "scans.txt"
"""
NET = """
from neuroloop.network import Input, Network, Population

def build():
    inputs = (Input("speed", 4), Input("near", 6))
    return Network(inputs, (Population("motor", 2, "lif"),))
"""


@pytest.fixture
def run_file(tmp_path):
    (tmp_path / "net.py").write_text(NET)
    (tmp_path / "run.toml").write_text(GOOD)
    return tmp_path / "run.toml"


def test_a_good_file_is_good_and_nothing_is_built(command, run_file):
    code, out, err = command("check", run_file)
    assert code == 0, err
    assert "good" in out
    assert sorted(p.name for p in run_file.parent.glob("*.*")) == ["net.py", "run.toml"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("net.py:build", "net.py:biuld", ['did you mean "build"']),
        ("net.py:build", "nett.py:build", ['did you mean "net.py"']),
        ("net.py:build", "net.npz", ["net.npz", "cannot be read"]),
        ('input = "motor"', 'input = "moter"', ["[decoder.wheels]", 'did you mean "motor"']),
        ("sectors = 6", "sectors = 7", ['"near" has 6 units', "[encoder.near] gives 7"]),
        ("scale = [0.5, 2.0]", "scale = [0.5]", ['"speed" has 4 units', "gives 2"]),
        ("[encoder.speed]", "[encoder.sped]", ['input "speed"', 'did you mean "sped"']),
        ('[plant]\nkind = "plane"\nworld = "empty"\n', "", ["[sensor.odometry]", "no [plant]"]),
        ('source = "lidar"', 'source = "lidr"', ["[sink.log]", 'did you mean "lidar"']),
        ("[sensor.odometry]", "[sensor.speed]", ["[encoder.speed]", 'no sensor "odometry"']),
    ],
)
def test_what_run_refuses_at_once_is_not_good(command, run_file, old, new, words):
    assert old in GOOD
    run_file.write_text(GOOD.replace(old, new))
    code, out, err = command("check", run_file)
    assert code == 2, out
    assert [w for w in words if w not in err] == [], err
    assert command("run", run_file, "--ticks", 5)[0] == 2


def test_a_motor_of_a_simulated_robot_needs_one(command, run_file):
    text = GOOD[GOOD.index("[engine]") : GOOD.index("[sink.log]")]
    run_file.write_text(text)
    (run_file.parent / "net.py").write_text(NET.replace("(inputs,", "((),"))
    code, _, err = command("check", run_file)
    assert code == 2
    assert "[actuator.wheels]" in err
    assert "no [plant]" in err


def test_an_input_of_a_sensors_name_may_be_fed_by_it(command, run_file):
    """Whether a sensor gives spikes shows when it is open."""
    text = GOOD.replace('[encoder.near]\nkind = "sectors"\ninput = "lidar"\nsectors = 6\n', "")
    run_file.write_text(text)
    (run_file.parent / "net.py").write_text(NET.replace("near", "lidar"))
    assert command("check", run_file)[0] == 0


def test_an_encoder_whose_size_its_sensor_decides_is_not_guessed(command, run_file):
    text = GOOD.replace(
        'kind = "sectors"\ninput = "lidar"\nsectors = 6', 'kind="change"\ninput="lidar"'
    )
    run_file.write_text(text)
    assert command("check", run_file)[0] == 0


@pytest.mark.parametrize("name", ["navigate", "lidar_log", "watch_video"])
def test_the_run_files_that_come_along_are_good(command, name):
    assert command("check", name)[0] == 0
