"""A run file as a service: the unit, and the launcher on a machine with stand-ins for its tools."""

import os
import re
import shutil
import subprocess

import pytest

from neuroloop.core.errors import Exit

from .conftest import ROOT

pytestmark = pytest.mark.real_time

TEMPLATE = ROOT / "configs" / "systemd" / "neuroloop@.service"
SYSTEMCTL = """\
#!/bin/sh
[ "$1" != --version ] || { echo "systemd ${SYSTEMD:-257} (257)"; exit; }
printf 'systemctl %s\\n' "$*" >>"$LAUNCH_LOG"
"""
LOGGED = '#!/bin/sh\nprintf \'%s %s\\n\' "${0##*/}" "$*" >>"$LAUNCH_LOG"\n'
INSTALL = LOGGED + 'for word; do case $word in /*) mkdir -p "$word" ;; esac; done\n'
RUNUSER = '#!/bin/sh\n[ -z "${OUT_OF_REACH-}" ] || exit 1\nshift 3\nexec "$@"\n'
ID = '#!/bin/sh\n[ "$1" = -u ] && { echo "${WHO:-0}"; exit; }\n[ -e "$0.$1" ]\n'


def settings(text):
    """Return what a unit sets, as lists, for what may be set several times."""
    found = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


@pytest.fixture
def edge(machine):
    """A machine with systemd, where the launcher is root and `units` is where units lie."""
    shutil.copytree(TEMPLATE.parent, machine.root / "configs" / "systemd")
    (machine.bin / "id").unlink()  # a link to the real one
    tools = {"systemctl": SYSTEMCTL, "useradd": LOGGED, "install": INSTALL, "runuser": RUNUSER}
    for name, text in {**tools, "journalctl": LOGGED, "id": ID}.items():
        machine.write(name, text)
    machine.units = machine.bin.parent / "units"
    machine.units.mkdir()

    def run(*arguments, **variables):
        home = machine.bin.parent / "home of it"
        places = {"NEUROLOOP_UNITS": machine.units, "NEUROLOOP_HOME": home}
        return machine.run("edge", *arguments, **places, **variables)

    machine.edge = run
    return machine


def test_the_unit_starts_the_neuroloop_of_this_checkout(edge):
    done = edge.edge("print", "navigate")
    assert done.returncode == 0, done.stderr
    (start,) = settings(done.stdout)["ExecStart"]
    assert start.startswith(f'"{edge.venv}/bin/neuroloop" run %i --headless')
    assert edge.did == []


@pytest.mark.parametrize(("version", "backs_off"), [("252", False), ("254", True), ("257", True)])
def test_the_pause_between_restarts_grows_where_systemd_can(edge, version, backs_off):
    done = edge.edge("print", "navigate", SYSTEMD=version)
    unit = settings(done.stdout)
    assert unit["Restart"] == ["on-failure"]
    assert ("RestartSteps" in unit, "RestartMaxDelaySec" in unit) == (backs_off, backs_off)


def test_installing_makes_user_and_environment_and_enables_the_unit(edge):
    done = edge.edge("install", "navigate")
    assert done.returncode == 0, done.stderr
    order = [line.split()[0] for line in edge.did if "venv" not in line and "pip" not in line]
    assert order == ["useradd", "install", "neuroloop", "python", "systemctl", "systemctl"]
    assert edge.did[-2:] == ["systemctl daemon-reload", "systemctl enable neuroloop@navigate"]
    assert "neuroloop check navigate" in edge.did
    assert "--system" in next(line for line in edge.did if line.startswith("useradd"))
    assert f'"{edge.venv}/bin/neuroloop"' in (edge.units / "neuroloop@.service").read_text()

    (edge.bin / "id.neuroloop").touch()
    assert edge.edge("install", "navigate").returncode == 0
    assert not [line for line in edge.did if line.startswith("useradd")]


@pytest.mark.parametrize(
    ("variables", "code", "said"),
    [
        ({"WHO": "1000"}, 4, "sudo ./launch/edge install navigate"),
        ({"OUT_OF_REACH": "1"}, 4, "put the checkout in /opt"),
        ({"NEUROLOOP_EXIT": "2"}, 2, ""),  # the run file is wrong; `neuroloop check` says so
    ],
)
def test_nothing_is_installed_where_it_could_not_run(edge, variables, code, said):
    done = edge.edge("install", "navigate", **variables)
    assert done.returncode == code
    assert said in done.stderr
    assert list(edge.units.iterdir()) == []
    assert not [line for line in edge.did if line.startswith("systemctl")]


def test_a_machine_without_systemd_is_told_so(edge):
    (edge.bin / "systemctl").unlink()
    done = edge.edge("install", "navigate")
    assert done.returncode == 4
    assert "no systemd" in done.stderr


@pytest.mark.parametrize("verb", ["start", "stop", "restart", "status"])
def test_systemctl_does_the_rest(edge, verb):
    assert edge.edge(verb, "navigate").returncode == 0
    assert edge.did == [f"systemctl {verb} neuroloop@navigate"]


def test_the_log_is_that_of_the_unit(edge):
    assert edge.edge("log", "navigate").returncode == 0
    assert edge.did == ["journalctl --unit neuroloop@navigate --lines 100 --follow"]


@pytest.mark.parametrize("words", [(), ("start",), ("begin", "navigate")])
def test_what_it_does_not_know_is_refused(edge, words):
    done = edge.edge(*words)
    assert done.returncode == 2
    assert "print" in done.stderr
    assert "status" in done.stderr


def test_systemd_finds_no_fault_in_the_unit(edge, tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze, which reads units as systemd does, is not on this machine")
    said = subprocess.run(
        ["systemd-analyze", "--version"], capture_output=True, text=True, check=True
    )
    version = said.stdout.split()[1]
    edge.run("test")  # its venv, with the program that the unit starts
    unit = tmp_path / "neuroloop@navigate.service"
    unit.write_text(edge.edge("print", "navigate", SYSTEMD=version).stdout)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )
    mine = [line for line in done.stderr.splitlines() if unit.name in line]
    assert (done.returncode, mine) == (0, [])


def test_the_unit_runs_in_real_time_without_root():
    unit = settings(TEMPLATE.read_text("utf-8"))
    assert unit["Type"] == ["notify"]
    assert unit["User"] == ["neuroloop"]
    assert set(unit["AmbientCapabilities"][0].split()) == {"CAP_SYS_NICE", "CAP_IPC_LOCK"}
    assert unit["CapabilityBoundingSet"] == unit["AmbientCapabilities"]
    # both would stop the tick: one refuses SCHED_FIFO, the other compiled kernels
    assert "RestrictRealtime" not in unit
    assert "MemoryDenyWriteExecute" not in unit


def test_the_unit_knows_the_exit_codes():
    unit = settings(TEMPLATE.read_text("utf-8"))
    ended = {int(code) for code in unit["SuccessExitStatus"][0].split()}
    assert ended == {Exit.GOAL_MISSED, Exit.INTERRUPTED}
    assert unit["RestartPreventExitStatus"] == [str(int(Exit.USAGE))]


def _stopped(folder, result):
    """Do what the unit does after a run has ended."""
    unit = settings(TEMPLATE.read_text("utf-8"))
    program = re.fullmatch(r"/bin/sh -c '(.*)'", unit["ExecStopPost"][0])[1].replace("$$", "$")
    told = {**os.environ, "RUNTIME_DIRECTORY": str(folder), "SERVICE_RESULT": result}
    subprocess.run(["/bin/sh", "-c", program], env=told, check=True)


def test_what_crashed_comes_back_disarmed(tmp_path, command):
    unit = settings(TEMPLATE.read_text("utf-8"))
    again = tmp_path / "again"
    _stopped(tmp_path, "success")
    assert not again.exists()
    for result in ("watchdog", "signal", "core-dump", "exit-code", "oom-kill"):
        _stopped(tmp_path, result)
        name, words = again.read_text().strip().split("=", 1)
        assert unit["EnvironmentFile"] == [f"-%t/{unit['RuntimeDirectory'][0]}/{again.name}"]
        assert unit["ExecStart"][0].endswith(f" ${name}")
        _stopped(tmp_path, "success")
        assert not again.exists()
    assert words.split() == ["--set", "guard.arm=manual"]
    assert command("check", "navigate_by_hand", *words.split())[0] == 0


def test_the_guide_names_verbs_that_are_there():
    guide = (ROOT / "docs" / "edge.md").read_text("utf-8")
    script = (ROOT / "launch" / "edge").read_text("utf-8")
    usage = re.search(r"launch/edge ([\w|]+) NAME", script)[1].split("|")
    named = set(re.findall(r"launch/edge (\w+)", guide))
    assert {"install", "start", "status", "log"} <= named <= set(usage)
