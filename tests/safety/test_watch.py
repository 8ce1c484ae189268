"""What is doubtful about a sensor: every cause, and the exact tick in which it begins and ends."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroloop.core.errors import ConfigError
from neuroloop.core.safety import Cause
from neuroloop.core.values import Depth, Frame, Ranges, Scalars, Sound, SourceSpec
from neuroloop.safety import watch
from neuroloop.safety.block import B_BY
from neuroloop.safety.watch import MORE_LOSSES_US, ONE_LOSS_US, SOON_US, WINDOW_LENGTH_US

DT_US = 1000
WHO = 5
LIMIT_US = 20_000
BEARINGS = np.float32([0.5, 0.0, -0.5])


class Watched:
    """One sensor and its row."""

    def __init__(self, rows, say, spec, **how):
        given = {"silent_us": 0, "repeats": True, "stop": False} | how
        self.rows, self.say = rows, say
        self.port = rows.sensor(spec, watch.build(spec, who=WHO, dt_us=DT_US, **given))
        rows.begin()

    def tick(self, *readings, lost=0, t_us=None):
        """Run a tick into which readings come; returns the causes."""
        messages = [self.say.lost(self.port, lost)] if lost else []
        messages += [self.say.reading(self.port, r) for r in readings]
        self.rows.tick(*messages, t_us=t_us)
        causes, self.warnings = self.rows.raised()
        assert all(self.rows.block[B_BY + cause] == WHO for cause in causes)
        return causes

    def number(self, value, t_us=None):
        """Run a tick into which one number comes."""
        stamp = self.rows.now_us if t_us is None else t_us
        return self.tick(Scalars(stamp, np.float32([value])))

    def spans(self, cause, ticks, each=None):
        """Return the stamps at which a cause begins and ends within some ticks."""
        found, was = [], False
        for _ in range(ticks):
            now = self.rows.now_us
            is_ = cause in (self.tick() if each is None else each(now))
            if is_ != was:
                found.append(now)
            was = is_
        return found


@pytest.fixture
def sensor(rows, say):
    """A sensor of one number in 0...1 of 100 Hz, or with another ``spec`` or settings."""

    def make(spec=None, **how):
        return Watched(rows, say, spec or _scalars(), **how)

    return make


def _scalars(n=1, rate_hz=0.0, low=-np.inf, high=np.inf):
    return SourceSpec("seen", Scalars, (n,), rate_hz, low=low, high=high)


def _ranges(low=0.1, high=10.0):
    return SourceSpec("seen", Ranges, (3,), 0.0, low=low, high=high, bearing_rad=BEARINGS)


# Silent


def test_a_sensor_is_silent_from_the_first_tick_on_until_it_speaks(sensor):
    seen = sensor(silent_us=LIMIT_US)

    assert [seen.tick() for _ in range(3)] == [{Cause.SILENT}] * 3
    assert seen.number(1) == set()


def test_a_sensor_is_silent_when_its_newest_stamp_is_older_than_the_limit(sensor):
    seen = sensor(silent_us=LIMIT_US)
    seen.tick(t_us=7000)
    seen.number(1, t_us=6000)

    assert seen.spans(Cause.SILENT, 40) == [6000 + LIMIT_US + DT_US]


def test_a_warning_comes_at_half_the_time(sensor):
    seen = sensor(silent_us=LIMIT_US)
    seen.number(1)
    warned = [seen.tick() or seen.warnings for _ in range(20)]

    assert warned == [set()] * 10 + [{Cause.SILENT}] * 10


def test_time_is_that_of_the_tick_though_ticks_were_skipped(sensor):
    seen = sensor(silent_us=LIMIT_US)
    seen.number(1)

    assert seen.tick(t_us=LIMIT_US) == set()
    assert seen.tick(t_us=LIMIT_US + 1000) == {Cause.SILENT}


def test_a_sensor_that_may_be_silent_never_is(sensor):
    seen = sensor(silent_us=0)

    assert set().union(*(seen.tick(t_us=10**k) for k in range(3, 12))) == set()


def test_a_stamp_from_the_future_does_not_make_a_sensor_look_alive(sensor):
    seen = sensor(silent_us=LIMIT_US)
    seen.number(1, t_us=10**12)

    assert seen.spans(Cause.SILENT, 40) == [LIMIT_US + DT_US]


# Repeated


def test_a_sensor_that_repeats_itself_is_found_when_a_silent_one_would_be(sensor):
    seen = sensor(silent_us=LIMIT_US, repeats=False)
    seen.number(0.25)
    seen.number(0.5)

    assert seen.spans(Cause.REPEATED, 40, lambda _: seen.number(0.5)) == [DT_US + LIMIT_US + DT_US]
    assert seen.number(0.5) == {Cause.REPEATED}
    assert seen.number(0.75) == set()


def test_a_sensor_that_stops_repeating_itself_is_silent(sensor):
    seen = sensor(silent_us=LIMIT_US, repeats=False)
    for _ in range(50):
        seen.number(0.5)

    assert seen.spans(Cause.SILENT, 40) == [49_000 + LIMIT_US + DT_US]


def test_a_sensor_that_may_repeat_itself_never_does(sensor):
    seen = sensor(silent_us=LIMIT_US, repeats=True)

    assert seen.spans(Cause.REPEATED, 100, lambda _: seen.number(0.5)) == []


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.floats(width=32), min_size=1, max_size=9),
    st.data(),
)
def test_any_other_bit_is_another_reading(new_rows, say, numbers, data):
    seen = Watched(new_rows(), say, _scalars(len(numbers)), silent_us=LIMIT_US, repeats=False)
    changed = np.float32(numbers)
    bits = changed.view(np.uint32)
    seen.tick(Scalars(0, np.float32(numbers)))
    for place in data.draw(st.sets(st.integers(0, len(bits) - 1), min_size=1)):
        bits[place] ^= np.uint32(1 << data.draw(st.integers(0, 31)))
    seen.tick(Scalars(LIMIT_US, changed), t_us=LIMIT_US)

    assert Cause.REPEATED not in seen.tick(t_us=LIMIT_US + 1000)


def test_signs_that_change_together_are_another_reading(sensor):
    seen = sensor(_scalars(4), silent_us=LIMIT_US, repeats=False)
    seen.tick(Scalars(0, np.float32([1, 2, 3, 4])))
    seen.tick(Scalars(LIMIT_US, np.float32([1, -2, 3, -4])), t_us=LIMIT_US)

    assert seen.tick(t_us=LIMIT_US + 1000) == set()


@pytest.mark.parametrize("pixel", [0, 8, 14])
def test_one_pixel_makes_another_picture(sensor, pixel):
    spec = SourceSpec("seen", Frame, (3, 5), 0.0)
    seen = sensor(spec, silent_us=LIMIT_US, repeats=False)
    grey = np.arange(15, dtype=np.uint8)
    seen.tick(Frame(0, grey.reshape(3, 5)))
    grey[pixel] ^= 1
    seen.tick(Frame(LIMIT_US, grey.reshape(3, 5)), t_us=LIMIT_US)
    assert seen.tick(t_us=LIMIT_US + 1000) == set()
    seen.tick(Frame(2 * LIMIT_US, grey.reshape(3, 5)), t_us=2 * LIMIT_US)
    assert seen.tick(t_us=2 * LIMIT_US + 1000) == {Cause.REPEATED}


# Numbers

NAN, INF = np.nan, np.inf
WRONG = {Cause.NOT_FINITE}


def _scan(*metres, bearings=BEARINGS):
    return _ranges(), Ranges(0, np.float32(metres), bearings)


def _depth(*metres):
    return SourceSpec("seen", Depth, (1, 3), 0.0), Depth(0, np.float32([metres]))


def _sound(*samples):
    spec = SourceSpec("seen", Sound, (3, 1), 0.0, low=-1.0, high=1.0)
    return spec, Sound(0, np.float32(samples).reshape(3, 1), 16e3)


def _three(*numbers):
    return _scalars(3, low=0.0, high=1.0), Scalars(0, np.float32(numbers))


@pytest.mark.parametrize(
    ("spec", "reading", "causes"),
    [
        (*_three(0.1, 0.2, 0.3), set()),
        (*_three(0.1, NAN, 0.3), WRONG),
        (*_three(INF, 0.2, 0.3), WRONG),
        (*_three(0.1, 0.2, -INF), WRONG),
        (*_scan(1, 2, 3), set()),
        (*_scan(1, NAN, INF), set()),
        (*_scan(NAN, NAN, INF), set()),
        (*_scan(NAN, NAN, NAN), WRONG),
        (*_scan(1, -INF, 3), WRONG),
        (*_scan(1, 2, 3, bearings=np.float32([0, NAN, 0])), WRONG),
        (*_scan(1, 2, 3, bearings=np.float32([0, 0, INF])), WRONG),
        (*_depth(1, NAN, INF), set()),
        (*_depth(NAN, NAN, NAN), WRONG),
        (*_depth(1, -INF, 2), WRONG),
        (*_sound(0.5, -0.5, 0), set()),
        (*_sound(0.5, NAN, 0), WRONG),
        (*_sound(0.5, INF, 0), WRONG),
        # of its span of 1 a sensor of numbers may leave its range by 0.05, for noise
        (*_three(-0.04, 1.04, 0.3), set()),
        (*_three(-0.06, 0.5, 0.3), {Cause.OUT_OF_RANGE}),
        (*_three(0.1, 0.5, 1.06), {Cause.OUT_OF_RANGE}),
        (*_three(0.1, NAN, 1.06), {Cause.OUT_OF_RANGE, Cause.NOT_FINITE}),
        # a range finder by 0.495, but no distance is below 0
        (*_scan(0.01, 10.4, INF), set()),
        (*_scan(0.01, 10.5, INF), {Cause.OUT_OF_RANGE}),
        (*_scan(-0.01, 1, 2), {Cause.OUT_OF_RANGE}),
        (*_depth(1, 2, -0.01), {Cause.OUT_OF_RANGE}),
        (*_sound(1.2, 0, 0), {Cause.OUT_OF_RANGE}),
        (_scalars(3), Scalars(0, np.float32([-1e30, 0, 1e30])), set()),
        (_scalars(3, low=0.0), Scalars(0, np.float32([0, -1e-3, 1e30])), {Cause.OUT_OF_RANGE}),
    ],
)
def test_numbers_that_are_wrong_are_found_at_once(sensor, spec, reading, causes):
    assert sensor(spec).tick(reading) == causes


def test_wrong_numbers_stand_until_a_good_reading_comes(sensor):
    seen = sensor(_scalars(high=1.0, low=0.0))
    seen.number(np.nan)

    assert [seen.tick() for _ in range(100)] == [WRONG] * 100
    assert seen.number(7) == {Cause.OUT_OF_RANGE}
    assert seen.number(0.5) == set()


def test_a_picture_has_no_wrong_numbers(sensor):
    seen = sensor(SourceSpec("seen", Frame, (2, 2), 0.0, low=0.0, high=1.0))

    assert seen.tick(Frame(0, np.full((2, 2), 255, np.uint8))) == set()


# Too fast


def test_four_times_the_rate_and_a_few_readings_are_in_order(sensor):
    seen = sensor(_scalars(rate_hz=100.0))
    spans = seen.spans(Cause.TOO_FAST, 1000, lambda now: seen.tick(*_burst(now, (2, 0, 0, 0, 0))))

    assert spans == []


def _burst(now, sizes):
    n = sizes[now // DT_US % len(sizes)]
    return [Scalars(now, np.float32([now + k])) for k in range(n)]


def test_more_than_that_is_too_fast_from_the_first_reading_too_many_on(sensor):
    seen = sensor(_scalars(rate_hz=100.0))
    most = 4 * 100 * WINDOW_LENGTH_US // 10**6 + 4

    spans = seen.spans(Cause.TOO_FAST, 1000, lambda now: seen.tick(*_burst(now, (1,))))

    assert spans == [most * DT_US]


def test_it_is_too_fast_until_a_whole_window_was_in_order(sensor):
    seen = sensor(_scalars(rate_hz=100.0))
    spans = seen.spans(
        Cause.TOO_FAST, 1000, lambda now: seen.tick(*_burst(now, (1,) if now < 150_000 else (0,)))
    )

    # windows end at the first tick that is 200 ms or more after their start
    assert spans == [84_000, 2 * WINDOW_LENGTH_US + DT_US]


def test_what_came_in_while_ticks_were_skipped_is_held_against_that_time(sensor):
    seen = sensor(_scalars(rate_hz=100.0))
    seen.tick()

    assert seen.tick(*(Scalars(k, np.float32([k])) for k in range(400)), t_us=1_000_000) == set()
    assert seen.tick(*(Scalars(k, np.float32([k])) for k in range(85)), t_us=1_001_000) == {
        Cause.TOO_FAST
    }


def test_a_sensor_without_a_rate_is_never_too_fast(sensor):
    seen = sensor(_scalars(rate_hz=0.0))

    assert seen.tick(*(Scalars(0, np.float32([k])) for k in range(1000))) == set()


# Lost


def _losses(seen, *stamps, ticks=2500):
    return seen.spans(Cause.LOST, ticks, lambda now: seen.tick(lost=int(now in stamps)))


def test_a_lost_reading_counts_for_a_moment(sensor):
    assert _losses(sensor(), 5000) == [5000, 5000 + ONE_LOSS_US]


def test_losses_without_a_pause_count_on(sensor):
    stamps = range(5000, 305_000, 20_000)

    assert _losses(sensor(), *stamps) == [5000, stamps[-1] + ONE_LOSS_US]


def test_another_loss_soon_after_counts_for_longer(sensor):
    again = 5000 + SOON_US - DT_US

    spans = _losses(sensor(), 5000, again)

    assert spans == [5000, 5000 + ONE_LOSS_US, again, again + MORE_LOSSES_US]


def test_another_loss_much_later_is_a_first_one_again(sensor):
    again = 5000 + SOON_US

    spans = _losses(sensor(), 5000, again)

    assert spans == [5000, 5000 + ONE_LOSS_US, again, again + ONE_LOSS_US]


# Emergency


@pytest.mark.parametrize("numbers", [[0, 1], [-0.5, 0], [np.nan, 0], [0, np.inf]])
def test_any_number_but_zero_is_an_emergency_as_long_as_it_stands(sensor, numbers):
    seen = sensor(_scalars(2), stop=True)
    assert seen.tick(Scalars(0, np.float32([0, -0.0]))) == set()

    assert Cause.EMERGENCY in seen.tick(Scalars(1000, np.float32(numbers)))
    assert Cause.EMERGENCY in seen.tick()
    assert seen.tick(Scalars(3000, np.float32([0, 0]))) == set()


def test_numbers_of_an_ordinary_sensor_are_no_emergency(sensor):
    assert sensor(_scalars(2)).tick(Scalars(0, np.float32([1, 2]))) == set()


def test_pictures_cannot_be_an_emergency_stop(sensor):
    with pytest.raises(ConfigError, match='"seen" gives pictures'):
        sensor(SourceSpec("seen", Frame, (2, 2), 0.0), stop=True)
