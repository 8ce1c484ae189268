"""A run that crashes starts again from its last state, and nothing moves until it is armed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.real_time

COMMAND = [sys.executable, "-m", "neuroloop", "run", "navigate_by_hand", "--json"]
_PATIENCE_S = 30.0


def _until(what, seconds=_PATIENCE_S):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def _children(pid):
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]


@pytest.fixture
def supervised(tmp_path):
    state, log = tmp_path / "robot.state", (tmp_path / "log").open("w+")
    live = ["--set", "clock.kind=wall", "--set", "run.seconds=600"]
    run = subprocess.Popen(
        [*COMMAND, *live, "--restart", "--save", str(state), "--save-every", "0.3"],
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    yield run, state, lambda: Path(log.name).read_text()
    if run.poll() is None:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    log.close()


def test_a_killed_run_goes_on_disarmed(supervised):
    run, state, log = supervised
    _until(state.exists)
    (first,) = _children(run.pid)
    os.kill(first, signal.SIGKILL)
    (second,) = _until(lambda: [c for c in _children(run.pid) if c != first])
    _until(lambda: "goes on from tick" in log())
    assert "was killed by SIGKILL; it starts again, disarmed" in log()
    assert "ago; disarmed" in log()
    # the supervisor passes the signal on, and the run reports as any other
    time.sleep(1.0)
    os.kill(run.pid, signal.SIGTERM)
    assert run.wait(_PATIENCE_S) == 130
    assert not Path(f"/proc/{second}").exists()
    assert '"state": "disarmed"' in log()


def test_saving_again_and_again_is_for_live_runs(command):
    code, _, err = command("run", "navigate_by_hand", "--save", "x.state", "--save-every", "1")
    assert code == 2
    assert "clock.kind=wall" in err
