"""The energy account of a run, as its user meets it, by either clock."""

import json

import pytest


def test_the_report_ends_with_an_account_term_by_term(command):
    code, out, _ = command("run", "navigate", "--backend", "loihi1", "--ticks", 60)
    assert code == 1
    for said in ("energy  ", "a decision", "23.6 pJ", "simulated: ", "static power", "processor"):
        assert said in out


def test_json_has_every_term_with_its_source(command):
    _, out, err = command("run", "navigate", "--backend", "loihi1", "--ticks", 60, "--json")
    energy = json.loads(out)["energy"]
    assert "fits Loihi 1" in err
    terms = energy["chip"]["terms"]
    assert all(t["source"] and t["status"] for t in terms)
    assert sum(t["total"] or 0.0 for t in terms) == pytest.approx(energy["chip"]["joules"])
    per_decision = energy["chip"]["joules"] / energy["decisions"]
    assert energy["joules_a_decision"] == pytest.approx(per_decision)
    assert (energy["processor_joules"] is None) == bool(energy["processor_unavailable"])


def test_the_same_run_has_the_same_account(command):
    call = ("run", "navigate", "--backend", "loihi1", "--ticks", 40, "--json")
    one, two = (json.loads(command(*call)[1])["energy"]["chip"] for _ in range(2))
    assert one == two


def test_a_chip_of_which_nothing_is_known_says_so(command):
    _, out, _ = command("run", "navigate", "--backend", "loihi2", "--ticks", 20)
    assert "energy         unknown: no figure is known" in out


def test_a_run_in_floating_point_has_no_chip(command):
    _, out, _ = command("run", "navigate", "--ticks", 20, "--json")
    assert json.loads(out)["energy"]["chip"] is None


def test_a_live_run_counts_the_ticks_that_ran(command):
    options = ("--set", "clock.kind=wall", "--set", "sensor.lidar.latency_ms=20")
    more = ("--set", "sensor.goal.latency_ms=20", "--set", "sensor.odometry.latency_ms=20")
    call = ("run", "navigate", "--backend", "loihi1", *options, *more, "--seconds", 1, "--json")
    report = json.loads(command(*call)[1])
    chip = report["energy"]["chip"]
    ticks = sum(n for _, n in report["live"]["late_histogram"])
    assert chip["seconds"] == pytest.approx(ticks * 0.02)
    assert chip["event_joules"] > 0
