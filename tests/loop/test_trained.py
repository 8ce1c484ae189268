"""The trained network of the demo: it drives by its spikes, and by nothing else."""

import numpy as np
import pytest

from neuroloop.config import runfile
from neuroloop.network import load
from neuroloop.runtime.edits import edit
from neuroloop.runtime.episode import End


def test_the_demo_reaches_its_goal_in_each_plant(play, plant):
    session, meter = play("navigate", f"plant.kind={plant}")
    assert session.loop.episode.end is End.GOAL
    assert session.loop.episode.contacts == 0
    assert meter.spikes > 1000


def test_the_same_seed_gives_the_same_bits_and_another_does_not(play):
    prints = [play("navigate", f"run.seed={seed}")[1].fingerprint for seed in (4, 4, 5)]
    assert prints[0] == prints[1] != prints[2]


def test_silenced_motor_neurons_mean_no_motion(play):
    session, meter = play(
        "navigate", "run.seconds=5", before=lambda loop: edit(loop, "motor.silent", 1)
    )
    assert meter.spikes > 1000
    assert session.loop.episode.path_m == pytest.approx(0, abs=1e-6)


def test_no_input_sees_more_than_one_sector_or_one_number():
    run = runfile.load("navigate")
    network = load(run.folder / run.wiring.network)
    kinds = {part.name: part.kind for part in run.encoders}
    assert kinds == {
        "near": "sectors",
        "far": "sectors",
        "heading": "tuning",
        "distance": "tuning",
        "speed": "rate",
    }
    assert {part.name for part in network.inputs} == kinds.keys()
    # what the wheels are told cannot leave +-0.5 m/s: all of a group in every tick is 50 Hz
    weights = np.array(run.decoders[0].config.weights)
    assert np.abs(weights).max(axis=1) * 50 == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize("seed", [0, 1])
def test_with_shuffled_weights_it_finds_nothing(play, seed):
    changes = ('engine.network="nets.py:shuffled"', f"engine.network_options.seed={seed}")
    session, meter = play("navigate", *changes, "run.seconds=60")
    assert meter.spikes > 1000
    assert session.loop.episode.end is not End.GOAL
