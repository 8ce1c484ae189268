"""The filter of events beside a plain twin, in pieces and in whole, and each of its parts."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Counting, Site, Stateful, Transducer
from neuroloop.core.values import Scalars, SourceSpec, Spikes
from neuroloop.encode import event_filter

WIDTH, HEIGHT = 9, 7
PIXELS = WIDTH * HEIGHT


def built(bearing=None, capacity=0, **wanted):
    spec = SourceSpec("eyes", Spikes, (2 * PIXELS,), 0.0, bearing_rad=bearing, capacity=capacity)
    config = msgspec.convert({"input": "eyes", "width": WIDTH, **wanted}, event_filter.Config)
    return event_filter.build(config, Site("filter", 0, 1000, source=spec))


def spikes(events):
    """Return spikes of rows of t, x, y, p."""
    t, x, y, p = np.array(events, np.int64).reshape(-1, 4).T
    return Spikes(t, ((1 - p) * PIXELS + y * WIDTH + x).astype(np.uint32))


def rows(found):
    return list(zip(found.t_us.tolist(), found.unit.tolist(), strict=True))


def some(n=3000, seed=0, gap=60):
    rng = np.random.default_rng(seed)
    t = np.cumsum(rng.integers(0, gap, n))
    x, y = rng.integers(0, WIDTH, n), rng.integers(0, HEIGHT, n)
    x[rng.random(n) < 0.3], y[rng.random(n) < 0.2] = 3, 2
    return np.column_stack((t, x, y, rng.integers(0, 2, n)))


def twin(events, config):  # noqa: C901
    """Filter events as the settings say, in plain Python; returns rows of t and unit."""
    left, top, wide, high = config.get("region", (0, 0, WIDTH, HEIGHT))
    polarity, divide = config.get("polarity", "both"), config.get("divide", 1)
    columns, lines = -(-wide // divide), -(-high // divide)
    window = config.get("hot_window_us", 100_000)
    most = max(1, round(config.get("hot_rate_hz", 0) * window / 1e6))
    counted, last, latest, out = {}, {}, {}, []
    for t, x, y, p in events:
        if polarity == ("off" if p else "on"):
            continue
        if not (left <= x < left + wide and top <= y < top + high):
            continue
        if [x, y] in config.get("hot_pixels", []):
            continue
        if "hot_rate_hz" in config:
            own = t // window
            counted[x, y, own] = counted.get((x, y, own), 0) + 1
            if counted[x, y, own] > most or counted.get((x, y, own - 1), 0) > most:
                continue
        if t - last.get((x, y, p), -(10**15)) < config.get("refractory_us", 0):
            continue
        last[x, y, p] = t
        if "background_us" in config:
            around = [(x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if dx or dy]
            before = t - config["background_us"]
            near = sum(latest.get(each, -(10**15)) >= before for each in around)
            latest[x, y] = t
            if near < config.get("background_support", 1):
                continue
        unit = (y - top) // divide * columns + (x - left) // divide
        out.append((t, unit + (columns * lines if polarity == "both" and not p else 0)))
    return sorted(out)


CASES = [
    {},
    {"polarity": "on"},
    {"polarity": "off"},
    {"polarity": "merge"},
    {"region": [2, 1, 5, 4]},
    {"divide": 2},
    {"divide": 4, "polarity": "merge", "region": [1, 1, 7, 6]},
    {"hot_pixels": [[3, 2], [0, 0], [8, 6]]},
    {"hot_rate_hz": 2000, "hot_window_us": 5000},
    {"hot_rate_hz": 1, "hot_window_us": 1000},
    {"refractory_us": 700},
    {"background_us": 300},
    {"background_us": 900, "background_support": 3},
    {
        "polarity": "both",
        "region": [1, 0, 8, 7],
        "hot_pixels": [[5, 5]],
        "hot_rate_hz": 4000,
        "hot_window_us": 10_000,
        "refractory_us": 200,
        "background_us": 2000,
        "background_support": 2,
        "divide": 3,
    },
]


@pytest.mark.parametrize("config", CASES)
def test_it_passes_what_its_twin_passes(config):
    events = some()
    want = twin(events.tolist(), config)
    assert rows(built(**config).transduce(spikes(events))) == want
    assert len(want) == len(events) or config


@pytest.mark.parametrize("config", CASES)
def test_pieces_and_a_snapshot_give_the_same_as_the_whole(config):
    events = some(1500, seed=1)
    events = events[: np.searchsorted(events[:, 0], events[1200, 0])]
    whole = rows(built(**config).transduce(spikes(events)))
    cuts = np.sort(np.random.default_rng(2).integers(0, len(events), 40))
    first, found, counts = built(**config), [], None
    for k, piece in enumerate(np.split(events, cuts)):
        if k == 20:  # another one goes on from here
            again = built(**config)
            again.restore(first.snapshot())
            counts, first = first.counts, again
            assert again.counts == counts
        found += rows(first.transduce(spikes(piece)))
    # pieces were cut where stamps are equal too, and there units are in order in each alone
    assert sorted(found) == whole
    assert [t for t, _ in found] == [t for t, _ in whole]


@settings(max_examples=60, deadline=None)
@given(
    events=st.lists(
        st.tuples(
            st.integers(0, 50), st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1), st.booleans()
        ),
        max_size=60,
    ),
    case=st.sampled_from(CASES),
)
def test_any_events_pass_as_in_the_twin(events, case):
    events = sorted((100 * t, x, y, int(p)) for t, x, y, p in events)
    assert rows(built(**case).transduce(spikes(events))) == twin(events, case)


def test_it_keeps_the_promises_of_a_transducer():
    bearing = np.tile(np.linspace(0.4, -0.4, WIDTH), 2 * HEIGHT).astype(np.float32)
    one = built(bearing, capacity=77, divide=4)
    assert isinstance(one, Transducer)
    assert isinstance(one, Stateful)
    assert isinstance(one, Counting)
    assert (one.units, one.capacity, one.latency_us) == (2 * 3 * 2, 77, 0)
    assert one.bearing_rad.dtype == np.float32
    assert one.bearing_rad[:3] == pytest.approx([0.25, -0.15, -0.4])
    assert (one.bearing_rad.reshape(4, 3) == one.bearing_rad[:3]).all()
    assert built().bearing_rad is None
    assert built(capacity=0).capacity >= 2 * PIXELS


def test_spikes_that_weigh_more_keep_their_weight():
    given_ = Spikes(np.int64([5, 5, 9]), np.uint32([4, 2, 3]), np.int32([7, -1, 3]))
    found = built(polarity="on").transduce(given_)
    assert rows(found) == [(5, 2), (5, 4), (9, 3)]
    assert found.value.tolist() == [-1, 7, 3]


def test_what_was_dropped_is_counted():
    one = built(hot_pixels=[[1, 1]], refractory_us=10, background_us=5, polarity="on")
    one.transduce(spikes([(0, 1, 1, 1), (1, 4, 4, 1), (2, 4, 4, 1), (3, 5, 4, 1), (4, 5, 5, 0)]))
    assert one.counts == {
        "events of hot pixels": 1,
        "events too soon after another": 1,
        "lone events": 1,
    }


def test_a_hot_pixel_is_hot_until_a_whole_window_has_fewer():
    burst = [(t, 1, 1, 1) for t in range(0, 1000, 100)]
    quiet = [(1500, 1, 1, 1), (2500, 1, 1, 1)]
    found = built(hot_rate_hz=4000, hot_window_us=1000).transduce(spikes(burst + quiet))
    assert found.t_us.tolist() == [0, 100, 200, 300, 2500]


def test_edges_have_fewer_neighbours():
    corners = [(0, 0, 0, 1), (1, WIDTH - 1, 0, 1), (2, 0, 1, 1), (3, WIDTH - 1, HEIGHT - 1, 1)]
    found = built(background_us=100).transduce(spikes(corners))
    assert rows(found) == [(2, WIDTH)]  # the row's end is no neighbour of the next one's start


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"width": 8}, "units, which are not ON and OFF of whole rows of 8"),
        ({"region": [5, 0, 5, 2]}, "reaches beyond the camera's 9 x 7 pixels"),
        ({"hot_pixels": [[0, 7]]}, r"\(0, 7\) is none of the camera's"),
    ],
)
def test_settings_that_do_not_fit_the_camera_are_refused(wanted, message):
    with pytest.raises(ConfigError, match=message):
        built(**wanted)


def test_other_sensors_are_refused():
    spec = SourceSpec("goal", Scalars, (18,), 0.0)
    with pytest.raises(ConfigError, match="needs an event camera"):
        event_filter.build(event_filter.Config("goal", WIDTH), Site("filter", 0, 1000, source=spec))
    with pytest.raises(TypeError, match="takes Spikes, not Scalars"):
        built().transduce(Scalars(0, np.zeros(3, np.float32)))


def test_a_snapshot_of_another_filter_is_refused():
    with pytest.raises(ConfigError, match="belongs to an event filter with other settings"):
        built(refractory_us=5).restore(built().snapshot())


@pytest.mark.parametrize(
    "setting",
    [{"divide": 0}, {"background_support": 9}, {"polarity": "up"}, {"region": [0, 0, 0, 1]}],
)
def test_settings_out_of_bounds_are_refused(setting):
    with pytest.raises(msgspec.ValidationError):
        built(**setting)
