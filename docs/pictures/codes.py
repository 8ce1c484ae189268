"""Draw `codes.png` and print the table of measured errors of `docs/codes.md`.

    python docs/pictures/codes.py SERIES.csv

The series has a first line and numbers in its second column; the pages' own is the machine
temperature of the Numenta Anomaly Benchmark (`machine_temperature_system_failure.csv`), one row an
hour.
"""

import csv
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np

from neuroloop.core.values import Float32s, Spikes
from neuroloop.encode import burst, delta, latency, phase, rank_order, rate, tuning

mpl.use("Agg")
import matplotlib.pyplot as plt

EVERY, FIRST, SHOWN, ROWS = 12, 3900, 8, 96
LOW, HIGH = 0.0, 110.0
WINDOW = 16
"""ticks of 1 ms that each code has for a value"""
RANKED = 8
"""values whose order is said at a time"""
BOUNDS = {"low": [LOW], "high": [HIGH]}


@dataclass
class Coded:
    """What a code made of the series."""

    name: str
    spikes: Spikes
    decoded: Float32s
    error: str
    """what its file states, for these settings"""
    ticks: int = WINDOW
    """that a value takes"""


def main(path: Path) -> None:
    """Draw the picture of a series and print its table."""
    values = series(path)
    codes = [make(values) for make in CODES]
    write = sys.stdout.write
    write("| code | spikes a value | root mean square error | largest error | stated error |\n")
    write("|---|---|---|---|---|\n")
    for code in codes:
        gap = np.abs(code.decoded - values)
        a_value = len(code.spikes.unit) / len(values)
        write(
            f"| {code.name} | {a_value:.1f} | {np.sqrt(np.mean(gap**2)):.2f} | {gap.max():.2f} "
            f"| {code.error} |\n"
        )
    draw(values, codes, Path(__file__).with_suffix(".png"))


def series(path: Path) -> Float32s:
    """Return the values that are coded, ``float32[ROWS]``."""
    with path.open(newline="") as file:
        rows = [float(row[1]) for row in list(csv.reader(file))[1:]]
    return np.array(rows[FIRST : FIRST + EVERY * ROWS : EVERY], np.float32)


def of_rate(values: Float32s, code: str) -> Coded:
    """Code by rate: more spikes for more."""
    config = rate.Config("in", scale=[HIGH], max_rate_hz=1000.0, code=code)
    spikes = rate.encode(values[:, None], config, WINDOW)
    decoded = rate.decode(spikes, config, ROWS, WINDOW)[:, 0]
    one = HIGH / WINDOW
    error = (
        f"{one:.1f} at most"
        if code == "regular"
        else f"{np.sqrt(one * values.mean()):.1f} standard deviation"
    )
    return Coded(f"rate, {code}", spikes, decoded, error)


def of_latency(values: Float32s) -> Coded:
    """Code by time to the first spike."""
    config = latency.Config("in", **BOUNDS, window_ticks=WINDOW)
    spikes = latency.encode(values[:, None], config)
    error = f"{(HIGH - LOW) / (2 * (WINDOW - 1)):.1f} at most"
    return Coded("latency", spikes, latency.decode(spikes, config, ROWS, 1)[:, 0], error)


def of_phase(values: Float32s) -> Coded:
    """Code by weighted spikes."""
    config = phase.Config("in", **BOUNDS, cycle_ticks=WINDOW // 2)
    spikes = phase.encode(values[:, None], config)
    error = f"{(HIGH - LOW) / (2 * (2 ** (WINDOW // 2) - 2)):.2f} at most"
    decoded = phase.decode(spikes, config, ROWS, 1)[:, 0]
    return Coded("phase", spikes, decoded, error, WINDOW // 2)


def of_population(values: Float32s) -> Coded:
    """Code by a population of bell curves."""
    config = tuning.Config(
        "in", "x", units=20, width=6.0, low=LOW - 24, high=HIGH + 24, max_rate_hz=1000.0
    )
    spikes = tuning.encode(values, config, WINDOW)
    decoded = tuning.decode(spikes, config, ROWS, WINDOW)
    spread = 6.0 / np.sqrt(len(spikes.unit) / ROWS)
    return Coded(
        "population", spikes, decoded, f"{spread:.2f} standard deviation of Poisson spikes"
    )


def of_ranks(values: Float32s) -> Coded:
    """Code by the order of eight values after one another."""
    config = rank_order.Config("in")
    table = values.reshape(-1, RANKED)
    spikes = rank_order.encode(table, config)
    rank = rank_order.decode(spikes, config, *table.shape)
    decoded = rank_order.values_of(rank, config, LOW, HIGH).reshape(-1)
    spread = (HIGH - LOW) / np.sqrt(6 * (RANKED + 1))
    return Coded("rank order of 8", spikes, decoded, f"{spread:.1f} rms if evenly spread", 1)


def of_delta(values: Float32s) -> Coded:
    """Code by steps up and down."""
    config = delta.Config("in", [2.0], [LOW], [HIGH], start=(float(values[0]),), most=4)
    spikes = delta.encode(values[:, None], config, WINDOW)
    decoded = delta.decode(spikes, config, ROWS, 1, WINDOW)[:, 0]
    return Coded("delta", spikes, decoded, "2.0 at most")


def of_bursts(values: Float32s) -> Coded:
    """Code by the length of a burst."""
    config = burst.Config("in", **BOUNDS, most=WINDOW - 2, gap_ticks=1)
    spikes = burst.encode(values[:, None], config)
    error = f"{(HIGH - LOW) / (2 * (WINDOW - 3)):.1f} at most"
    return Coded("burst", spikes, burst.decode(spikes, config, ROWS, 1)[:, 0], error)


CODES: list[Callable[[Float32s], Coded]] = [
    lambda values: of_rate(values, "regular"),
    lambda values: of_rate(values, "poisson"),
    of_latency,
    of_phase,
    of_population,
    of_ranks,
    of_delta,
    of_bursts,
]


def draw(values: Float32s, codes: list[Coded], path: Path) -> None:
    """Draw the spikes of the first values, and beside them what is decoded of all."""
    figure, axes = plt.subplots(
        len(codes), 2, figsize=(10, 1.25 * len(codes)), width_ratios=(3, 2), layout="constrained"
    )
    hours = np.arange(ROWS)
    for (spiking, curve), code in zip(axes, codes, strict=True):
        t_ms = code.spikes.t_us / 1000
        shown = t_ms < SHOWN * code.ticks
        spiking.scatter(t_ms[shown], code.spikes.unit[shown], marker="|", s=36, color="black")
        spiking.set_xlim(-0.5, SHOWN * code.ticks)
        units = int(code.spikes.unit.max()) + 1
        spiking.set_ylim(-0.6, units - 0.4)
        spiking.set_yticks([0, units - 1] if units > 1 else [0])
        spiking.set_ylabel("unit", fontsize=8)
        spiking.set_title(code.name, loc="left", fontsize=9)
        for k in range(1, SHOWN):
            spiking.axvline(k * code.ticks - 0.5, color="0.85", linewidth=0.8)
        curve.plot(hours, values, color="0.7", linewidth=2.5, label="value")
        curve.plot(hours, code.decoded, color="tab:red", linewidth=0.9, label="decoded")
        curve.set_ylim(LOW, HIGH)
        for axis in (spiking, curve):
            axis.tick_params(labelsize=7)
    axes[0, 1].legend(fontsize=7, loc="lower left", ncols=2)
    axes[-1, 0].set_xlabel("ms, eight values from line to line", fontsize=8)
    axes[-1, 1].set_xlabel("hours", fontsize=8)
    figure.savefig(path, dpi=110, metadata={"Software": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
