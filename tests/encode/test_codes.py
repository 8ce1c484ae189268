"""The codes' own functions: the errors their files state hold, and they say what the tick says."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from neuroloop.core.values import Depth, Frame, Ranges, Scalars, SourceSpec
from neuroloop.encode import burst, delta, latency, phase, rank_order, rate, tuning

FAST = settings(max_examples=25, deadline=None)
BITS = np.float32(2**-23)
ANY = st.floats(width=32, allow_nan=True, allow_infinity=True)
TABLES = arrays(np.float32, st.tuples(st.integers(1, 6), st.integers(1, 5)), elements=ANY)
BOUNDS = st.tuples(
    st.integers(-(10**6), 10**6), st.integers(1, 10**6), st.integers(0, 12), st.booleans()
).map(lambda b: (b[0] / 2 ** b[2], (b[0] + b[1]) / 2 ** b[2], b[3]))
"""low, high, which of them; all are exact float32 numbers"""


def held(table, low, high):
    """What a code is to say of a table: clipped, a NaN as the number before it."""
    result = np.clip(table, np.float32(low), np.float32(high)).astype(np.float64)
    for r in range(1, len(result)):
        result[r] = np.where(np.isnan(result[r]), result[r - 1], result[r])
    return result


def agree(decoded, wanted, error):
    assert (np.isnan(decoded) == np.isnan(wanted)).all()
    assert np.nanmax(np.abs(decoded - wanted) - error, initial=-1) <= 0


LEVELS = [
    (latency, lambda s: {"window_ticks": s + 1}, st.integers(1, 500)),
    (phase, lambda s: {"cycle_ticks": s}, st.integers(2, 24)),
    (burst, lambda s: {"most": s + 1}, st.integers(1, 60)),
]


def steps_of(code, size):
    return 2**size - 2 if code is phase else size


@pytest.mark.parametrize(("code", "setting", "sizes"), LEVELS)
@FAST
@given(data=st.data())
def test_levels_are_right_by_half_of_one_whatever_comes(code, setting, sizes, data):
    table, (low, high, _) = data.draw(TABLES), data.draw(BOUNDS)
    size = data.draw(sizes)
    config = code.Config("in", low=[low], high=[high], **setting(size))
    spikes = code.encode(table, config)
    rounding = 2 * BITS * max(abs(low), abs(high))
    error = (high - low) / (2 * steps_of(code, size)) * (1 + 1e-9) + rounding
    agree(code.decode(spikes, config, *table.shape), held(table, low, high), error)
    # by time, then unit
    order = np.lexsort((spikes.unit, spikes.t_us))
    assert (order == np.arange(len(order))).all()


@pytest.mark.parametrize(("code", "setting", "sizes"), LEVELS)
@FAST
@given(data=st.data())
def test_logarithmic_levels_are_right_by_a_factor_whatever_comes(code, setting, sizes, data):
    table, size = data.draw(TABLES), data.draw(sizes)
    low = data.draw(st.integers(1, 1000)) / 256
    high = low * 2 ** data.draw(st.integers(1, 20))
    config = code.Config("in", low=[low], high=[high], response="logarithmic", **setting(size))
    decoded = code.decode(code.encode(table, config), config, *table.shape)
    error = math.log(high / low) / (2 * steps_of(code, size)) * (1 + 1e-9) + 4 * BITS
    agree(np.log(decoded), np.log(held(table, low, high)), error)


@FAST
@given(data=st.data())
def test_delta_is_right_by_a_step_whatever_comes(data):
    table, (low, high, up) = data.draw(TABLES), data.draw(BOUNDS)
    step = (high - low) / data.draw(st.integers(1, 50))
    config = delta.Config("in", [step], [low], [high], start=(high if up else low,), most=8)
    ticks = 8  # 50 steps and a rounding, 8 a tick
    decoded = delta.decode(delta.encode(table, config, ticks), config, *table.shape, ticks)
    wanted = held(table, low, high)
    wanted = np.where(np.isnan(wanted), np.float32(config.start[0]), wanted)
    # without any number yet, it stays where it started
    agree(decoded, wanted, float(np.float32(step)) + 60 * BITS * max(abs(low), abs(high)))


@FAST
@given(table=TABLES, first=st.sampled_from(["largest", "smallest"]))
def test_rank_order_is_the_sorted_order_whatever_comes(table, first):
    config = rank_order.Config("in", first=first)
    rank = rank_order.decode(rank_order.encode(table, config), config, *table.shape)
    sign = -1 if first == "largest" else 1
    for numbers, ranks in zip(held(table, -np.inf, np.inf), rank, strict=True):
        known = ~np.isnan(numbers)
        assert (np.isnan(ranks) == ~known).all()
        order = np.argsort(sign * numbers[known], kind="stable")
        assert ranks[known][order].tolist() == list(range(known.sum()))


def test_rank_order_has_the_error_of_order_statistics():
    k = 9
    rng = np.random.default_rng(1)
    table = rng.uniform(2.0, 6.0, (4000, k)).astype(np.float32)
    config = rank_order.Config("in")
    rank = rank_order.decode(rank_order.encode(table, config), config, *table.shape)
    error = rank_order.values_of(rank, config, 2.0, 6.0) - table
    assert np.sqrt(np.mean(error**2)) == pytest.approx(4.0 / math.sqrt(6 * (k + 1)), rel=0.02)


def test_rank_order_of_several_a_tick_shares_the_mean_rank():
    config = rank_order.Config("in", per_tick=2)
    rank = rank_order.decode(rank_order.encode([[5.0, 1.0, 3.0]], config), config, 1, 3)
    assert rank.tolist() == [[0.5, 2.0, 0.5]]


@FAST
@given(table=TABLES, ticks=st.integers(1, 60), full=st.floats(1.0, 1000.0))
def test_regular_rates_are_right_by_a_spike_whatever_comes(table, ticks, full):
    k = table.shape[1]
    config = rate.Config("in", scale=[3.0] * k, max_rate_hz=full)
    decoded = rate.decode(rate.encode(table, config, ticks), config, len(table), ticks)
    wanted = np.nan_to_num(held(table, -3.0, 3.0))
    # ON and OFF keep what was left over of the rows before: a spike each at most
    spikes = 2 if len(table) > 1 else 1
    agree(decoded, wanted, 3.0 * spikes / (full * ticks * 1e-3) * (1 + 1e-4) + 1e-4)


@pytest.mark.parametrize("x", [0.05, 0.4, 1.0])
def test_poisson_spikes_have_the_moments_of_poisson_numbers(x):
    rows, ticks = 3000, 20
    config = rate.Config("in", scale=[1.0], max_rate_hz=400.0, code="poisson")
    spikes = rate.encode(np.full(rows, x).reshape(-1, 1), config, ticks)
    count = np.bincount(spikes.t_us // (1000 * ticks), minlength=rows)
    mean = 0.4 * ticks * x
    # the standard error of a mean of Poisson numbers, and of their variance
    assert count.mean() == pytest.approx(mean, abs=4 * math.sqrt(mean / rows))
    spread = math.sqrt((mean + 2 * mean**2) / rows)
    assert count.var() == pytest.approx(mean, abs=5 * spread)
    # a tick may hold more than one, as Poisson numbers do
    each = np.bincount(spikes.t_us // 1000, minlength=rows * ticks)
    many = 1 - math.exp(-0.4 * x) * (1 + 0.4 * x)
    assert (each > 1).mean() == pytest.approx(many, abs=5 * math.sqrt(many / (rows * ticks)))


def test_intervals_of_poisson_spikes_are_exponential():
    config = rate.Config("in", scale=[1.0], max_rate_hz=20.0, code="poisson")
    spikes = rate.encode(np.full((1, 1), 1.0), config, 300_000)
    gaps_s = np.diff(spikes.t_us) * 1e-6
    assert len(gaps_s) > 5000
    assert gaps_s.mean() == pytest.approx(0.05, rel=0.06)
    assert gaps_s.std() == pytest.approx(gaps_s.mean(), rel=0.06)


def test_coins_have_less_spread_than_poisson_numbers():
    config = rate.Config("in", scale=[1.0], max_rate_hz=500.0, code="bernoulli")
    spikes = rate.encode(np.ones((3000, 1)), config, 20)
    count = np.bincount(spikes.t_us // 20_000, minlength=3000)
    assert count.var() == pytest.approx(20 * 0.5 * 0.5, rel=0.15)


@pytest.mark.parametrize("ratio", [0.4, 0.62, 1.0])
def test_a_population_is_off_by_no_more_than_its_lattice(ratio):
    spacing = 1.0
    config = tuning.Config(
        "in", "x", units=40, width=ratio * spacing, low=0.0, high=40.0, max_rate_hz=1000.0
    )
    values = np.linspace(15.0, 17.0, 9)
    decoded = tuning.decode(tuning.encode(values, config, 4000), config, 9, 4000)
    q = math.exp(-2 * math.pi**2 * ratio**2)
    lattice = 4 * math.pi * ratio**2 * spacing * q / (1 - 2 * q)
    # a spike more or less of each unit that fires, within 5 widths
    counted = 2 * sum(np.arange(math.ceil(5 * ratio))) / (4000 * ratio * math.sqrt(2 * math.pi))
    assert np.abs(decoded - values).max() <= lattice + counted + 1e-3


def test_a_population_of_poisson_spikes_has_the_stated_spread():
    width, rows = 2.0, 1500
    config = tuning.Config(
        "in", "x", units=40, width=width, low=0.0, high=40.0, max_rate_hz=200.0, code="poisson"
    )
    spikes = tuning.encode(np.full(rows, 20.3), config, 40)
    decoded = tuning.decode(spikes, config, rows, 40)
    stated = width / math.sqrt(len(spikes.unit) / rows)
    assert decoded.std() == pytest.approx(stated, rel=0.1)
    assert decoded.mean() == pytest.approx(20.3, abs=5 * stated / math.sqrt(rows))


@FAST
@given(angle=st.floats(-math.pi, math.pi))
def test_angles_have_no_ends(angle):
    config = tuning.Config("in", "x", units=36, width=0.5, circular=True, max_rate_hz=1000.0)
    (decoded,) = tuning.decode(tuning.encode([angle], config, 1000), config, 1, 1000)
    assert abs(math.remainder(decoded - angle, 2 * math.pi)) < 0.02


TICKWISE = [
    (latency, {"low": [-1.0], "high": [2.0], "window_ticks": 7}, lambda _: 7),
    (phase, {"low": [-1.0], "high": [2.0], "cycle_ticks": 6}, lambda _: 6),
    (burst, {"low": [-1.0], "high": [2.0], "most": 5, "gap_ticks": 3}, burst.ticks),
    (rank_order, {"per_tick": 2}, lambda c: rank_order.ticks(c, 3)),
]


@pytest.mark.parametrize(("code", "given_", "length"), TICKWISE)
def test_the_functions_say_what_the_tick_says(alone, code, given_, length):
    config = code.Config("imu", **given_)
    rows = np.random.default_rng(5).normal(0.5, 1.5, (12, 3)).astype(np.float32)
    rows[3, 1], rows[0, 2], rows[5], rows[6, 0] = np.nan, np.nan, np.inf, -np.inf
    encode = alone(code, config, SourceSpec("imu", Scalars, (3,), 100.0))
    ticks = length(config)
    came = []
    for k in range(len(rows) * ticks):
        units = encode(Scalars(0, rows[k // ticks]) if k % ticks == 0 else None)
        came += [(1000 * k, int(u)) for u in sorted(units)]
    spikes = code.encode(rows, config)
    assert came == list(zip(spikes.t_us.tolist(), spikes.unit.tolist(), strict=True))


def test_the_function_of_delta_says_what_the_tick_says(alone):
    config = delta.Config("imu", [0.25], [-2.0], [2.0], most=3)
    rows = np.random.default_rng(5).normal(0.0, 1.5, (40, 3)).astype(np.float32)
    rows[3, 1], rows[6] = np.nan, np.inf
    encode = alone(delta, config, SourceSpec("imu", Scalars, (3,), 100.0))
    came = [
        (1000 * k, int(u))
        for k in range(80)
        for u in sorted(encode(Scalars(0, rows[k // 2]) if k % 2 == 0 else None))
    ]
    spikes = delta.encode(rows, config, 2)
    assert came == list(zip(spikes.t_us.tolist(), spikes.unit.tolist(), strict=True))


@pytest.mark.parametrize("coded", ["regular", "bernoulli", "poisson"])
def test_the_function_of_rates_says_what_the_tick_says(alone, coded):
    config = rate.Config("imu", [2.0, 1.0], max_rate_hz=700.0, code=coded)
    encode = alone(rate, config, SourceSpec("imu", Scalars, (2,), 100.0))
    site = Site("coder", 0, 1000)
    rows = np.random.default_rng(5).normal(0.0, 1.5, (30, 2)).astype(np.float32)
    came = [np.sort(encode(Scalars(0, row))) for row in rows]
    intensity = np.clip(np.hstack([rows, -rows]) / np.float32([2, 1, 2, 1]), 0, 1)
    timing = rate.generate.timing(coded, 700.0, site)
    spikes = rate.generate.fire(intensity.astype(np.float32), timing, coded, 1, site)
    assert np.concatenate(came).tolist() == spikes.unit.tolist()


def test_a_reading_that_comes_too_early_waits_and_the_newest_wins(alone):
    config = latency.Config("imu", low=[0.0], high=[1.0], window_ticks=4)
    encode = alone(latency, config, SourceSpec("imu", Scalars, (1,), 100.0))
    heard = []
    for k in range(12):
        values = {0: 1.0, 1: 0.5, 2: 0.0}.get(k)
        heard.append(encode(None if values is None else Scalars(0, np.float32([values]))).tolist())
    # unit 1 marks the onset; the reading of tick 1 was replaced by that of tick 2
    assert heard == [[0, 1], [], [], [], [1], [], [], [0], [], [], [], []]


@pytest.mark.parametrize(
    ("spec", "reading"),
    [
        (
            SourceSpec("far", Ranges, (3,), 10.0),
            Ranges(0, np.float32([1, np.inf, np.nan]), np.float32([1, 0, -1])),
        ),
        (SourceSpec("far", Depth, (1, 3), 10.0), Depth(0, np.float32([[1, np.inf, np.nan]]))),
    ],
)
def test_distances_are_coded_too(alone, spec, reading):
    config = latency.Config("far", low=[0.0], high=[4.0], window_ticks=5)
    encode = alone(latency, config, spec)
    # nothing within range is the farthest, no measurement has no spike
    assert [encode(reading if k == 0 else None).tolist() for k in range(5)] == [
        [1, 3],
        [],
        [],
        [0],
        [],
    ]


NUMBERS = SourceSpec("imu", Scalars, (2,), 100.0, labels=("a", "b"))


@pytest.mark.parametrize(
    ("code", "given_", "spec", "words"),
    [
        (latency, {"low": [0.0], "high": [0.0]}, NUMBERS, r"high \(0\) must be above low \(0\)"),
        (phase, {"low": [0.0] * 3, "high": [1.0]}, NUMBERS, "low has 3 numbers; 1 or 2 are wanted"),
        (burst, {"low": [0.0], "high": [np.inf]}, NUMBERS, "both finite"),
        (burst, {"low": [0.0], "high": [1e39]}, NUMBERS, "both finite"),
        (
            latency,
            {"low": [0.0], "high": [1.0], "response": "logarithmic"},
            NUMBERS,
            r"low \(0\) must be above 0",
        ),
        (phase, {"low": [0.0], "high": [1.0], "channels": ["c"]}, NUMBERS, 'no channel "c"'),
        (rank_order, {}, SourceSpec("eye", Frame, (2, 2), 30.0), "numbers or distances"),
        (delta, {"step": [0.1] * 3, "low": [0], "high": [1]}, NUMBERS, "step has 3 numbers"),
        (delta, {"step": [1e-30], "low": [0], "high": [1]}, NUMBERS, "no smaller than"),
        (
            delta,
            {"step": [0.1], "low": [0], "high": [1], "start": (np.nan,)},
            NUMBERS,
            "start must be a number",
        ),
    ],
)
def test_what_cannot_be_is_refused(code, given_, spec, words):
    with pytest.raises(ConfigError, match=words):
        code.build(code.Config(spec.name, **given_), Site("x", 0, 1000, source=spec))


def test_the_example_of_the_guide_runs(capsys):
    guide = Path(__file__).parents[2] / "docs" / "codes.md"
    (example,) = re.findall(r"```python\n(.*?)```", guide.read_text("utf-8"), re.DOTALL)
    exec(example, {})
    decoded = capsys.readouterr().out.splitlines()[-2:]
    # half a tick of 64 is 0.8 of 100
    first, second = ([float(x) for x in re.findall(r"\d+\.\d*", line)] for line in decoded)
    assert first == pytest.approx([12.5, 80.0], abs=0.8)
    assert second == pytest.approx([13.0, 80.0], abs=0.8)
