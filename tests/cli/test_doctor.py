import json
import sys
from pathlib import Path

import pytest

from neuroloop.doctor import examination
from neuroloop.doctor.checks import kernels, names, packages, python, realtime
from neuroloop.doctor.finding import State, missing, note, ok
from neuroloop.network import Network, Population, save


@pytest.fixture
def found(monkeypatch):
    """Let the machine be as told."""

    def tell(*findings):
        rows = [("here", finding) for finding in findings]
        monkeypatch.setattr(examination, "examine", lambda: iter(rows))

    return tell


def test_this_machine_has_what_it_needs(command):
    code, out, _ = command("doctor", "--json")
    report = json.loads(out)
    absent = [f for f in report["findings"] if f["state"] == "missing"]
    assert (code, report["good"], absent) == (0, True, [])
    assert {f["area"] for f in report["findings"]} == set(examination.areas())
    for finding in report["findings"]:
        assert finding["detail"]
    live = next(f for f in report["findings"] if f["what"] == "1 kHz tick")
    if sys.platform.startswith("linux"):
        numbers = live["numbers"]
        assert 0 <= numbers["p50_us"] <= numbers["p99_us"] <= numbers["max_us"]


def test_what_is_missing_gives_the_exit_code_of_the_machine(command, found):
    found(ok("a", "fine"), missing("b", "gone", "get b"))
    code, out, _ = command("doctor")
    assert code == 4
    assert "> get b" in out
    assert "missing: here: b" in out
    assert command("doctor", "--json")[0] == 4


def test_a_note_does_not(command, found):
    found(note("a", "so so", "do this"))
    code, out, _ = command("doctor")
    assert code == 0
    assert "note" in out
    assert "> do this" in out


def test_a_check_that_breaks_is_a_line_of_the_report(monkeypatch):
    def findings():
        yield ok("first", "fine")
        raise OSError("the disk is on fire")

    monkeypatch.setattr(python, "findings", findings)
    monkeypatch.setattr(examination, "areas", lambda: ["python"])
    rows = [finding for _, finding in examination.examine()]
    assert [row.state for row in rows] == [State.OK, State.MISSING]
    assert "the disk is on fire" in rows[1].detail


def test_a_package_that_is_not_installed_has_a_remedy():
    finding = packages._look("no-such-package>=1")
    assert finding.state is State.MISSING
    assert "pip install 'no-such-package>=1'" in finding.remedy


def test_others_who_claim_a_name_are_named(monkeypatch, tmp_path):
    (tmp_path / "sensors").mkdir()
    (tmp_path / "sims.py").touch()
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    sensors, sims = names._look("sensors"), names._look("sims")
    assert sensors.state is sims.state is State.NOTE
    assert str(tmp_path / "sensors") in sensors.detail
    assert str(tmp_path / "sims.py") in sims.detail


def test_a_package_that_hides_ours_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setattr(names, "_OURS", tmp_path)
    assert names._look("sensors").state is State.MISSING


@pytest.fixture
def granted(monkeypatch):
    """Let a live run be granted this."""
    monkeypatch.setattr(sys, "platform", "linux")

    def tell(**what):
        everything = {"fifo": True, "locked": True, "core": 1, "refused": ()}
        grant = realtime.realtime.Granted(**{**everything, **what})
        monkeypatch.setattr(realtime, "_granted", lambda: grant)
        return {finding.what: finding for finding in realtime.findings()}

    return tell


def test_what_a_live_run_asks_for_is_probed():
    found = {finding.what: finding for finding in realtime.findings()}
    assert "SCHED_FIFO" in found
    if sys.platform.startswith("linux"):
        assert {"memory", "one core"} <= set(found)
        assert all(f.detail for f in found.values())
        assert all(
            f.remedy for f in found.values() if f.state is State.NOTE and f.what != "one core"
        )


def test_a_refused_priority_is_a_note_with_a_remedy(granted):
    found = granted(fifo=False, refused=("SCHED_FIFO: Operation not permitted",))["SCHED_FIFO"]
    assert found.state is State.NOTE
    assert "Operation not permitted" in found.detail
    assert "rtprio" in found.remedy


@pytest.mark.parametrize("refused", [("memory locking: limited to 8 MB (RLIMIT_MEMLOCK)",), ()])
def test_memory_that_cannot_be_locked_is_a_note_with_a_remedy(granted, refused):
    found = granted(locked=False, refused=refused)["memory"]
    assert found.state is State.NOTE
    assert ("RLIMIT_MEMLOCK" if refused else "the kernel refused it") in found.detail
    assert "memlock" in found.remedy


def test_a_single_core_is_a_note(granted):
    found = granted(core=None, refused=("one core: there is no other",))["one core"]
    assert found.state is State.NOTE
    assert "there is no other" in found.detail


@pytest.mark.parametrize(
    ("runtime", "state", "text"),
    [(950_000, State.OK, "95 %"), (100_000, State.NOTE, "only 10 %"), (-1, State.OK, "no limit")],
)
def test_the_share_of_real_time_threads_is_read(
    granted, monkeypatch, tmp_path, runtime, state, text
):
    (tmp_path / "sched_rt_runtime_us").write_text(f"{runtime}\n")
    (tmp_path / "sched_rt_period_us").write_text("1000000\n")
    monkeypatch.setattr(realtime, "_KERNEL", tmp_path)
    found = granted()["share"]
    assert found.state is state
    assert text in found.detail


SENSOR = """
import time
import numpy as np
from msgspec import Struct
from neuroloop.core.values import Scalars, SourceSpec

class Config(Struct, frozen=True, forbid_unknown_fields=True):
    kind_of: str = "steady"
    age_us: int = 3000

class Sensor:
    def __init__(self, config, site):
        self.spec = SourceSpec(site.name, Scalars, (1,), 100.0)
        self.config, self.next_us = config, 0

    def read(self, until_us):
        if self.config.kind_of == "broken":
            raise OSError("the cable is out")
        found = []
        while self.config.kind_of == "steady" and self.next_us + self.config.age_us < until_us:
            found.append(Scalars(self.next_us, np.zeros(1, np.float32)))
            self.next_us += 10_000
        return found

def build(config, site):
    return Sensor(config, site)
"""
RUN_FILE = """
[sensor.slow]
kind = "./sensor.py"
latency_ms = 1

[sensor.other]
kind = "./sensor.py"

[engine]
kind = "float"
network = "./net.npz"
"""


@pytest.fixture
def robot(tmp_path):
    """Write a run file with two sensors whose readings are 3 ms old, and a network."""
    (tmp_path / "sensor.py").write_text(SENSOR)
    (tmp_path / "robot.toml").write_text(RUN_FILE)
    save(Network(populations=(Population("cells", 10),)), tmp_path / "net.npz")
    return tmp_path / "robot.toml"


def test_the_latency_of_sensors_is_measured(command, robot):
    code, out, _ = command("doctor", "--latency", robot, "--seconds", 0.5, "--json")
    slow, other = json.loads(out)["sensors"]
    assert (code, slow["sensor"], other["sensor"]) == (0, "slow", "other")
    assert (slow["declared_ms"], other["declared_ms"]) == (1.0, None)
    for sensor in (slow, other):
        assert not sensor["recorded"]
        assert 0 < sensor["readings"] <= 50
        assert sensor["declared_hz"] == 100
        assert 3000 < sensor["p50_us"] <= sensor["p99_us"] <= sensor["max_us"]
        # the oldest one, and a tick, in steps of a tenth of a millisecond
        assert 0 <= sensor["latency_ms"] - (sensor["max_us"] + 1000) / 1e3 < 0.101


def test_one_sensor_alone_and_what_it_would_declare(command, robot):
    code, out, _ = command("doctor", "slow", "--latency", robot, "--seconds", 0.3)
    assert code == 0
    assert "other" not in out
    assert "latency_ms = 1 is declared, which is less than some readings need" in out
    assert "declares 100 Hz" in out


def test_a_sensor_that_gives_nothing_is_said_to(command, robot):
    silent = "sensor.other.kind_of=silent"
    code, out, _ = command("doctor", "--latency", robot, "--seconds", 0.2, "--set", silent)
    assert code == 0
    assert "gave nothing in 0.2 s" in out
    assert "latency_ms = " in out


def test_a_sensor_that_fails_is_named(command, robot):
    broken = "sensor.other.kind_of=broken"
    code, _, err = command("doctor", "--latency", robot, "--seconds", 5, "--set", broken)
    assert code == 3
    assert "other" in err
    assert "the cable is out" in err


def test_a_sensor_in_a_process_of_its_own_is_measured_too(command, robot):
    hosted = "sensor.slow.process=true"
    args = ("--seconds", 0.5, "--set", hosted, "--json")
    code, out, _ = command("doctor", "slow", "--latency", robot, *args)
    (slow,) = json.loads(out)["sensors"]
    assert code == 0
    assert slow["readings"] > 0
    assert slow["p50_us"] > 3000


def test_a_sensor_that_is_not_there_lists_those_that_are(command, robot):
    code, _, err = command("doctor", "slwo", "--latency", robot)
    assert code == 2
    assert 'did you mean "slow"' in err


def test_a_sensor_without_a_run_file_is_refused(command):
    code, _, err = command("doctor", "slow")
    assert code == 2
    assert "--latency" in err


def test_an_index_from_other_sources_is_out_of_date():
    module = "neuroloop.core.ring"
    from neuroloop.core import ring

    ring.empty_ring(64, 2).dropped  # noqa: B018  compiles, or reads from disk
    folder = Path(ring.dropped.stats.cache_path)
    indices = [path for path, name in kernels._entries() if name == module]
    current = [path for path in indices if path.name.startswith("ring.dropped-")]
    assert folder in {path.parent for path in current}
    assert [kernels._is_stale(path, module) for path in current].count(False) == 1


def test_an_index_that_cannot_be_read_is_out_of_date(tmp_path):
    index = tmp_path / "ring.push-25.py311.nbi"
    index.write_bytes(b"nonsense")
    assert kernels._is_stale(index, "neuroloop.core.ring")
