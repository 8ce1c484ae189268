"""``neuroloop drill`` on the command line."""

import json

import numpy as np

from neuroloop.core.black_box import read_black_box


def test_list_names_every_drill(command):
    code, out, _ = command("drill", "--list")

    names = [line.split()[0] for line in out.splitlines()]
    assert code == 0
    assert {"brain-killed", "sensor-frozen", "disk-full", "clock-stepped"} <= set(names)
    assert len(names) == len(set(names))


def test_a_topic_stands_for_its_drills(command):
    _, out, _ = command("drill", "stop", "--list")

    assert [line.split()[0] for line in out.splitlines()] == [
        *("stop-told", "stop-typed", "stop-bumped", "stop-programmed", "stop-unarmed")
    ]


def test_an_unknown_drill_is_refused_with_the_nearest_one(command):
    code, _, err = command("drill", "brain-kiled")

    assert code == 2
    assert 'did you mean "brain-killed"?' in err


def test_json_and_what_is_kept(command, tmp_path):
    code, out, _ = command("drill", "sensor-nan", "--json", "--keep", tmp_path)

    answer = json.loads(out)
    assert code == 0
    assert answer["good"]
    assert answer["drills"][0]["name"] == "sensor-nan"
    assert 0 < answer["drills"][0]["ms"] <= 250
    box = read_black_box(tmp_path / "sensor-nan" / "black_box")
    assert np.diff(box["index"]).min() == 1
