"""neuroloop on the cases: ``chips_loihi1_ours.py CASES.json ANSWERS.json READING``.

READING is ``lava`` or ``nengo``.  The first case is timed, its ticks run in a few calls, as is
the same network in floating point; of the others every tick is kept.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from chips_loihi1_case import STRETCHES

from neuroloop import Input, Network, Population, Projection, Simulator, simulate
from neuroloop.network import dense, pairs

SYNAPSES = {"lava": "loihi1.synapses", "nengo": "loihi1.nengo"}
KINDS = {"refractory": "loihi1.cuba"}
BIAS = {"lava": "bias_mant", "nengo": "bias"}


def network(case, reading, source):
    """Return the case as a network whose ``source`` spikes; an input or a population."""
    populations = [
        Population(
            *(c["name"], c["n"], KINDS.get(c["model"], f"loihi1.{c['model']}"), c["params"]),
            {BIAS[reading]: c["bias"]},
        )
        for c in case["cells"]
    ]
    projections = [_projection(link, reading) for link in case["links"]]
    inputs = (source,) if isinstance(source, Input) else ()
    first = () if inputs else (source,)
    return Network(inputs, (*first, *populations), tuple(projections))


def _projection(link, reading):
    weight = np.array(link["weight"], float)
    delay = np.zeros(weight.shape) if link["delay"] is None else np.array(link["delay"], float)
    # a weight of 0 is no synapse of a sparse matrix
    pre, post = np.nonzero(np.ones(weight.shape) if link.get("form") == "Dense" else weight)
    names = ("exponent", "bits", "sign") if reading == "lava" else ("exponent",)
    return Projection(
        *(link["source"], link["target"], pairs(pre, post, weight[pre, post])),
        1.0 + (delay[pre, post] if delay.any() else 0.0),
        kind=SYNAPSES[reading],
        params={name: link[name] for name in names},
    )


def _drive(case):
    """Return the input's spikes: times in ms, units."""
    times = np.repeat(np.arange(float(case["ticks"])), [len(units) for units in case["events"]])
    return times, np.array([unit for units in case["events"] for unit in units], int)


def answer(case, reading):
    """Return u, v and spikes of each population, ``[ticks, n]``."""
    names = [c["name"] for c in case["cells"]]
    graded = [c["name"] for c in case["cells"] if c["model"] == "ternary"]
    probe = [f"{name}.{x}" for name in names for x in "uv"]
    found = simulate(
        network(case, reading, Input("in", case["inputs"])),
        ticks=case["ticks"],
        inputs={"in": _drive(case)},
        watch=names,
        probe=[*probe, *(f"{name}.payload" for name in graded)],
    )
    answers = {}
    for name in names:
        u, v = found.probes[f"{name}.u"], found.probes[f"{name}.v"]
        spikes = np.zeros(u.shape, int)
        tick, unit = found.spikes[name].t_us // found.dt_us, found.spikes[name].unit
        carried = found.probes[f"{name}.payload"] if name in graded else np.ones(u.shape, int)
        spikes[tick, unit] = carried[tick, unit]
        answers[name] = {"u": u.tolist(), "v": v.tolist(), "spikes": spikes.tolist()}
    return answers


def timed(case, net):
    """Return seconds a tick in the fastest of some stretches, and all spikes."""
    names = [c["name"] for c in case["cells"]]
    simulator = Simulator(net, watch=names)
    stretch, tick_s, spikes = case["ticks"] // STRETCHES, [], []
    for _ in range(STRETCHES):
        started = time.perf_counter()
        spikes.append(simulator.run(stretch))
        tick_s.append((time.perf_counter() - started) / stretch)
    return {
        "tick_s": min(tick_s),
        "spikes": {name: sum(len(s[name].unit) for s in spikes) for name in names},
    }


def in_floating_point(case, source):
    """Return the timed case with float neurons and synapses, in units of the chip's input."""
    populations = [
        Population(
            *(c["name"], c["n"], "current_lif"),
            {
                "current_decay": (4095 - c["params"]["du"]) / 4096,
                "voltage_decay": 1 - c["params"]["dv"] / 4096,
                "v_threshold": float(c["params"]["vth"]),
            },
        )
        for c in case["cells"]
    ]
    projections = [
        Projection(link["source"], link["target"], dense(np.array(link["weight"], float)), 1.0)
        for link in case["links"]
    ]
    return Network((), (source, *populations), tuple(projections))


def main():
    """Answer all cases."""
    given, into, reading = sys.argv[1:]
    cases = json.loads(Path(given).read_text())
    times, units = _drive(cases[0])
    arrays = {"times_ms": times, "unit": units}
    source = Population("in", cases[0]["inputs"], "spike_list", arrays=arrays)
    first = timed(cases[0], network(cases[0], reading, source))
    if reading == "lava":
        first["float"] = timed(cases[0], in_floating_point(cases[0], source))
    answers = [first] + [answer(case, reading) for case in cases[1:]]
    Path(into).write_text(json.dumps(answers))


if __name__ == "__main__":
    main()
