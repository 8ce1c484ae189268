"""Lava's fixed-point processes on the cases: ``chips_loihi2_lava.py CASES.json ANSWERS.json``."""

import json
import sys

import numpy as np
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.conv.process import Conv
from lava.proc.dense.process import Dense
from lava.proc.graded.process import GradedVec
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.proc.sdn.process import Delta, SigmaDelta
from lava.utils.weightutils import SignMode

MODELS = {"graded_vec": GradedVec, "delta": Delta, "sigma_delta": SigmaDelta}


def _shapes(case):
    """Return the shapes of both ends: Lava's maps are x, y, channel."""
    if "kernel" not in case:
        return (case["inputs"],), (case["n"],)
    channels, height, width = case["shape"]
    maps, _, *side = np.shape(case["kernel"])
    size = [
        (n + 2 * case["padding"] - k) // case["stride"] + 1
        for n, k in zip((width, height), reversed(side), strict=True)
    ]
    return (width, height, channels), (*size, maps)


def _flat(array, shape):
    """Return ``[ticks, n]`` in the order of channel, row, column."""
    return array if len(shape) == 1 else array.transpose(0, 3, 2, 1).reshape(len(array), -1)


def _synapses(case, shape):
    if "kernel" not in case:
        return Dense(
            weights=np.array(case["weight"]).T,
            num_message_bits=24,
            weight_exp=case["exponent"],
            sign_mode=SignMode.MIXED,
        )
    # a correlation, as in the case, is a convolution with the kernel turned round
    kernel = np.array(case["kernel"])[:, :, ::-1, ::-1].transpose(0, 3, 2, 1)
    return Conv(
        weight=kernel,
        input_shape=shape,
        padding=case["padding"],
        stride=case["stride"],
        num_message_bits=24,
    )


def _source(case, shape):
    carried = np.array(case["carried"]).T
    if len(shape) > 1:
        carried = carried.reshape(*reversed(shape), -1).transpose(2, 1, 0, 3)
    return Source(data=carried)


def answer(case):
    """Return the state and what was sent in every tick, ``[ticks, n]``."""
    before, after = _shapes(case)
    given = dict(case["params"])
    if "cumulative" in given:
        given["cum_error"] = given.pop("cumulative")
    if "bias" in case:
        given["bias"] = case["bias"]
    source, synapses = _source(case, before), _synapses(case, before)
    cells, sink = (
        MODELS[case["model"]](shape=after, **given),
        Sink(shape=after, buffer=case["ticks"]),
    )
    source.s_out.connect(synapses.s_in)
    synapses.a_out.connect(cells.a_in)
    cells.s_out.connect(sink.a_in)
    names = {"delta": ("act", "residue"), "sigma_delta": ("sigma", "act", "residue")}
    kept = {name: [] for name in names.get(case["model"], ())}
    if case["params"].get("cumulative"):
        kept["error"] = []
    for _ in range(case["ticks"]):
        cells.run(condition=RunSteps(1), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
        for name, seen in kept.items():
            seen.append(getattr(cells, name).get().astype(int))
    kept["payload"] = np.moveaxis(sink.data.get().astype(int), -1, 0)
    cells.stop()
    return {name: _flat(np.array(seen), after).tolist() for name, seen in kept.items()}


def main():
    """Answer all cases."""
    given, into = sys.argv[1:]
    with open(given) as file:  # noqa: PTH123
        cases = json.load(file)
    with open(into, "w") as file:  # noqa: PTH123
        json.dump([answer(case) for case in cases], file)


if __name__ == "__main__":
    main()
