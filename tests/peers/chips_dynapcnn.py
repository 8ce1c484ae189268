"""DYNAP-CNN beside sinabs: ``python tests/peers/chips_dynapcnn.py [--cases 60]``.

Random networks in floating point are made whole and run by both; every weight, bias, threshold and
lowest potential, and every potential and count of spikes of every tick is compared.
"""

import argparse
import sys

import numpy as np
from chips_dynapcnn_case import draw
from chips_loihi1 import FailedError, answers
from install import NotInstalledError, interpreter

from neuroloop import Input, Network, Population, Projection, Simulator
from neuroloop.chips.dynapcnn import quantise
from neuroloop.network import Convolution


def floating(case):
    """Return a case as a network in floating point."""
    shape, source, cells, links = case["shape"], "in", [], []
    for k, layer in enumerate(case["layers"]):
        form = Convolution(shape, layer["kernel"], layer["stride"], layer["padding"], layer["pool"])
        shape, name = form.output_shape, f"layer{k}"
        bias = np.repeat(np.array(layer["bias"], np.float32), form.n_post // layer["maps"])
        params = {"v_threshold": layer["threshold"], "reset": "subtract"}
        cells.append(Population(name, form.n_post, "integrate_and_fire", params, {"bias": bias}))
        links.append(Projection(source, name, form))
        source = name
    return Network((Input("in", int(np.prod(case["shape"]))),), tuple(cells), tuple(links))


def answer(case):
    """Return each layer's numbers, and v and spikes of every tick, as the peer does."""
    network = quantise(floating(case), 1000, case["v_min"]).network
    simulator = Simulator(network, room={"in": max(len(e) for e in case["events"]) + 1})
    found = [_numbers(simulator, k, layer) for k, layer in enumerate(case["layers"])]
    for kept, link in zip(found, network.projections, strict=True):
        kept["kernel"] = np.asarray(link.connections.kernel).astype(int).tolist()
    for units in case["events"]:
        simulator.step({"in": np.array(units, int)})
        for k, kept in enumerate(found):
            kept["v"].append(simulator.arena[f"layer{k}.v"].tolist())
            kept["spikes"].append(simulator.arena[f"layer{k}.payload"].tolist())
    return found


def _numbers(simulator, k, layer):
    bias = simulator.arena[f"layer{k}.bias"].reshape(layer["maps"], -1)[:, 0]
    limits = simulator.arena[f"layer{k}.limits"]
    return {"bias": bias.tolist(), "numbers": limits.tolist(), "v": [], "spikes": []}


def difference(found, wanted):
    """Return how many numbers were compared, and where the first one that differs is, or ''."""
    compared, where = 0, ""
    for k, (ours, theirs) in enumerate(zip(found, wanted, strict=True)):
        for what, numbers in theirs.items():
            a, b = np.array(ours[what]), np.array(numbers)
            compared += b.size
            if not np.array_equal(a, b) and not where:
                at = tuple(int(i) for i in np.argwhere(a != b)[0])
                where = f"layer {k}: {what}{list(at)} is {a[at]}, not {b[at]}"
    return compared, where


def main():
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=60)
    given = parser.parse_args()
    cases = [draw(seed) for seed in range(given.cases)]
    try:
        theirs = answers(interpreter("sinabs"), "chips_dynapcnn_sinabs.py", cases)
    except (NotInstalledError, FailedError) as error:
        sys.stdout.write(f"sinabs: not compared: {error}\n")
        return 0
    compared = differing = spikes = 0
    for seed, (case, wanted) in enumerate(zip(cases, theirs, strict=True)):
        numbers, where = difference(answer(case), wanted)
        compared += numbers
        spikes += sum(int(np.sum(layer["spikes"])) for layer in wanted)
        if where:
            differing += 1
            sys.stdout.write(f"  case {seed}: {where}\n")
    sys.stdout.write(
        f"sinabs: {len(cases) - differing} of {len(cases)} networks equal; {compared:,} numbers"
        f" compared (weights, limits, v and counts of each tick, with {spikes:,} spikes)\n"
    )
    return int(differing > 0)


if __name__ == "__main__":
    sys.exit(main())
