"""What the README shows is what runs."""

import contextlib
import json
import os
import re
import shlex
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from neuroloop.core.errors import MachineError
from neuroloop.testing.camera_server import CameraServer, wandering_bar
from neuroloop.testing.virtual_microphone import VirtualMicrophone

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
RUN_FILES = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
COMMANDS = re.findall(r"^(neuroloop (?!doctor|bench).*?)\s*(?:#.*)?$", README, re.MULTILINE)
"""doctor and bench say of this machine what they will, and have tests of their own"""
LIVE = [line for line in COMMANDS if re.search(r" live_|^neuroloop view", line)]
"""commands that want a device"""


def test_the_sensor_the_network_and_the_robot_of_the_readme_run(command, tmp_path):
    for name, block in zip(("my_sensor", "my_nets", "my_motors"), BLOCKS[:3], strict=True):
        (tmp_path / f"{name}.py").write_text(block)
    run = tmp_path / "my_robot.toml"
    (text,) = RUN_FILES
    run.write_text(text)
    assert command("check", run)[0] == 0
    code, out, err = command("run", run, "--seconds", 0.5, "--json")
    assert code == 0, err
    report = json.loads(out)
    assert report["spikes"] > 0
    assert report["ticks"] + report["missed_ticks"] > 400


def test_the_network_of_the_readme_runs(tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path)
    (block,) = BLOCKS[3:]
    names = {}
    exec(block, names)

    assert names["simulator"].index == 1001
    assert (tmp_path / "out" / "cells.state").exists()


@pytest.mark.parametrize("line", [line for line in COMMANDS if line not in LIVE])
def test_the_commands_of_the_readme_work(command, tmp_path, monkeypatch, line):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    arguments = shlex.split(line)[1:]
    if arguments[0] == "run":
        arguments += ["--ticks", "200"]
    code, _, err = command(*arguments)
    assert code in (0, 1), err


@pytest.mark.parametrize("line", LIVE)
def test_the_commands_work_that_want_a_device(tmp_path, line):
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    verb, what = shlex.split(line)[1:3]
    arguments = [verb, what, "--seconds", "1"]
    with contextlib.ExitStack() as stack:
        environment = dict(os.environ)
        if "microphone" in what:
            environment |= stack.enter_context(_microphone()).environment
        else:
            bar = partial(wandering_bar, width=64, height=48)
            server = stack.enter_context(CameraServer(bar, 30.0))
            setting = "source" if verb == "view" else "sensor.camera.source"
            arguments += ["--set", f"{setting}={server.url}"]
        done = subprocess.run(
            [sys.executable, "-m", "neuroloop", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert done.returncode == 0, done.stderr


@contextlib.contextmanager
def _microphone():
    try:
        with VirtualMicrophone() as microphone:
            yield microphone
    except MachineError as error:
        pytest.skip(str(error))


def test_links_lead_to_files():
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
