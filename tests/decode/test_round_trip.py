"""What an encoder says its decoder understands, in the tick, as closely as their files say."""

import numpy as np
import pytest

from neuroloop.decode import burst as burst_decoder
from neuroloop.decode import delta as delta_decoder
from neuroloop.decode import latency as latency_decoder
from neuroloop.decode import linear, population
from neuroloop.decode import phase as phase_decoder
from neuroloop.decode import rank_order as rank_decoder
from neuroloop.encode import burst, delta, latency, phase, rank_order, rate, tuning

LOW, HIGH = (-1.0, 10.0), (3.0, 250.0)
SPAN = np.subtract(HIGH, LOW)
ROWS = np.random.default_rng(7).uniform(LOW, HIGH, (20, 2)).astype(np.float32)
SAME = {"low": LOW, "high": HIGH}
EDGES = {"low": (0.02,), "high": (40.0,), "response": "logarithmic"}
ROUNDING = 2e-6
"""of float32 numbers of this size, as a part of the span"""


@pytest.mark.parametrize("window", [2, 9, 64])
def test_latency_is_right_by_half_a_tick(through, window):
    same = {**SAME, "window_ticks": window}
    code = through(
        (latency, latency.Config("in", **same)),
        (latency_decoder, latency_decoder.Config("in", **same)),
    )
    for row in ROWS:
        error = np.abs(code(row, window) - row)
        assert (error <= SPAN / (2 * (window - 1)) + ROUNDING * SPAN).all()
    assert code.spikes == 3 * len(ROWS)


@pytest.mark.parametrize(
    ("encoder", "decoder", "more", "steps", "ticks"),
    [
        (latency, latency_decoder, {"window_ticks": 30}, 29, 30),
        (phase, phase_decoder, {"cycle_ticks": 6}, 62, 6),
        (burst, burst_decoder, {"most": 12, "gap_ticks": 1}, 11, 14),
    ],
)
def test_logarithmic_levels_are_right_by_a_factor(through, encoder, decoder, more, steps, ticks):
    code = through(
        (encoder, encoder.Config("in", **EDGES, **more)),
        (decoder, decoder.Config("in", **EDGES, **more)),
    )
    for row in np.geomspace(0.02, 40.0, 34).reshape(-1, 2):
        factor = code(row, ticks) / row
        most = (40.0 / 0.02) ** (1 / (2 * steps)) * 1.00001
        assert ((1 / most <= factor) & (factor <= most)).all()


@pytest.mark.parametrize("bits", [2, 8, 16])
def test_phase_is_right_by_half_a_level(through, bits):
    same = {**SAME, "cycle_ticks": bits}
    code = through(
        (phase, phase.Config("in", **same)),
        (phase_decoder, phase_decoder.Config("in", **same)),
    )
    for row in ROWS:
        error = np.abs(code(row, bits) - row)
        assert (error <= SPAN / (2 * (2**bits - 2)) + ROUNDING * SPAN).all()


@pytest.mark.parametrize(("most", "gap"), [(2, 1), (8, 2), (20, 3)])
def test_burst_is_right_by_half_a_spike(through, most, gap):
    same = {**SAME, "most": most, "gap_ticks": gap}
    config = burst.Config("in", **same)
    code = through((burst, config), (burst_decoder, burst_decoder.Config("in", **same)))
    for row in ROWS:
        error = np.abs(code(row, burst.ticks(config)) - row)
        assert (error <= SPAN / (2 * (most - 1)) + ROUNDING * SPAN).all()


def test_delta_is_right_by_a_step_once_it_has_caught_up(through):
    same = {"step": (0.1, 2.0), "start": (0.5, 100.0), **SAME}
    code = through(
        (delta, delta.Config("in", most=4, **same)),
        (delta_decoder, delta_decoder.Config("in", **same)),
    )
    for row in ROWS:
        ticks = int(np.ceil(SPAN / same["step"]).max()) // 4 + 2
        assert (np.abs(code(row, ticks) - row) < np.array(same["step"]) + ROUNDING * SPAN).all()
    still = code.spikes
    code(row, 20)
    assert code.spikes == still


def test_rank_order_is_exact(through):
    same = {"first": "smallest"}
    into = rank_decoder.Config("in", low=(0.0,), high=(3.0,), window_ticks=2, **same)
    code = through((rank_order, rank_order.Config("in", **same)), (rank_decoder, into))
    for row in ROWS:
        # the smaller one fires first and stands for the smaller motion
        motion = code(row, 2)
        assert motion.tolist() == ([1.0, 2.0] if row[0] < row[1] else [2.0, 1.0])
    assert code((1.0, 1.0), 2).tolist() == [1.0, 2.0]


@pytest.mark.parametrize("coded", ["regular", "poisson"])
def test_rates_are_decoded_by_the_linear_decoder(through, coded):
    ticks, scale, full_hz = 1000, 2.0, 250.0
    weight = scale / full_hz
    into = linear.Config(
        "in", weights=[[weight, 0, -weight, 0], [0, weight, 0, -weight]], window_ticks=ticks
    )
    of = rate.Config("in", scale=[scale, scale], max_rate_hz=full_hz, code=coded)
    code = through((rate, of), (linear, into))
    step = scale / (full_hz * ticks * 1e-3)
    for row in ((0.5, -1.5), (2.0, -2.0), (0.0, 0.013)):
        error = np.abs(code(row, ticks) - row)
        spread = np.sqrt(np.abs(row) * step) if coded == "poisson" else 0.0
        assert (error <= step + 4 * spread + 1e-4).all()


def test_a_population_of_two_halves_is_decoded(through):
    """One number, in the middle half of its units, is read as two channels' motion."""
    of = tuning.Config("in", "a", units=40, width=2.0, low=0.0, high=40.0)
    into = population.Config("in", low=(0.0, 20.0), high=(20.0, 40.0), window_ticks=500)
    code = through((tuning, of), (population, into), channels=1)
    motion = code([10.0], 500)
    assert motion.shape == (0,)
    motion = code([20.0], 500)
    # each half has the half of a bell that lies in it, of the mean w sqrt(2 / pi)
    half = 2.0 * np.sqrt(2 / np.pi)
    assert motion == pytest.approx([20 - half, 20 + half], abs=0.2)


@pytest.mark.parametrize(
    ("encoder", "decoder", "of", "into", "ticks"),
    [
        (latency, latency_decoder, SAME, SAME, 16),
        (phase, phase_decoder, SAME, SAME, 8),
        (burst, burst_decoder, SAME, SAME, 18),
        (rank_order, rank_decoder, {}, {**SAME, "window_ticks": 2}, 2),
    ],
)
def test_nothing_goes_out_before_every_channel_was_heard_nor_without_news(
    through, encoder, decoder, of, into, ticks
):
    code = through((encoder, encoder.Config("in", **of)), (decoder, decoder.Config("in", **into)))
    assert code((np.nan, 50.0), 3 * ticks).shape == (0,)
    both = code((0.0, 50.0), 3 * ticks)
    assert both.shape == (2,)
    # what is no number keeps the last one; what is beyond the bounds is the bound
    if encoder is not rank_order:
        assert code((np.nan, np.inf), 3 * ticks) == pytest.approx([both[0], 250.0])
        assert code((-np.inf, 1e38), 3 * ticks) == pytest.approx([-1.0, 250.0])
