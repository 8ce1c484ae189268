"""The run verb as its user meets it."""

import json

import pytest

from neuroloop import describe
from neuroloop.network import Input, Network, save

SHORT = ["--set", "run.seconds=2"]


def test_a_run_to_its_goal_says_so_and_exits_0(command):
    code, out, _ = command("run", "navigate_by_hand")
    assert code == 0
    assert "goal reached" in out
    for word in ("path", "ticks", "tick time", "p99", "spikes", "synaptic", "drops", "late events"):
        assert word in out


def test_a_missed_goal_exits_1(command):
    code, out, _ = command("run", "navigate_by_hand", *SHORT)
    assert code == 1
    assert "goal NOT reached" in out


def test_json_is_one_object_and_nothing_else(command):
    _, out, err = command("run", "navigate_by_hand", "--json", *SHORT)
    report = json.loads(out)
    assert err == ""
    assert report["ticks"] == 2000
    assert report["goal_reached"] is False
    assert report["plant"] == "plane"
    assert report["synaptic_operations"] > 0


def test_ticks_seconds_and_seed_are_short_for_settings(command):
    code, out, _ = command("run", "navigate_by_hand", "--ticks", 123, "--seed", 7, "--json")
    report = json.loads(out)
    assert (code, report["ticks"], report["seed"]) == (1, 123, 7)
    _, out, _ = command("run", "navigate_by_hand", "--seconds", 0.5, "--json")
    assert json.loads(out)["ticks"] == 500


def test_quiet_says_nothing(command):
    assert command("run", "navigate_by_hand", "-q", *SHORT) == (1, "", "")


def test_the_picture_is_a_picture(command, tmp_path):
    pytest.importorskip("matplotlib")
    place = tmp_path / "new folder" / "path.png"
    _, out, _ = command("run", "navigate_by_hand", "--plot", place, *SHORT)
    assert place.read_bytes().startswith(b"\x89PNG")
    assert str(place) in out
    assert [p.name for p in place.parent.iterdir()] == ["path.png"]


def test_a_run_file_is_found_beside_the_user_first(command, tmp_path, monkeypatch):
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "navigate_by_hand.toml").write_text("[engine]\nkind = 3\n")
    monkeypatch.chdir(tmp_path)
    code, _, err = command("run", "navigate_by_hand")
    assert code == 2
    assert str(tmp_path) in err


def test_backend_is_short_for_the_engine_kind(command):
    code, _, err = command("run", "navigate_by_hand", "--backend", "flaot")
    assert code == 2
    assert 'did you mean "float"' in err


def test_check_names_the_plain_python_parts(command, tmp_path):
    (tmp_path / "mine.py").write_text(
        "from msgspec import Struct\n"
        "class Config(Struct):\n    input: str\n"
        "def build(config, site):\n    raise RuntimeError('check builds nothing')\n"
    )
    run = tmp_path / "run.toml"
    run.write_text(
        '[plant]\nkind="plane"\nworld="empty"\n[sensor.o]\nkind="plant.odometry"\n'
        '[encoder.o]\nkind="./mine.py"\ninput="o"\n'
        '[engine]\nkind="float"\nnetwork="net.npz"\n'
    )
    save(Network((Input("o", 2),)), tmp_path / "net.npz")
    code, out, _ = command("check", run)
    assert code == 0
    assert "[encoder.o]" in out
    assert "plain Python" in out


def test_a_saved_run_goes_on_to_the_bit(command, tmp_path):
    run = ("run", "navigate", "--json")
    halfway, whole, resumed = (tmp_path / name for name in ("half", "whole", "resumed"))

    assert command(*run, "--ticks", 60, "--save", halfway)[0] == 1
    assert command(*run, "--ticks", 120, "--save", whole)[0] == 1
    assert command(*run, "--ticks", 120, "--resume", halfway, "--save", resumed)[0] == 1

    assert describe(resumed).tick == 120
    assert describe(whole).sections == describe(resumed).sections


def test_resuming_what_is_no_state_is_refused(command, tmp_path):
    path = tmp_path / "not.state"
    path.write_text("hello")

    code, _, err = command("run", "navigate", "--resume", path)

    assert code == 2
    assert "not.state" in err
