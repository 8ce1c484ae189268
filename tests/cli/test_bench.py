import json
import math

import pytest

from neuroloop.bench import start, tick


def test_a_tick_is_measured_phase_by_phase(command):
    code, out, _ = command(
        "bench", "tick", "navigate_by_hand", "--seconds", 2, "--no-start", "--json"
    )
    cost = json.loads(out)
    assert code == 0
    assert cost["ticks"] == 1800  # the first 200 warm up
    assert cost["run_s"] == pytest.approx(1.8)
    for phase in ("intake", "engine", "python", "whole"):
        q = cost[phase]
        assert 0 <= q["p50_us"] <= q["p99_us"] <= q["max_us"]
    assert cost["whole"]["max_us"] * 1e-6 <= cost["wall_s"]
    assert cost["spikes_in"] > 0
    assert cost["synaptic_operations"] > 0
    assert cost["times_real_time"] == pytest.approx(cost["run_s"] / cost["wall_s"])
    assert cost["start"] is None


def test_the_table_shows_the_same(command):
    code, out, _ = command("bench", "tick", "navigate_by_hand", "--seconds", 0.5, "--no-start")
    assert code == 0
    for word in ("intake", "engine", "python", "p99", "synapses", "x real time", "300 ticks"):
        assert word in out


def test_a_live_run_file_is_measured_by_the_step_clock():
    live = ['clock={kind="wall", dt_us=500, spin_us=0}', "plant.step_us=500"]
    cost = tick.measure("navigate_by_hand", 0.5, live)
    assert (cost.dt_us, cost.ticks) == (500, 800)


def test_reaching_the_goal_does_not_end_it():
    cost = tick.measure("navigate_by_hand", 40.0)
    assert cost.ticks == 39_800
    assert math.isfinite(cost.synaptic_operations_per_s)


def test_a_run_too_short_to_measure_is_refused(command):
    code, _, err = command("bench", "tick", "--seconds", 0.1, "--no-start")
    assert code == 2
    assert "--seconds" in err


def test_a_start_with_kernels_on_disk_is_told_from_one_without(monkeypatch):
    seen = []

    def seconds(name, changes, environment):
        seen.append((name, tuple(changes), environment["NUMBA_CACHE_DIR"]))
        return 10.0 if len(seen) == 1 else 1.0

    monkeypatch.setattr(start, "_seconds", seconds)
    cost = start.measure("navigate", ["run.seed=3"])
    assert (cost.cold_s, cost.cached_s) == (10.0, 1.0)
    assert len(set(seen)) == 1
    assert seen[0][:2] == ("navigate", ("run.seed=3",))


def test_a_run_that_cannot_start_says_why():
    with pytest.raises(start.PartError, match='no run file "nowhere"'):
        start._seconds("nowhere", (), {})
