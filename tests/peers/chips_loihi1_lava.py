"""Lava's fixed-point processes on the cases: ``chips_loihi1_lava.py CASES.json ANSWERS.json``.

The first case is timed, its ticks run in a few calls; of the others every tick is kept.
"""

import json
import sys
import time

import numpy as np
from chips_loihi1_case import STRETCHES
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi1SimCfg
from lava.proc.dense.process import DelayDense, Dense
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.proc.lif.process import LIF, LIFRefractory, LIFReset, TernaryLIF
from lava.proc.sparse.process import DelaySparse, Sparse
from lava.utils.weightutils import SignMode
from scipy.sparse import csr_matrix

MODELS = {"cuba": LIF, "ternary": TernaryLIF, "periodic_reset": LIFReset}
FORMS = {"Dense": Dense, "Sparse": Sparse, "DelayDense": DelayDense, "DelaySparse": DelaySparse}


def build(case):
    """Return the populations and where their spikes are collected, by name."""
    spikes = np.zeros((case["inputs"], case["ticks"]), int)
    for tick, units in enumerate(case["events"]):
        spikes[units, tick] = 1
    source = Source(data=spikes)
    cells = {c["name"]: _cells(c) for c in case["cells"]}
    sinks = {n: Sink(shape=c.s_out.shape, buffer=case["ticks"]) for n, c in cells.items()}
    for name, cell in cells.items():
        cell.s_out.connect(sinks[name].a_in)
    for link in case["links"]:
        synapses = _synapses(link)
        start = source if link["source"] == "in" else cells[link["source"]]
        start.s_out.connect(synapses.s_in)
        synapses.a_out.connect(cells[link["target"]].a_in)
    return cells, sinks


def _cells(cell):
    if cell["model"] == "refractory":  # a model in floating point; `answer` has the units
        p = cell["params"]
        return LIFRefractory(
            shape=(cell["n"],), du=1.0, dv=0.0, vth=p["vth"], refractory_period=p["refractory"]
        )
    given = dict(cell["params"])
    for ours, theirs in (("interval", "reset_interval"), ("offset", "reset_offset")):
        if ours in given:
            given[theirs] = given.pop(ours)
    return MODELS[cell["model"]](shape=(cell["n"],), bias_mant=np.array(cell["bias"]), **given)


def _synapses(link):
    weight = np.array(link["weight"]).T
    delay = None if link["delay"] is None else np.array(link["delay"]).T
    if "Sparse" in link["form"]:
        weight = csr_matrix(weight)
        delay = None if delay is None else csr_matrix(np.where(weight.toarray() != 0, delay, 0))
    given = {} if delay is None else {"delays": delay, "max_delay": 63}
    return FORMS[link["form"]](
        weights=weight,
        num_message_bits=2 if link["graded"] else 0,
        weight_exp=link["exponent"],
        num_weight_bits=link["bits"],
        sign_mode=SignMode[link["sign"].upper()],
        **given,
    )


def answer(case):
    """Run tick by tick; return u, v and spikes of each population, ``[ticks, n]``."""
    floating = case["cells"][0]["model"] == "refractory"
    config, unit = (_config("floating_pt"), 64) if floating else (_config(), 1)
    cells, sinks = build(case)
    first = next(iter(cells.values()))
    kept = {name: {"u": [], "v": []} for name in cells}
    for _ in range(case["ticks"]):
        first.run(condition=RunSteps(1), run_cfg=config)
        for name, cell in cells.items():
            kept[name]["u"].append((unit * cell.u.get()).astype(int).tolist())
            kept[name]["v"].append((unit * cell.v.get()).astype(int).tolist())
    for name, sink in sinks.items():
        kept[name]["spikes"] = sink.data.get().astype(int).T.tolist()
    first.stop()
    return kept


def timed(case):
    """Return seconds a tick in the fastest of some stretches, and all spikes."""
    cells, sinks = build(case)
    first = next(iter(cells.values()))
    stretch, tick_s = case["ticks"] // STRETCHES, []
    for _ in range(STRETCHES):
        started = time.perf_counter()
        first.run(condition=RunSteps(stretch), run_cfg=_config())
        tick_s.append((time.perf_counter() - started) / stretch)
    spikes = {name: int(sink.data.get().sum()) for name, sink in sinks.items()}
    first.stop()
    return {"tick_s": min(tick_s), "spikes": spikes}


def _config(tag="fixed_pt"):
    return Loihi1SimCfg(select_tag=tag)


def main():
    """Answer all cases."""
    given, into = sys.argv[1:]
    with open(given) as file:  # noqa: PTH123
        cases = json.load(file)
    answers = [timed(cases[0])] + [answer(case) for case in cases[1:]]
    with open(into, "w") as file:  # noqa: PTH123
        json.dump(answers, file)


if __name__ == "__main__":
    main()
