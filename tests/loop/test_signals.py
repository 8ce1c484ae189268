"""A run ended by a signal stops the wheels, reports, and leaves nothing behind."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.real_time

RUN = [sys.executable, "-m", "neuroloop", "run", "navigate_by_hand", "--json"]
RUN += ["--set", "clock.kind=wall"]


def _segments_of(pid):
    return list(Path("/dev/shm").glob(f"neuroloop-{pid}-*"))


def _children_of(pid):
    """Processes of the run's group, and PyBullet's, which has a session of its own."""
    out = subprocess.run(
        ["ps", "-eo", "pgid,stat,args"], capture_output=True, text=True, check=True
    )
    rows = [line.split(None, 2) for line in out.stdout.splitlines()[1:]]
    alive = [(int(group), args) for group, stat, args in rows if not stat.startswith("Z")]
    return [a for g, a in alive if g == pid or (a.endswith(f" {pid}") and "sims.bullet" in a)]


def _start(*more):
    return subprocess.Popen(
        [*RUN, *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


# 12 runs a plant, at any moment from their first imports to full speed
@pytest.mark.slow
def test_runs_ended_by_ctrl_c_leave_nothing_behind(plant):
    rng = random.Random(plant)
    reports = 0
    for _ in range(6):
        runs = [_start("--set", f"plant.kind={plant}") for _ in range(2)]
        time.sleep(rng.uniform(0.3, 3.5))
        for run in runs:
            os.killpg(run.pid, signal.SIGINT)
        for run in runs:
            out, err = run.communicate(timeout=20)
            assert run.returncode == 130, err
            assert "Traceback" not in err
            reports += bool(out) and json.loads(out)["ended"] == "stopped by the user"
            assert _children_of(run.pid) == []
            assert _segments_of(run.pid) == []
    assert reports > 0


def test_a_terminated_run_reports_that_it_was_stopped():
    run = _start("--set", "run.seconds=60")
    time.sleep(2.5)
    run.send_signal(signal.SIGTERM)
    out, _ = run.communicate(timeout=20)
    assert run.returncode == 130
    assert json.loads(out)["ended"] == "stopped by the user"
