"""Lidar recordings: what comes, when, what broken lines do, and the sink that writes them."""

import logging
import resource

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError, MachineError
from neuroloop.core.message import RECORD_BYTES, Kind, pack, payload_of
from neuroloop.core.ports import Site
from neuroloop.core.values import Ranges, Scalars, SourceSpec
from neuroloop.record import lidar_log as sink
from sensors import lidar_log

LINES = """\
5000000 1000 2000 0 4000
5100000 1001 2001 0 4001

5200000 1002 2002 6000 4002
"""


@pytest.fixture
def log(tmp_path):
    """Write a log and open it."""

    def make(text=LINES, **settings):
        path = tmp_path / "scans.txt"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        config = lidar_log.Config("scans.txt", **settings)
        return lidar_log.build(config, Site("lidar", 0, 1000, tmp_path))

    return make


def test_scans_come_in_metres_from_left_to_right_and_time_starts_at_0(log):
    with log() as lidar:
        assert lidar.read(0) == []
        (first,) = lidar.read(100_000)
        rest = lidar.read(10**9)
    assert first.t_us == 0
    assert [scan.t_us for scan in rest] == [100_000, 200_000]
    # the file starts on the right; 0 is no measurement, 6 m is beyond 5.6 m
    assert first.metres == pytest.approx([4.0, np.nan, 2.0, 1.0], nan_ok=True)
    assert rest[-1].metres[1] == np.inf
    assert first.metres.dtype == first.bearing_rad.dtype == np.float32


def test_bearings_are_the_middles_of_equal_sectors(log):
    with log(fov_deg=240) as lidar:
        (scan,) = lidar.read(1)
        assert np.degrees(scan.bearing_rad) == pytest.approx([90, 30, -30, -90])
        assert lidar.spec.bearing_rad is scan.bearing_rad


def test_the_spec_says_what_comes(log):
    with log() as lidar:
        spec = lidar.spec
    assert (spec.reading, spec.shape, spec.unit) == (Ranges, (4,), "m")
    assert spec.rate_hz == pytest.approx(10)
    assert (spec.low, spec.high) == (0.02, 5.6)


def test_a_scanner_that_turns_the_other_way(log):
    with log(direction="left_to_right") as lidar:
        (scan,) = lidar.read(1)
    assert scan.metres == pytest.approx([1.0, 2.0, np.nan, 4.0], nan_ok=True)


def test_columns_before_and_after_the_ranges(log):
    with log("0 77 88 100 200 9\n1 77 88 100 200 9\n", first_column=4, beams=2) as lidar:
        (scan, _) = lidar.read(10)
    assert scan.metres == pytest.approx([0.2, 0.1])


def test_other_units_and_limits(log):
    with log("0 10 100 999 4\n", unit_m=0.01, min_m=0.05, max_m=5.0) as lidar:
        (scan,) = lidar.read(1)
    assert scan.metres == pytest.approx([np.nan, np.inf, 1.0, 0.1], nan_ok=True)


def test_zero_may_mean_nothing_within_range(log):
    with log("0 0 1000\n", zero="nothing_within_range") as lidar:
        (scan,) = lidar.read(1)
    assert scan.metres.tolist() == [1.0, np.inf]


def test_a_scan_without_any_measurement_is_one(log):
    with log("0 0 0\n1 nan nan\n2 inf inf\n") as lidar:
        first, second, third = lidar.read(10)
    assert np.isnan([first.metres, second.metres]).all()
    assert (third.metres == np.inf).all()
    assert lidar.skipped == 0


def test_commas_part_numbers_too(log):
    with log("0,1000,2000\n1, 1001, 2001\n") as lidar:
        assert lidar.read(10)[0].metres.tolist() == [2.0, 1.0]


def test_it_ends_with_its_last_scan(log):
    with log() as lidar:
        lidar.read(200_000)
        assert not lidar.ended
        lidar.read(200_001)
        assert lidar.ended


def test_a_snapshot_goes_back(log):
    with log() as lidar:
        lidar.read(1)
        place = lidar.snapshot()
        first = lidar.read(10**9)
        lidar.restore(place)
        again = lidar.read(10**9)
    assert [s.t_us for s in first] == [s.t_us for s in again] == [100_000, 200_000]


@pytest.mark.parametrize(
    "broken",
    [
        "5150000 1 2 3",  # a number too few
        "5150000 1 2 3 4 5",
        "5150000 1 2 x 4",
        "5150000 1 2 3 4\x00",
        "4000000 1 2 3 4",  # time goes back
        "nan 1 2 3 4",
        "1e300 1 2 3 4",
        "# made by hand",
        "9" * 3_000_000,  # longer than any line
    ],
)
def test_broken_lines_are_skipped_and_counted_with_one_warning(log, caplog, broken):
    lines = LINES.splitlines()
    text = "\n".join([*lines[:2], broken, broken, *lines[2:]])
    with caplog.at_level(logging.WARNING), log(text) as lidar:
        stamps = [scan.t_us for scan in lidar.read(10**9)]
    assert stamps == [0, 100_000, 200_000]
    assert lidar.skipped == 2
    (warning,) = caplog.messages
    assert "2 of 5 lines are no scan" in warning


def test_a_last_line_cut_short_is_skipped(log):
    with log(LINES + "5300000 10") as lidar:
        assert len(lidar.read(10**9)) == 3
    assert lidar.skipped == 1


def test_lines_of_other_systems_are_read_too(log):
    with log(LINES.replace("\n", "\r\n").replace(" ", "\t")) as lidar:
        assert len(lidar.read(10**9)) == 3
    assert lidar.skipped == 0


def test_numbers_that_are_none_are_no_measurements(log):
    with log("0 nan inf -5 1e308 100\n", unit_m=100.0, max_m=1e5) as lidar:
        (scan,) = lidar.read(1)
    assert scan.metres == pytest.approx([1e4, np.inf, np.nan, np.inf, np.nan], nan_ok=True)


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        ("", {}, "holds no line of numbers"),
        ("hello\nworld\n", {}, "holds no line of numbers"),
        (bytes(range(256)), {}, "holds no line of numbers"),
        ("nan 1 2\n", {}, "no line of it starts with a time"),
        (LINES, {"first_column": 25}, "has 5 columns; at least 1 from column 25 on"),
        (LINES, {"beams": 5}, "has 5 columns; at least 5 from column 2 on"),
        (LINES, {"min_m": 6.0}, r"`max_m`: 5.6 must be above min_m \(6\)"),
    ],
)
def test_what_is_no_log_is_refused_in_words(log, text, settings, message):
    with pytest.raises(ConfigError, match=message), log(text, **settings):
        pass


@pytest.mark.parametrize(("name", "reason"), [("nope", "No such file"), (".", "Is a directory")])
def test_a_file_that_cannot_be_read_is_refused(tmp_path, name, reason):
    lidar = lidar_log.build(lidar_log.Config(name), Site("lidar", 0, 1000, tmp_path))
    with pytest.raises(ConfigError, match=f"cannot be read: {reason}"), lidar:
        pass


BEARING_RAD = np.radians([135, 45, -45, -135]).astype(np.float32)
SPEC = SourceSpec("lidar", Ranges, (4,), 10.0, bearing_rad=BEARING_RAD)


def record_of(*scans, port=3):
    parts = [pack(Kind.READING, port, scan.t_us, payload_of(scan)) for scan in scans]
    head = np.zeros(RECORD_BYTES, np.uint8)
    head.view(np.int64)[0] = RECORD_BYTES + sum(len(part) for part in parts)
    return np.concatenate([head, *parts])


def writer(folder, spec=SPEC):
    site = Site("log", 0, 1000, folder, source=spec, port=3)
    return sink.build(sink.Config("lidar", "scans.txt"), site)


def test_what_the_sink_writes_the_sensor_reads(tmp_path):
    rng = np.random.default_rng(0)
    scans = []
    for k in range(20):
        metres = rng.uniform(0.1, 9.0, 4).astype(np.float32)
        metres[rng.random(4) < 0.2] = np.nan
        metres[rng.random(4) < 0.2] = np.inf
        scans.append(Ranges(100_000 * k, metres, BEARING_RAD))
    with writer(tmp_path) as log:
        log.take(record_of(*scans[:3]), np.zeros(0, np.uint8))
        log.take(record_of(scans[0], port=2), np.zeros(0, np.uint8))
        for scan in scans[3:]:
            log.take(record_of(scan), np.zeros(0, np.uint8))
    config = lidar_log.Config("scans.txt", fov_deg=360, max_m=10.0)
    with lidar_log.build(config, Site("lidar", 0, 1000, tmp_path)) as lidar:
        again = lidar.read(10**9)
    for before, after in zip(scans, again, strict=True):
        assert before.t_us == after.t_us
        # whole millimetres
        assert after.metres == pytest.approx(before.metres, abs=5.1e-4, nan_ok=True)
        assert after.bearing_rad == pytest.approx(before.bearing_rad)


def test_the_log_has_its_name_only_when_the_run_is_over(tmp_path):
    path = tmp_path / "scans.txt"
    path.write_text("old")
    with writer(tmp_path) as log:
        log.take(record_of(Ranges(0, np.ones(4, np.float32), BEARING_RAD)), np.zeros(0, np.uint8))
        assert path.read_text() == "old"
    assert path.read_text() == "0 1000 1000 1000 1000\n"
    assert [p.name for p in tmp_path.iterdir()] == ["scans.txt"]


def test_a_run_without_a_scan_leaves_the_earlier_recording(tmp_path):
    path = tmp_path / "scans.txt"
    path.write_text("old")
    with pytest.raises(ConfigError, match="fails to start"), writer(tmp_path):
        raise ConfigError("the next part fails to start")
    assert path.read_text() == "old"
    with writer(tmp_path) as log:
        log.take(record_of(), np.zeros(0, np.uint8))
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["scans.txt"]


def test_what_was_written_before_a_run_failed_is_kept(tmp_path):
    record = record_of(Ranges(0, np.ones(4, np.float32), BEARING_RAD))

    def run():
        with writer(tmp_path) as log:
            log.take(record, np.zeros(0, np.uint8))
            raise MachineError("a device failed")

    with pytest.raises(MachineError, match="device"):
        run()
    assert (tmp_path / "scans.txt").read_text() == "0 1000 1000 1000 1000\n"


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(MachineError, match=r"cannot write .*No such file"), writer(tmp_path / "no"):
        pass


def test_a_full_disk_is_told(tmp_path):
    """A limit on the size of files stands in for it."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    record = record_of(*[Ranges(0, np.ones(4, np.float32), BEARING_RAD)] * 100)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        with (
            pytest.raises(MachineError, match=r"cannot write .*scans\.txt: "),
            writer(tmp_path) as log,
        ):
            log.take(record, np.zeros(0, np.uint8))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (SourceSpec("lidar", Scalars, (4,), 10.0), "is no range finder"),
        (SourceSpec("lidar", Ranges, (4,), 10.0), "is no range finder"),
        (
            SourceSpec("lidar", Ranges, (3,), 10.0, bearing_rad=np.float32([1.0, 0.5, -1.0])),
            "not spread evenly",
        ),
        (
            SourceSpec("lidar", Ranges, (2,), 10.0, bearing_rad=np.float32([1.0, 0.0])),
            "not spread evenly",
        ),
    ],
)
def test_sources_that_a_log_cannot_hold_are_refused(tmp_path, spec, message):
    with pytest.raises(ConfigError, match=message):
        writer(tmp_path, spec)
