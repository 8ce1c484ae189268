"""CARMEN logs: scans and odometry, and lines that are cut or of other kinds."""

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from neuroloop.core.values import Ranges, Scalars
from sensors import carmen_log

TAIL = "0 0 0 0 0 0"


def flaser(t_s, *ranges):
    return f"FLASER {len(ranges)} {' '.join(map(str, ranges))} {TAIL} {t_s} robot {t_s - 100}"


def robotlaser(t_s, *ranges, start=-1.5, step=1.0, most=8.0):
    head = f"ROBOTLASER1 0 {start} 3.0 {step} {most} 0.01 0"
    return f"{head} {len(ranges)} {' '.join(map(str, ranges))} 0 {TAIL} 0 0 0.2 0.3 0 {t_s} robot 1"


LOG = "\n".join(
    [
        "# CARMEN Logfile",
        "PARAM robot_width 0.4",
        "ODOM 1.0 2.0 0.5 0.3 -0.1 0 100.00 robot 0.00",
        flaser(100.25, 1.0, 0.0, 81.83, 2.0),
        robotlaser(100.4, 1.0, 9.0, 0.5),
        "ODOM 1.1 2.0 0.6 0.3 -0.1 0 100.5 robot 0.50",
        flaser(100.75, 1.5, 0.001, 3.0, 2.5),
        "",
    ]
)


@pytest.fixture
def log(tmp_path):
    def make(text=LOG, **settings):
        (tmp_path / "robot.clf").write_bytes(text if isinstance(text, bytes) else text.encode())
        config = carmen_log.Config("robot.clf", **settings)
        return carmen_log.build(config, Site("lidar", 0, 1000, tmp_path))

    return make


def test_scans_come_from_left_to_right_with_their_bearings(log):
    with log() as lidar:
        first, second = lidar.read(10**9)
    assert isinstance(first, Ranges)
    # the log begins with odometry, a quarter of a second before
    assert [first.t_us, second.t_us] == [250_000, 750_000]
    assert first.metres == pytest.approx([2.0, np.inf, np.nan, 1.0], nan_ok=True)
    assert np.isnan(second.metres[2])  # nearer than it can measure
    assert np.degrees(first.bearing_rad) == pytest.approx([45, 0, -45, -90])
    assert lidar.spec.rate_hz == pytest.approx(2)
    assert lidar.ended


@pytest.mark.parametrize(
    ("n", "left_deg", "step_deg"), [(180, 89, 1), (181, 90, 1), (360, 89.5, 0.5), (361, 90, 0.5)]
)
def test_scans_of_usual_sizes_have_usual_angles(log, n, left_deg, step_deg):
    with log(flaser(1.0, *range(1, n + 1))) as lidar:
        (scan,) = lidar.read(1)
    degrees = np.degrees(scan.bearing_rad)
    assert (degrees[0], degrees[-1]) == pytest.approx((left_deg, -90), abs=1e-4)
    assert np.diff(degrees) == pytest.approx(-step_deg, abs=1e-4)


def test_newer_scans_say_their_angles_and_largest_range(log):
    with log(read="ROBOTLASER1") as lidar:
        (scan,) = lidar.read(10**9)
    assert scan.t_us == 400_000
    assert scan.metres == pytest.approx([0.5, np.inf, 1.0])
    assert scan.bearing_rad == pytest.approx([0.5, -0.5, -1.5])


def test_odometry_is_numbers(log):
    with log(read="ODOM") as wheels:
        first, second = wheels.read(10**9)
        assert wheels.spec.labels == carmen_log.ODOMETRY
    assert isinstance(first, Scalars)
    assert (first.t_us, second.t_us) == (0, 500_000)
    assert second.values == pytest.approx([1.1, 2.0, 0.6, 0.3, -0.1])


def test_zero_may_mean_nothing_within_range(log):
    with log(zero="nothing_within_range") as lidar:
        first = lidar.read(300_000)[0]
    assert first.metres[2] == np.inf


def test_a_snapshot_goes_back(log):
    with log() as lidar:
        lidar.read(300_000)
        place = lidar.snapshot()
        (first,) = lidar.read(10**9)
        lidar.restore(place)
        (again,) = lidar.read(10**9)
    assert first.t_us == again.t_us


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (flaser(101, 1.0, 2.0), "scans of another size"),
        (flaser(99, 1.0, 2.0, 3.0, 4.0), "messages out of order"),
        ("FLASER 400 1.0 2.0 3.0 101 robot 1", "messages that are cut or none"),
        ("FLASER x 1.0 2.0 3.0 101 robot 1", "messages that are cut or none"),
        ("FLASER -4 1.0 2.0 3.0 101 robot 1", "messages that are cut or none"),
        ("FLASER 99999999999 1.0 2.0 3.0 101 robot 1", "messages that are cut or none"),
        (flaser(101, 1.0, "x", 3.0, 4.0), "messages that are cut or none"),
    ],
)
def test_broken_messages_are_skipped_and_counted(log, line, word):
    with log(LOG + line + "\n") as lidar:
        assert len(lidar.read(10**9)) == 2
    assert lidar.counts == {word: 1}


def test_noise_is_no_message(log):
    with log(LOG.encode() + bytes(range(256)) + b"\nFLASER\nFLASER 4\n\n" + b"9" * 10**6) as lidar:
        assert len(lidar.read(10**9)) == 2


@pytest.mark.parametrize(
    ("text", "settings", "words"),
    [
        ("", {}, "it has no messages"),
        (LOG, {"read": "RAWLASER1"}, r"has no RAWLASER1 .* it has ODOM \(2\), FLASER \(2\)"),
        (LOG, {"max_m": 0.01}, "must be above min_m"),
    ],
)
def test_what_is_no_log_is_refused_in_words(log, text, settings, words):
    with pytest.raises(ConfigError, match=words), log(text, **settings):
        pass


def test_a_file_that_is_not_there_is_told(tmp_path):
    config = carmen_log.Config("nope.clf")
    with (
        pytest.raises(ConfigError, match="cannot be read: No such file"),
        carmen_log.build(config, Site("lidar", 0, 1000, tmp_path)),
    ):
        pass
