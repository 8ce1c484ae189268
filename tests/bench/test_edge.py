import json

import pytest

from neuroloop.bench import edge
from neuroloop.core.errors import PartError

pytestmark = pytest.mark.real_time


def test_start_and_memory_of_a_live_run_are_measured(command):
    code, out, _ = command("bench", "edge", "--starts", 2, "--seconds", 0.2, "--json")
    assert code == 0
    cost = json.loads(out)
    assert cost["starts"] == 2
    for spread in (cost["first_tick"], cost["ready"]):
        assert 0 < spread["least_s"] <= spread["median_s"] <= spread["most_s"]
    assert cost["first_tick"]["least_s"] <= cost["ready"]["least_s"]
    assert [m["what"] for m in cost["memory"]] == ["brain", "beside it"]
    for m in cost["memory"]:
        assert 0 < m["share_bytes"] <= m["resident_bytes"]
    assert cost["resident_bytes"] == sum(m["resident_bytes"] for m in cost["memory"])


def test_the_table_shows_the_same(command):
    code, out, _ = command("bench", "edge", "--starts", 1, "--seconds", 0.2)
    assert code == 0
    for word in ("first tick", "READY", "brain", "beside it", "together", "resident"):
        assert word in out


def test_a_run_that_fails_says_why():
    with pytest.raises(PartError, match="no_such_world"):
        edge.measure("navigate_by_hand", ["plant.world=no_such_world"], starts=1)


def test_a_run_that_is_over_too_soon_is_refused():
    with pytest.raises(PartError, match="over before"):
        edge.measure("navigate_by_hand", ["run.seconds=0.1"], starts=1, after_s=3.0)
