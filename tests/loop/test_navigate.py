"""The whole loop: sensor, spikes, network, motion, world."""

import numpy as np
import pytest

from neuroloop.config import runfile
from neuroloop.report.trace import Trace
from neuroloop.runtime.edits import edit
from neuroloop.runtime.episode import End
from neuroloop.runtime.session import played


def test_the_rover_reaches_its_goal_and_touches_nothing(play, plant):
    session, meter = play("navigate_by_hand", f"plant.kind={plant}")
    assert session.loop.episode.end is End.GOAL
    assert session.loop.episode.contacts == 0
    assert meter.spikes > 1000
    assert not any(session.loop.intake.lost.values())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_other_noise_does_not_keep_it_from_its_goal(play, seed):
    session, _ = play("navigate_by_hand", f"run.seed={seed}", "sensor.lidar.noise_m=0.02")
    assert session.loop.episode.end is End.GOAL


def _motion(silenced):
    traces = []

    def onlookers(loop):
        for name in silenced:
            edit(loop, f"{name}.silent", 1)
        traces.append(Trace(loop))
        return traces

    with played(
        runfile.load("navigate_by_hand", ["run.seconds=8", "guard.reflex=false"]), onlookers
    ) as session:
        return traces[0].motions()["wheels"][1], session.loop.episode


def test_silenced_neurons_change_the_motion():
    whole, _ = _motion(())
    lesioned, _ = _motion(("motor",))
    n = min(len(whole), len(lesioned))
    assert np.ptp(whole[:, 1] - whole[:, 0]) > 0.2
    # once its sensors have spoken, nothing but the decoder's offset is left: it drives straight on
    np.testing.assert_array_equal(lesioned[10:], np.full_like(lesioned[10:], 0.4))
    assert not np.array_equal(whole[:n], lesioned[:n])


def test_without_its_turning_neurons_the_rover_misses_its_goal(play):
    session, _ = play(
        "navigate_by_hand",
        "run.seconds=60",
        "guard.reflex=false",
        before=lambda loop: edit(loop, "motor.silent", 1),
    )
    assert session.loop.episode.end is End.TIME
    assert session.loop.episode.contacts > 0


def test_turn_left_turns_left_in_each_plant(play, plant, tmp_path):
    (tmp_path / "left.py").write_text(
        "import numpy as np\n"
        "from neuroloop.core.values import Motion\n"
        "from msgspec import Struct\n"
        "class Config(Struct):\n"
        "    input: str\n"
        "class Left:\n"
        "    def decode(self, spikes, tick):\n"
        "        return Motion(tick.t_us, np.array([0.1, 0.2], np.float32))\n"
        "def build(config, site):\n"
        "    return Left()\n"
    )
    (tmp_path / "run.toml").write_text(
        f'[plant]\nkind = "{plant}"\nworld = "empty"\n'
        '[sensor.odometry]\nkind = "plant.odometry"\n'
        '[encoder.speed]\nkind = "rate"\ninput = "odometry"\nscale = [0.5, 2.0]\n'
        '[engine]\nkind = "float"\nnetwork = "net.py:build"\n'
        '[decoder.wheels]\nkind = "./left.py"\ninput = "motor"\n'
        '[actuator.wheels]\nkind = "plant"\n'
    )
    (tmp_path / "net.py").write_text(
        "from neuroloop.network import *\n"
        "def build():\n"
        "    return Network((Input('speed', 4),), (Population('motor', 2, 'lif'),))\n"
    )
    session, _ = play(tmp_path / "run.toml", ticks=2000)
    x, y, yaw = session.loop.plant.pose()
    x0, y0, yaw0 = session.loop.plant.world.start
    ahead = np.cos(yaw0) * (x - x0) + np.sin(yaw0) * (y - y0)
    left = np.cos(yaw0) * (y - y0) - np.sin(yaw0) * (x - x0)
    assert ahead > 0.2
    assert left > 0.05
    # 0.1 m/s between wheels 0.23 m apart for almost 2 s
    assert (yaw - yaw0 + np.pi) % (2 * np.pi) - np.pi == pytest.approx(0.82, abs=0.08)
