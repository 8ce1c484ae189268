"""A network as large as Speck holds, behind a camera of 128 x 128: ``python chips_speck.py``.

Nine layers fill the nine cores: kernels and potentials of each fit into the memory of one.  Weights
are drawn, thresholds are such that no layer falls silent.  It runs in ticks of 1 ms on a stream of
events, and says what a tick takes.  It is also a network like any other:

    neuroloop simulate tests/peers/chips_speck.py:build --rate events=6
"""

import argparse
import sys
import time

import machine
import numpy as np

from neuroloop import Input, Network, Population, Projection, Simulator
from neuroloop.network import Convolution

SIDE = 128
LAYERS = (
    # maps, side of the kernel, stride, padding, pooling before it, threshold
    (16, 3, 2, 1, 1, 250),
    (16, 3, 1, 1, 1, 500),
    (32, 3, 1, 1, 2, 600),
    (32, 3, 1, 1, 1, 600),
    (64, 3, 1, 1, 2, 600),
    (64, 3, 1, 1, 1, 600),
    (64, 3, 1, 1, 2, 500),
    (16, 4, 1, 0, 2, 500),
    (11, 1, 1, 0, 1, 100),
)
WARM = 100
"""ticks that are not measured"""


def build():
    """Return the network: input ``events``, two maps of 128 x 128; populations of core 0 to 8."""
    rng = np.random.default_rng(0)
    shape, source, cells, links = (2, SIDE, SIDE), "events", [], []
    for k, (maps, side, stride, padding, pool, threshold) in enumerate(LAYERS):
        weight = np.clip(np.rint(rng.normal(0, 40, (maps, shape[0], side, side))), -128, 127)
        form = Convolution(shape, weight, stride, padding, pool)
        limits = {"threshold": threshold, "v_min": -threshold}
        name = f"core{k}"
        cells.append(Population(name, form.n_post, "dynapcnn.iaf", limits))
        links.append(Projection(source, name, form, kind="dynapcnn.convolution"))
        shape, source = form.output_shape, name
    return Network((Input("events", 2 * SIDE * SIDE),), tuple(cells), tuple(links))


def stream(rate_hz, ticks, seed=1):
    """Yield the units of each tick: three edges that move, and noise, as a camera sees a scene."""
    rng = np.random.default_rng(seed)
    speed, start = np.array([0.064, 0.031, -0.05]), np.array([10.0, 60.0, 90.0])
    for t in range(ticks):
        n = rng.poisson(rate_hz * 1e-3)
        edge, along = rng.integers(0, 3, n), rng.integers(0, SIDE, n)
        across = np.rint((speed * t + start)[edge] + rng.normal(0, 1, n)).astype(int) % SIDE
        # the second one lies, the others stand
        x, y = np.where(edge == 1, (along, across), (across, along))
        noise = rng.random(n) < 0.1
        x, y = np.where(noise, rng.integers(0, SIDE, (2, n)), (x, y))
        yield np.sort((rng.integers(0, 2, n) * SIDE + y) * SIDE + x)


def measured(network, rate_hz, ticks):
    """Return the simulator after the run, and wall and processor time of each tick in ms."""
    simulator, took = Simulator(network), []
    for units in stream(rate_hz, WARM + ticks):
        wall, used = time.perf_counter_ns(), time.thread_time_ns()
        simulator.step({"events": units})
        took.append((time.perf_counter_ns() - wall, time.thread_time_ns() - used))
    return simulator, np.array(took[WARM:]).T / 1e6


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ticks", type=int, default=3000)
    parser.add_argument("--rates", default="100000,200000,300000", help="events a second")
    given = parser.parse_args()
    network, load = build(), machine.load()
    neurons = sum(p.n for p in network.populations)
    synapses = sum(len(j.connections) for j in network.projections)
    say = sys.stdout.write
    say(f"{neurons:,} neurons, {synapses:,} synapses, ticks of 1 ms\n")
    say(f"{'events/s':>10}{'synops/s':>16}{'median ms':>12}{'99 %':>8}{'longest':>9}")
    say(f"{'over 1 ms':>11}{'processor ms':>14}\n")
    for rate_hz in (float(r) for r in given.rates.split(",")):
        simulator, (wall, used) = measured(network, rate_hz, given.ticks)
        counted = (
            simulator.arena[f"{j.name}.{k}.counted"][0] for k, j in enumerate(network.projections)
        )
        synops = sum(map(int, counted)) / (WARM + given.ticks) * 1e3
        say(f"{rate_hz:10,.0f}{synops:16,.0f}{np.median(wall):12.3f}{np.quantile(wall, 0.99):8.3f}")
        say(f"{wall.max():9.3f}{np.mean(wall > 1):11.2%}{np.median(used):14.3f}\n")
    say(f"{machine.processor()}; {machine.software()}; load {load:.1f}\n")


if __name__ == "__main__":
    main()
