"""neuroloop: ``python ours.py cuba|coba|brunel|stdp|microcircuit|loop|propagation|first``."""

import time

import loop_net
import numpy as np
import ours_networks as networks
import scatter
from process import Clock, bulk, emit, options, save_spikes, ticks
from workloads import LOOP, PROPAGATION

from neuroloop import Simulator, __version__

BUILD = {
    "cuba": networks.cuba,
    "coba": networks.coba,
    "brunel": networks.brunel,
    "stdp": networks.stdp,
}


def run_many():
    """Run a whole network for a while; the first part is not timed."""
    build = Clock()
    arrays = np.load(OPTIONS.instance) if OPTIONS.instance else None
    how = (OPTIONS.layout, OPTIONS.seed, arrays)
    if OPTIONS.workload == "microcircuit":
        net = networks.microcircuit_(*how, OPTIONS.scale)
    else:
        net = BUILD[OPTIONS.workload](*how)
    simulator = Simulator(net.network, dt_us=100, seed=OPTIONS.seed, watch=list(net.first))
    simulator.run(round(OPTIONS.warm * 1e4))
    build_s, _ = build.read()
    started = simulator.index
    clock = Clock()
    found = simulator.run(round(OPTIONS.seconds * 1e4))
    wall_s, cpu_s = clock.read()
    spikes = sum(len(s.unit) for s in found.values())
    if OPTIONS.spikes:
        tick = np.concatenate([found[k].t_us // 100 - started for k in net.first])
        unit = np.concatenate([found[k].unit.astype(int) + a for k, a in net.first.items()])
        save_spikes(OPTIONS.spikes, tick, unit, OPTIONS.seconds, 0.1)
    row = bulk(net.n, OPTIONS.seconds, wall_s, cpu_s, spikes, net.targets)
    _emit(simulator, build_s=build_s, **row)


def run_loop():
    """Give inputs and take spikes, tick by tick."""
    n, latency, spikes = OPTIONS.neurons, [], 0
    simulator, source = _loop(n), loop_net.inputs(n)
    for _ in range(OPTIONS.ticks + LOOP.warm_ticks):
        x = next(source)
        since = time.perf_counter()
        fired = simulator.step({"drive": x})["neurons"]
        latency.append(time.perf_counter() - since)
        spikes += len(fired)
    _emit(simulator, **ticks(n, LOOP.dt_ms, spikes, latency, LOOP.warm_ticks))


def _loop(n):
    network = networks.loop(OPTIONS.layout, n)
    return Simulator(network, dt_us=round(LOOP.dt_ms * 1000), watch=["neurons"])


def run_first():
    """Import, build, run one tick; the parent knows when it started this."""
    simulator = _loop(OPTIONS.neurons)
    simulator.step({"drive": next(loop_net.inputs(OPTIONS.neurons))})
    _emit(simulator, done_at=time.time(), neurons=OPTIONS.neurons)


def run_propagation(count=400):
    """Time ticks in which neurons of an input fire, less ticks in which none does."""
    p = PROPAGATION
    rows = scatter.rows()
    simulator = Simulator(networks.propagation(OPTIONS.layout, rows))
    fired, none = scatter.spikes(count), np.empty(0, np.int64)
    busy, quiet = [], []
    for units in fired:
        busy.append(_seconds(simulator, np.sort(units)))
        quiet.append(_seconds(simulator, none))
    seconds = float(np.median(busy) - np.median(quiet))
    events = p.spikes_a_tick * p.targets
    _emit(
        simulator, events_per_s=events / seconds, wall_s=seconds * count, limit=scatter.limits(rows)
    )


def _seconds(simulator, units):
    since = time.perf_counter()
    simulator.step({"source": units})
    return time.perf_counter() - since


def _emit(simulator, **row):
    row["variant"] = OPTIONS.layout
    row["layouts"] = dict(simulator.layouts)
    emit(tool="neuroloop", version=__version__, workload=OPTIONS.workload, **row)


ONE_BY_ONE = {"loop": run_loop, "first": run_first, "propagation": run_propagation}

if __name__ == "__main__":
    OPTIONS = options(__doc__)
    ONE_BY_ONE.get(OPTIONS.workload, run_many)()
