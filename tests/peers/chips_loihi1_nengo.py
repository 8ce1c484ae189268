"""NengoLoihi's emulator on the cases: ``chips_loihi1_nengo.py CASES.json ANSWERS.json``.

The first case is timed, its ticks run in a few calls; of the others every tick is kept.
"""

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from chips_loihi1_case import STRETCHES
from nengo_loihi.block import Axon, LoihiBlock, Synapse
from nengo_loihi.builder import Model
from nengo_loihi.emulator import EmulatorInterface
from nengo_loihi.inputs import SpikeInput

EmulatorInterface.strict = False


def build(case):
    """Return the emulator, and each population's place among all compartments."""
    model = Model()
    source = SpikeInput(case["inputs"])
    for tick, units in enumerate(case["events"]):
        source.add_spikes(tick + 1, np.array(units, int), permanent=True)
    model.add_input(source)
    blocks, places, first = {}, {}, 0
    for cell in case["cells"]:
        blocks[cell["name"]] = _block(cell)
        model.add_block(blocks[cell["name"]])
        places[cell["name"]] = slice(first, first + cell["n"])
        first += cell["n"]
    for link in case["links"]:
        weight = np.array(link["weight"])
        synapse = Synapse(len(weight))
        synapse.set_weights(weight.astype(np.float32))
        scale = 2.0 ** (6 + link["exponent"])
        synapse.weights = [(row * scale).astype(np.int32)[None, :] for row in weight]
        synapse.format(weight_exp=link["exponent"])
        blocks[link["target"]].add_synapse(synapse)
        axon = Axon(len(weight))
        axon.target = synapse
        axon.set_compartment_axon_map(np.arange(len(weight)))
        (source if link["source"] == "in" else blocks[link["source"]]).add_axon(axon)
    return EmulatorInterface(model), places


def _block(cell):
    block, p = LoihiBlock(cell["n"]), cell["params"]
    c = block.compartment
    c.scale_u = c.scale_v = False
    numbers = {"decay_u": p["du"], "decay_v": p["dv"], "vth": p["vth"], "bias": cell["bias"]}
    for name, value in numbers.items():
        setattr(c, name, np.broadcast_to(np.array(value, np.int32), cell["n"]).copy())
    c.refract_delay[:] = p["refractory"]
    c.vmin, c.vmax = p["vmin"], p["vmax"]
    return block


def answer(case):
    """Run tick by tick; return u, v and spikes of each population, ``[ticks, n]``."""
    emulator, places = build(case)
    kept = {name: {"u": [], "v": [], "spikes": []} for name in places}
    for _ in range(case["ticks"]):
        emulator.step()
        now = emulator.compartment
        for name, place in places.items():
            kept[name]["u"].append(now.current[place].tolist())
            kept[name]["v"].append(now.voltage[place].tolist())
            kept[name]["spikes"].append(now.spiked[place].astype(int).tolist())
    return kept


def timed(case):
    """Return seconds a tick in the fastest of some stretches, and all spikes."""
    emulator, places = build(case)
    stretch, tick_s = case["ticks"] // STRETCHES, []
    for _ in range(STRETCHES):
        started = time.perf_counter()
        emulator.run_steps(stretch)
        tick_s.append((time.perf_counter() - started) / stretch)
    counts = emulator.compartment.spike_count
    spikes = {name: int(counts[place].sum()) for name, place in places.items()}
    return {"tick_s": min(tick_s), "spikes": spikes}


def main():
    """Answer all cases."""
    given, into = sys.argv[1:]
    warnings.simplefilter("ignore")  # it warns of each overflow, of which there are many
    cases = json.loads(Path(given).read_text())
    answers = [timed(cases[0])] + [answer(case) for case in cases[1:]]
    Path(into).write_text(json.dumps(answers))


if __name__ == "__main__":
    main()
