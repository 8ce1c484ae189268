"""A drawn network in XyloSim's core v2, for `chips_xylo.py`: ``chips_xylo_peer.py FILE [--time]``.

FILE (.npz) holds the network and how often each input fires in each tick.  The trace goes into
``FILE.peer.npz``, or the time of a tick is measured; prints one line of JSON.  What is called is
the compiled simulator that rockpool's ``XyloSim`` wraps, without the wrapper.
"""

import json
import sys
import time

import numpy as np
from xylosim.v2 import XyloLayer, XyloSynapse


def synapses(weights):
    """Return a list of synapses for each source of ``weights[pre, post, synapse]``."""
    return [
        [
            XyloSynapse(int(post), int(synapse), int(row[post, synapse]))
            for synapse in range(row.shape[1])
            for post in np.flatnonzero(row[:, synapse])
        ]
        for row in weights
    ]


def layer(case, kept):
    """Build the simulator, which takes what is in ``kept`` by address."""
    kept += [synapses(case[name]) for name in ("weights_in", "weights_rec", "weights_out")]
    shift_in, shift_rec, shift_out = (int(k) for k in case["shifts"])
    return XyloLayer(
        synapses_in=kept[0],
        synapses_rec=kept[1],
        synapses_out=kept[2],
        aliases=[[int(k)] if k >= 0 else [] for k in case["alias"]],
        threshold=case["threshold"].tolist(),
        threshold_out=case["threshold_out"].tolist(),
        has_bias=True,
        bias=case["bias"].tolist(),
        bias_out=case["bias_out"].tolist(),
        weight_shift_inp=shift_in,
        weight_shift_rec=shift_rec,
        weight_shift_out=shift_out,
        dash_mem=case["dash_mem"].tolist(),
        dash_mem_out=case["dash_mem_out"].tolist(),
        dash_syns=case["dash_syn"].tolist(),
        dash_syns_out=case["dash_syn_out"].tolist(),
        name="peer",
    )


def main():
    """Run the network; write its trace, or say how long a tick takes."""
    path = sys.argv[1]
    case, kept = np.load(path), []
    simulator, given = layer(case, kept), case["counts"].tolist()
    row = {}
    if "--time" in sys.argv:
        simulator.evolve(given[: len(given) // 10])
        before = time.perf_counter()
        simulator.evolve(given)
        row["tick_us"] = (time.perf_counter() - before) / len(given) * 1e6
    else:
        simulator.evolve(given)
        np.savez(
            f"{path}.peer.npz",
            i=np.array(simulator.rec_i_syn).T,
            i2=np.array(simulator.rec_i_syn2).T,
            v=np.array(simulator.rec_v_mem).T,
            spikes=np.array(simulator.rec_recurrent_spikes),
            i_out=np.array(simulator.rec_i_syn_out).T,
            v_out=np.array(simulator.rec_v_mem_out).T,
            spikes_out=np.array(simulator.rec_out_spikes),
        )
    row["spikes"] = float(np.sum(simulator.rec_recurrent_spikes)) / len(given)
    sys.stdout.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
