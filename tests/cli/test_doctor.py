import json
import sys
from pathlib import Path

import pytest

from neuroloop.doctor import examination
from neuroloop.doctor.checks import kernels, names, packages, python, realtime
from neuroloop.doctor.finding import State, missing, note, ok


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


def test_a_refused_priority_is_a_note_with_a_remedy(monkeypatch):
    monkeypatch.setattr(realtime, "_ask", lambda to: to.append(OSError(1, "not permitted")))
    (finding,) = realtime.findings()
    if sys.platform.startswith("linux"):
        assert finding.state is State.NOTE
        assert "rtprio" in finding.remedy


def test_an_index_from_other_sources_is_out_of_date():
    module = "neuroloop.core.ring"
    from neuroloop.core import ring

    ring.empty_ring(64, 2).dropped  # noqa: B018  compiles, or reads from disk
    folder = Path(ring._dropped.stats.cache_path)
    indices = [path for path, name in kernels._entries() if name == module]
    current = [path for path in indices if path.name.startswith("ring._dropped-")]
    assert folder in {path.parent for path in current}
    assert [kernels._is_stale(path, module) for path in current].count(False) == 1


def test_an_index_that_cannot_be_read_is_out_of_date(tmp_path):
    index = tmp_path / "ring.push-25.py311.nbi"
    index.write_bytes(b"nonsense")
    assert kernels._is_stale(index, "neuroloop.core.ring")
