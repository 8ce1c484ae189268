"""Tables of text in files: their clocks, and what is wrong with lines."""

import json
import logging
import os
from pathlib import Path

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from sensors import series

TABLE = """\
time,speed,load
2014-02-14 14:30:00,1.5,10
2014-02-14 14:30:01,2.5,
2014-02-14 14:30:03,nan,30
"""
DATA = Path(os.environ.get("NEUROLOOP_DATA", Path(__file__).parents[3] / "shared" / "data"))


@pytest.fixture
def table(tmp_path):
    """Write a table and build its sensor."""

    def make(text=TABLE, **settings):
        path = tmp_path / "table.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        config = series.Config("table.csv", **({"time": "time"} | settings))
        return series.build(config, Site("table", 0, 1000, tmp_path))

    return make


def rows(readings):
    return [(r.t_us, r.values.tolist()) for r in readings]


def test_rows_come_at_the_pace_they_were_recorded(table):
    with table() as sensor:
        assert sensor.read(0) == []
        (first,) = sensor.read(1_000_000)
        rest = sensor.read(10**9)
        assert sensor.ended
    assert (first.t_us, first.values.tolist()) == (0, [1.5, 10.0])
    assert [r.t_us for r in rest] == [1_000_000, 3_000_000]
    assert np.isnan([rest[0].values[1], rest[1].values[0]]).all()
    assert sensor.spec.labels == ("speed", "load")
    assert sensor.spec.rate_hz == pytest.approx(1 / 1.5)
    assert sensor.counts == {"numbers that are missing": 2}


def test_they_come_faster_where_that_is_asked_for(table):
    with table(speed=60) as sensor:
        assert [r.t_us for r in sensor.read(10**9)] == [0, 16_667, 50_000]


def test_a_fixed_rate_is_a_row_a_tick(table):
    with table(rate_hz=1000) as sensor:
        assert [r.t_us for r in sensor.read(2001)] == [0, 1000, 2000]
        assert sensor.spec.rate_hz == 1000


def test_columns_are_chosen_and_named(table):
    with table(columns=["load", "2"], labels=["watt", "mps"]) as sensor:
        (first,) = sensor.read(1)
    assert first.values.tolist() == [10.0, 1.5]
    assert sensor.spec.labels == ("watt", "mps")


@pytest.mark.parametrize(
    ("unit", "first", "second"),
    [
        ("s", "1700000000.25", "1700000000.75"),
        ("ms", "1700000000250", "1700000000750"),
        ("us", "250000", "750000"),
        ("ns", "250000000", "750000000"),
        ("iso", "2024-05-01T00:00:00.250Z", "2024-05-01T02:00:00.750+02:00"),
    ],
)
def test_times_in_other_units(table, unit, first, second):
    with table(f"time,x\n{first},1\n{second},2\n", time_unit=unit) as sensor:
        assert rows(sensor.read(10**9)) == [(0, [1.0]), (500_000, [2.0])]


def test_other_separators_and_no_header(table):
    text = "0 1.5 2\r\n1  2.5\t3\r\n"
    settings = {"header": False, "time": "1", "time_unit": "s", "columns": ["3", "2"]}
    with table(text, separator="", **settings) as sensor:
        assert rows(sensor.read(10**9)) == [(0, [2.0, 1.5]), (1_000_000, [3.0, 2.5])]
    assert sensor.spec.labels == ("3", "2")
    with table("\ufefftime;x\n0;1\n", separator=";", time_unit="s") as sensor:
        assert rows(sensor.read(1)) == [(0, [1.0])]


BROKEN = [
    ("5,6", "lines that are no row"),
    ("1,2,3,4", "lines that are no row"),
    ("time,speed,load", "lines that are no row"),
    ("1,x,2", "lines that are no row"),
    ("1,2,3\x00", "lines that are no row"),
    ("soon,2,3", "rows without a time"),
    ("nan,2,3", "rows without a time"),
    ("1e300,2,3", "rows without a time"),
    (",2,3", "rows without a time"),
    ("0.5,2,3", "rows out of order"),
    ("9" * 200_000, "lines that are too long"),
]
GOOD = ["0,1,1", "1,2,2", "2,3,3"]


@pytest.mark.parametrize(("line", "word"), BROKEN)
def test_what_is_no_row_is_skipped_counted_and_told_with_its_line(table, caplog, line, word):
    text = "\n".join(["time,speed,load", *GOOD[:2], line, "", line, *GOOD[2:]])
    with caplog.at_level(logging.WARNING), table(text, time_unit="s") as sensor:
        caplog.clear()
        assert [r.t_us for r in sensor.read(10**9)] == [0, 1_000_000, 2_000_000]
    assert sensor.counts == {word: 2}
    assert caplog.messages == [
        f'sensor "table": {word}: 1; the last in line 4',
        f'sensor "table": {word}: 2; the last in line 6',
    ]


def test_bytes_that_are_no_text_are_skipped(table):
    noise = bytes(b for b in range(256) if b not in b"\n")
    with table(b"time,x\n0,1\n" + noise + b"\n1,2", time_unit="s") as sensor:
        assert len(sensor.read(10**9)) == 2
    assert sensor.counts == {"lines that are no row": 1}


def test_equal_times_are_kept_and_counted(table):
    with table("time,x\n0,1\n0,2\n1,3\n", time_unit="s") as sensor:
        assert rows(sensor.read(10**9)) == [(0, [1.0]), (0, [2.0]), (1_000_000, [3.0])]
    assert sensor.counts == {"rows with the time of the one before": 1}


def test_a_clock_that_was_set_back_goes_on_from_where_it_was(table):
    times = [*range(1000, 1010), *range(20)]
    text = "time,x\n" + "".join(f"{t},{k}\n" for k, t in enumerate(times))
    with table(text, time_unit="s") as sensor:
        stamps = [r.t_us for r in sensor.read(10**12)]
    # seven rows might be stragglers; the eighth says that the clock was set
    assert stamps == [1_000_000 * k for k in range(10 + 20 - 7)]
    assert sensor.counts == {"rows out of order": 7, "jumps of the clock": 1}


def test_a_long_pause_is_played_short_where_that_is_asked_for(table):
    text = "time,x\n0,1\n2,2\n1000000,3\n1000002,4\n"
    with table(text, time_unit="s", most_gap_s=60) as sensor:
        assert [r.t_us for r in sensor.read(10**9)] == [0, 2_000_000, 4_000_000, 6_000_000]
    assert sensor.counts == {"jumps of the clock": 1}
    with table(text, time_unit="s") as sensor:
        assert [r.t_us for r in sensor.read(10**13)][2] == 1_000_000_000_000


def test_the_last_number_may_stand_for_a_missing_one(table):
    with table("time,x,y\n0,1,\n1,,5\n2,,\n", time_unit="s", missing="last") as sensor:
        found = [r.values for r in sensor.read(10**9)]
    np.testing.assert_array_equal(found, [[1, np.nan], [1, 5], [1, 5]])
    assert sensor.counts == {"numbers that are missing": 4}


@pytest.mark.parametrize("missing", ["nan", "last"])
def test_a_snapshot_goes_back(table, missing):
    text = "time,x\n" + "".join(f"{k},{k}\n{k - 1},9\nbad\n" for k in range(50))
    with table(text, time_unit="s", missing=missing) as sensor:
        sensor.read(20_000_000)
        place, counts = sensor.snapshot(), sensor.counts
        first = rows(sensor.read(40_000_000))
        sensor.restore(place)
        assert rows(sensor.read(40_000_000)) == first
        sensor.restore(place)
        assert sensor.counts.keys() == counts.keys()
    assert len(first) == 20


def test_a_large_file_is_not_held_in_memory(table):
    text = "time,x\n" + "".join(f"{k},{k % 7}\n" for k in range(50_000))
    with table(text, time_unit="ms") as sensor:
        for k in range(1, 50):
            assert len(sensor.read(1_000_000 * k)) == 1000
        held = sum(len(v) for v in vars(sensor).values() if isinstance(v, bytes | list | dict))
    assert held < 1000


@pytest.mark.parametrize(
    ("text", "settings", "words"),
    [
        ("", {}, "first line names no columns|there is no column"),
        ("time,x\n", {}, "has no row of numbers"),
        ("time,x\nhello\n", {}, "has no row of numbers"),
        (TABLE, {"columns": ["sped"]}, 'no column "sped".*did you mean "speed"'),
        (TABLE, {"columns": ["7"]}, 'no column "7"'),
        (TABLE, {"time": "when"}, 'no column "when"'),
        (TABLE, {"time": ""}, "needs `time` or `rate_hz`"),
        (TABLE, {"low": 2.0, "high": 1.0}, "is not below high"),
        (TABLE, {"header": False}, "`columns` has to say"),
        (TABLE, {"labels": ["a"]}, "as many are wanted"),
        ("time,x,x\n0,1,2\n", {}, "a label is there twice"),
        ("time\n0\n", {}, "there is none but the time"),
    ],
)
def test_what_is_no_table_is_refused_in_words(table, text, settings, words):
    with pytest.raises(ConfigError, match=words), table(text, **settings):
        pass


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        series.build(series.Config("nope.csv", rate_hz=1.0), Site("table", 0, 1000, tmp_path))


@pytest.mark.parametrize(
    "name", ["realKnownCause/machine_temperature_system_failure.csv", "realKnownCause/nyc_taxi.csv"]
)
def test_a_real_series_is_played_whole(name):
    path = DATA / "anomaly" / name
    if not path.exists():
        pytest.skip("no recorded series here; NEUROLOOP_DATA names the folder with them")
    lines = path.read_text().splitlines()
    config = series.Config(str(path), time="timestamp", speed=3600)
    with series.build(config, Site("real", 0, 1000)) as sensor:
        found = sensor.read(10**12)
    assert len(found) + sum(sensor.counts.values()) >= len(lines) - 1
    assert found[0].values[0] == pytest.approx(float(lines[1].split(",")[1]))
    assert found[-1].values[0] == pytest.approx(float(lines[-1].split(",")[1]))


def test_the_run_file_slows_the_drive_down_when_the_bearing_fails(command):
    def alarms(*more):
        code, out, err = command("run", "series", "--json", *more)
        assert code == 0, err
        return json.loads(out)

    healthy, whole = alarms("--seconds", 7), alarms()
    assert healthy["spikes"] == 0
    assert whole["spikes"] >= 30
    assert whole["ended"] == "end of the recording"
    assert whole["sensors"]["pump"]["jumps of the clock"] == 1
