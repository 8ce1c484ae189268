"""Loihi 2 beside Lava: ``python tests/peers/chips_loihi2.py [--cases 60]``.

Neurons with graded spikes (graded vector, delta, sigma-delta) behind matrices and convolutions of
graded spikes: every state and every number that was sent in every tick is compared.
"""

import argparse
import sys

import numpy as np
from chips_loihi1 import FailedError, answers
from chips_loihi2_case import draw
from install import NotInstalledError, interpreter

from neuroloop import Network, Population, Projection, Simulator
from neuroloop.network import Convolution, dense


def network(case):
    """Return a case as a network; ``source`` is given the numbers that it sends."""
    if "kernel" in case:
        wired = Convolution(tuple(case["shape"]), case["kernel"], case["stride"], case["padding"])
        kind, params = "loihi2.convolution", {}
    else:
        wired = dense(np.array(case["weight"], float).T)
        kind, params = "loihi2.synapses", {"exponent": case["exponent"]}
    cells = {"params": {**case["params"]}}
    if "bias" in case:
        cells["params"]["bias"] = case["bias"]
    return Network(
        (),
        (
            Population("source", case["inputs"], "loihi2.graded_vec", {"vth": 0}),
            Population("cells", case["n"], f"loihi2.{case['model']}", **cells),
        ),
        (Projection("source", "cells", wired, 1.0, kind=kind, params={**params, "sign": "mixed"}),),
    )


def answer(case, names):
    """Return the state and what was sent in every tick, ``[ticks, n]``, as the peer does."""
    simulator = Simulator(network(case))
    kept = {name: [] for name in names}
    for carried in case["carried"]:
        simulator.arena["source.input"][0, 0, : case["inputs"]] = carried
        simulator.step()
        for name, seen in kept.items():
            seen.append(simulator.arena[f"cells.{name}"].tolist())
    return kept


def main():
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=60)
    given = parser.parse_args()
    cases = [draw(seed) for seed in range(given.cases)]
    try:
        theirs = answers(interpreter("lava"), "chips_loihi2_lava.py", cases)
    except (NotInstalledError, FailedError) as error:
        sys.stdout.write(f"lava: not compared: {error}\n")
        return 0
    compared = differing = sent = 0
    for seed, (case, wanted) in enumerate(zip(cases, theirs, strict=True)):
        found = answer(case, wanted)
        compared += sum(np.size(seen) for seen in wanted.values())
        sent += np.count_nonzero(wanted["payload"])
        wrong = [name for name, seen in wanted.items() if found[name] != seen]
        differing += bool(wrong)
        for name in wrong:
            a, b = np.array(found[name]), np.array(wanted[name])
            tick, unit = (int(k) for k in np.argwhere(a != b)[0])
            sys.stdout.write(
                f"  case {seed}: {case['model']}.{name}[{unit}] in tick {tick}:"
                f" {a[tick, unit]}, not {b[tick, unit]}\n"
            )
    sys.stdout.write(
        f"lava: {len(cases) - differing} of {len(cases)} networks equal; {compared:,} numbers"
        f" compared (each state and payload of each tick, with {sent:,} graded spikes)\n"
    )
    return int(differing > 0)


if __name__ == "__main__":
    sys.exit(main())
