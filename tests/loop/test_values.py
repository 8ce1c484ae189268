"""A sensor of numbers feeds the network directly, without an encoder."""

import pytest

from neuroloop.core.errors import ConfigError

RUN = """
[run]
seconds = 20.0
[clock]
kind = "step"
dt_us = 10000
[plant]
kind = "plane"
world = "./field.toml"
body = "rover"
[sensor.goal]
kind = "plant.goal"
rate_hz = 100
[engine]
kind = "float"
network = "nets.py:build"
network_options = { n = NEURONS }
[decoder.wheels]
kind = "linear"
input = "motor"
weights = [[0.0, 0.01], [0.01, 0.0]]
tau_ms = 50
[actuator.wheels]
kind = "plant"
"""
FIELD = """
name = "field"
room = [[-5, -5], [5, -5], [5, 5], [-5, 5]]
start = [0.0, 0.0, 0.0]
goal = [2.0, 2.5]
"""
NETS = """
from neuroloop.network import Input, Network, Population, Projection, dense

def build(n):
    # left neuron: slower where the goal is to the right; the distance moves neither
    steer = dense([[0.6, 0.0], [-0.6, 0.0]])
    cells = Population("motor", 2, "lif", {"tau_m_ms": 50.0, "bias": 2.0})
    links = Projection("goal", "motor", steer, kind="value") if n == 2 else None
    return Network((Input("goal", n, "values"),), (cells,), (links,) if links else ())
"""


@pytest.fixture
def run_file(tmp_path):
    def write(n):
        (tmp_path / "nets.py").write_text(NETS)
        (tmp_path / "field.toml").write_text(FIELD)
        path = tmp_path / "steer.toml"
        path.write_text(RUN.replace("NEURONS", str(n)))
        return path

    return write


def test_robot_steers_by_numbers_alone(run_file, play):
    session, meter = play(run_file(2))

    assert meter.spikes > 0
    assert session.loop.episode.reached_us is not None


def test_sensor_of_another_size_is_refused(run_file, play):
    with pytest.raises(ConfigError, match='"goal" takes 3 values, the sensor gives 2'):
        play(run_file(3))
