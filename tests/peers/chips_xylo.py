"""Xylo's whole numbers beside its public simulator: ``python tests/peers/chips_xylo.py``.

First every number of drawn networks: currents, potentials and spikes of hidden and output neurons,
with two synapses, recurrence, aliases, biases, several spikes a tick, and weights that overflow.
Then the time of a tick of 16 inputs, 256 hidden neurons and 8 outputs, both in turn in one go.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import machine
import measure
import numpy as np

from neuroloop import Input, Network, Population, Projection, Simulator
from neuroloop.network import dense

SPLIT = 3
"""the hidden neurons are two populations here: this part of them, and the rest"""


def draw(seed, ticks=120):
    """Draw a network and its input; odd seeds have large weights."""
    rng = np.random.default_rng(seed)
    n, h, o = (int(k) for k in (rng.integers(1, 17), rng.integers(3, 120), rng.integers(1, 9)))
    large = seed % 2
    top, most = (128, 8) if large else (20, 3)

    def weights(pre, post, synapses):
        shape = (pre, post, synapses)
        drawn = rng.integers(-top, top, shape)
        drawn[rng.random(shape) < rng.uniform(0, 0.9)] = 0
        return drawn

    alias = rng.integers(0, h, h) if seed % 3 == 0 else np.full(h, -1)
    alias[(alias == np.arange(h)) | (rng.random(h) < 0.6)] = -1
    # an alias is one of the same population here
    alias[(np.arange(h) < h // SPLIT) != (alias < h // SPLIT)] = -1
    bias = 0 if seed % 4 == 1 else 300
    return {
        "weights_in": weights(n, h, 2),
        "weights_rec": weights(h, h, 2),
        "weights_out": weights(h, o, 1),
        "shifts": rng.integers(0, most, 3),
        "alias": alias,
        "threshold": rng.integers(1 if seed % 5 == 0 else 10, 4000, h),
        "threshold_out": rng.integers(1, 4000, o),
        "bias": rng.integers(-bias, bias + 1, h),
        "bias_out": rng.integers(-bias, bias + 1, o),
        "dash_mem": rng.integers(0, 16, h),
        "dash_mem_out": rng.integers(0, 16, o),
        "dash_syn": rng.integers(0, 16, (h, 2)),
        "dash_syn_out": rng.integers(0, 16, (o, 1)),
        "counts": rng.integers(0, 20, (ticks, n)) * (rng.random((ticks, n)) < rng.uniform(0.1, 1)),
    }


def speed_case(ticks=20_000):
    """Return the network that is timed: dense, some six hidden spikes a tick."""
    rng = np.random.default_rng(1)
    n, h, o = 16, 256, 8
    return {
        "weights_in": rng.integers(-60, 127, (n, h, 1)),
        "weights_rec": rng.integers(-60, 40, (h, h, 1)),
        "weights_out": rng.integers(-20, 40, (h, o, 1)),
        "shifts": np.zeros(3, int),
        "alias": np.full(h, -1),
        "threshold": np.full(h, 1000),
        "threshold_out": np.full(o, 1000),
        "bias": np.zeros(h, int),
        "bias_out": np.zeros(o, int),
        "dash_mem": np.full(h, 4),
        "dash_mem_out": np.full(o, 4),
        "dash_syn": np.full((h, 2), 2),
        "dash_syn_out": np.full((o, 1), 2),
        "counts": (rng.random((ticks, n)) < 0.1).astype(int),
    }


def network(case, source):
    """Return a case as a network here; ``source`` is what fires, an input or a population."""
    h = len(case["alias"])
    parts = {"first": slice(0, h // SPLIT), "second": slice(h // SPLIT, h)}
    populations = [_hidden(case, name, part) for name, part in parts.items()]
    outputs = {name: case[f"{name}_out"] for name in ("dash_mem", "threshold", "bias")} | {
        "dash_syn": case["dash_syn_out"][:, 0]
    }
    populations.append(Population("out", len(case["bias_out"]), "xylo.output", arrays=outputs))
    is_input = isinstance(source, Input)
    shift_in, shift_rec, shift_out = (int(k) for k in case["shifts"])
    links = []
    for name, post in parts.items():
        into = [("in", case["weights_in"][:, post], float(not is_input), shift_in)]
        into += [(s, case["weights_rec"][pre, post], 1.0, shift_rec) for s, pre in parts.items()]
        links += [_link(s, name, w, ms, shift) for s, w, ms, shift in into]
    links += [_link(s, "out", case["weights_out"][pre], 1.0, shift_out) for s, pre in parts.items()]
    inputs, hosted = ((source,), ()) if is_input else ((), (source,))
    return Network(inputs, (*hosted, *populations), tuple(j for several in links for j in several))


def _hidden(case, name, part):
    arrays = {key: case[key][part] for key in ("dash_mem", "threshold", "bias")}
    arrays |= {"dash_syn": case["dash_syn"][part, 0], "dash_syn2": case["dash_syn"][part, 1]}
    alias = case["alias"][part]
    arrays["alias"] = np.where(alias >= 0, alias - part.start, -1)
    return Population(name, part.stop - part.start, "xylo.hidden", arrays=arrays)


def _link(source, target, weights, delay_ms, shift):
    return [
        Projection(
            *(source, target, dense(weights[:, :, k].T), delay_ms, f"syn{k + 1}"),
            kind="xylo.synapses",
            params={"shift": shift},
        )
        for k in range(weights.shape[2])
    ]


def ours(case):
    """Return the trace of a case, tick by tick."""
    counts = case["counts"]
    n = counts.shape[1]
    simulator = Simulator(
        network(case, Input("in", n)), watch=["out"], room={"in": int(counts.sum(axis=1).max()) + 1}
    )
    trace = {name: [] for name in ("i", "i2", "v", "spikes", "i_out", "v_out", "spikes_out")}
    look = simulator.arena
    for row in counts:
        fired = simulator.step({"in": np.repeat(np.arange(n), row)} if row.any() else {})
        for name, array in (("i", "i"), ("i2", "i2"), ("v", "v"), ("spikes", "payload")):
            both = [look[f"{part}.{array}"] for part in ("first", "second")]
            trace[name].append(np.concatenate(both))
        trace["i_out"].append(look["out.i"].copy())
        trace["v_out"].append(look["out.v"].copy())
        trace["spikes_out"].append(np.isin(np.arange(len(case["bias_out"])), fired["out"]))
    return {name: np.array(rows) for name, rows in trace.items()}


def compare(folder, seeds):
    """Print how many numbers differ, and what the networks met on the way; return how many."""
    differ = total = cut = several = aliases = 0
    for seed in range(seeds):
        case, path = draw(seed), Path(folder) / f"{seed}.npz"
        np.savez(path, **case)
        measure.run("xylosim", "chips_xylo_peer.py", str(path))
        theirs, found = np.load(f"{path}.peer.npz"), ours(case)
        for name, numbers in found.items():
            differ += int((theirs[name] != numbers).sum())
            total += numbers.size
        cut += int((np.abs(found["v"]) >= (1 << 15) - 1).sum())
        several += int((found["spikes"] > 1).sum())
        aliases += int((case["alias"] >= 0).sum())
    _say(
        f"{seeds} networks, {total:,} numbers: {differ} differ; {several:,} times a neuron fired "
        f"more than once in a tick, {cut:,} potentials at the ends of 16 bits, {aliases} aliases"
    )
    return differ


def speed(folder, repeats):
    """Print the time of a tick of both, in turn."""
    case, path = speed_case(), Path(folder) / "speed.npz"
    np.savez(path, **case)
    ticks, units = np.nonzero(case["counts"])
    arrays = {"times_ms": ticks.astype(float), "unit": units}
    source = Population("in", case["counts"].shape[1], "spike_list", arrays=arrays)
    own, peer, spikes = [], [], []
    for _ in range(repeats):
        simulator = Simulator(network(case, source))
        simulator.run(len(case["counts"]) // 10)
        left = len(case["counts"]) * 9 // 10
        sent = _sent(simulator)
        before = time.perf_counter()
        simulator.run(left)
        own.append((time.perf_counter() - before) / left * 1e6)
        spikes.append((_sent(simulator) - sent) / left)
        row = measure.run("xylosim", "chips_xylo_peer.py", str(path), "--time")
        peer.append(row["tick_us"])
    _say(
        f"a tick of 16-256-8, dense, {median(spikes):.1f} hidden spikes in it (XyloSim "
        f"{row['spikes']:.1f}): neuroloop {median(own):.2f} us ({min(own):.2f} to "
        f"{max(own):.2f}), XyloSim's C++ {median(peer):.1f} us ({min(peer):.1f} to "
        f"{max(peer):.1f}): {median(peer) / median(own):.0f} times"
    )


def _sent(simulator):
    return sum(int(simulator.arena[f"{name}.counted"][3]) for name in ("first", "second"))


def _say(line):
    sys.stdout.write(line + "\n")


def main():
    """Compare, then measure; return 1 where a number differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    load, before = machine.load(), machine.Usage.now()
    with tempfile.TemporaryDirectory() as folder:
        differ = compare(folder, given.networks)
        speed(folder, given.repeats)
    steal = machine.Usage.now().steal_since(before)
    _say(f"{machine.processor()}; load {load:.2f} before, {steal:.1%} stolen meanwhile")
    return int(differ > 0)


if __name__ == "__main__":
    sys.exit(main())
