"""The same seed gives the same bits: in one process, in two, and after a restore in the middle."""

import json
import subprocess
import sys

from neuroloop.config import runfile
from neuroloop.report.meter import Meter
from neuroloop.runtime.session import played
from neuroloop.runtime.snapshot import restore, snapshot

SECONDS = "run.seconds=6"


def test_twice_in_one_process(play, plant):
    runs = [play("navigate_by_hand", f"plant.kind={plant}", SECONDS)[1] for _ in range(2)]
    assert runs[0].fingerprint == runs[1].fingerprint
    assert runs[0].spikes == runs[1].spikes > 0


def test_in_two_processes(play, plant):
    _, here = play("navigate_by_hand", f"plant.kind={plant}", SECONDS)
    command = [sys.executable, "-m", "neuroloop", "run", "navigate_by_hand", "--json"]
    command += ["--set", f"plant.kind={plant}", "--set", SECONDS]
    there = subprocess.run(command, capture_output=True, text=True, check=False)
    assert json.loads(there.stdout)["fingerprint"] == here.fingerprint


def test_another_seed_gives_other_bits(play):
    _, one = play("navigate_by_hand", SECONDS, "run.seed=1")
    _, two = play("navigate_by_hand", SECONDS, "run.seed=2")
    assert one.fingerprint != two.fingerprint


def test_after_a_restore_in_the_middle(plant):
    run = runfile.load("navigate_by_hand", [f"plant.kind={plant}", "run.stop_at_goal=false"])
    with played(run, lambda loop: _until(loop, 2000)) as session:
        loop = session.loop
        middle = snapshot(loop)
        first = _go_on(loop, 3000)
        restore(loop, middle)
        assert _without_plant(snapshot(loop)) == _without_plant(middle)
        assert _go_on(loop, 3000) == first


def _until(loop, ticks):
    loop.episode.most_us = ticks * loop.dt_us
    return ()


def _without_plant(state):
    """PyBullet's part names a state it keeps itself, a new one each time."""
    return {name: part for name, part in state.items() if name != "plant"}


def _go_on(loop, ticks):
    """Run on as the step clock does; returns the fingerprint and where the robot is."""
    meter = Meter()
    for _ in range(ticks):
        loop.sense(loop.next_index * loop.dt_us)
        loop.step()
        loop.move(loop.outcome)
        loop.show(loop.intake.record, loop.outcome)
        meter.take(loop.intake.record, loop.outcome)
    return meter.fingerprint, loop.plant.pose()
