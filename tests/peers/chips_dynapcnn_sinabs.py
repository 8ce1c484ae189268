"""sinabs on the cases: ``chips_dynapcnn_sinabs.py CASES.json ANSWERS.json``.

Its discretiser is loaded from its file alone: the package around it wants the vendor's.
"""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import sinabs.layers as sl
import torch

_FOLDER = Path(importlib.util.find_spec("sinabs").origin).parent
_SPEC = importlib.util.spec_from_file_location(
    "discretize", _FOLDER / "backend" / "dynapcnn" / "discretize.py"
)
discretize = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(discretize)


def build(case):
    """Return the discretised layers: pooling, convolution, neurons."""
    layers, channels = [], case["shape"][0]
    for layer in case["layers"]:
        conv = torch.nn.Conv2d(
            channels, layer["maps"], layer["side"], layer["stride"], layer["padding"]
        )
        conv.weight.data = torch.tensor(layer["kernel"], dtype=torch.float32)
        conv.bias.data = torch.tensor(layer["bias"], dtype=torch.float32)
        neurons = sl.IAF(spike_threshold=torch.tensor(layer["threshold"]), min_v_mem=case["v_min"])
        pool = torch.nn.AvgPool2d(layer["pool"], divisor_override=1)
        layers.append((pool, *discretize.discretize_conv_spike(conv, neurons)))
        channels = layer["maps"]
    return layers


def answer(case):
    """Return each layer's numbers, and v and spikes of every tick, ``[ticks, n]``."""
    layers = build(case)
    found = [
        {
            "kernel": conv.weight.int().tolist(),
            "bias": conv.bias.int().tolist(),
            "numbers": [int(neurons.spike_threshold), int(neurons.min_v_mem)],
            **{"v": [], "spikes": []},
        }
        for _, conv, neurons in layers
    ]
    size = int(np.prod(case["shape"]))
    for units in case["events"]:
        counts = np.bincount(np.array(units, int), minlength=size).reshape(1, *case["shape"])
        x = torch.tensor(counts, dtype=torch.float32)
        for (pool, conv, neurons), kept in zip(layers, found, strict=True):
            x = neurons(conv(pool(x))[:, None])[:, 0]
            kept["spikes"].append(x.int().flatten().tolist())
            kept["v"].append(neurons.v_mem.int().flatten().tolist())
    return found


def main():
    """Answer all cases."""
    given, into = sys.argv[1:]
    cases = json.loads(Path(given).read_text())
    with torch.no_grad():
        Path(into).write_text(json.dumps([answer(case) for case in cases]))


if __name__ == "__main__":
    main()
