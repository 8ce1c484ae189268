"""PyTorch, LIF written by hand: ``python peer_torch.py loop|first [--neurons 10000]``.

What users of its spiking libraries run: a matrix product and a few elementwise steps a tick.  The
matrix is dense up to 10,000 neurons and compressed rows beyond.
"""

import math
import time
import warnings

import loop_net
import numpy as np
import torch
from process import emit, options, ticks
from workloads import LOOP

DENSE_UP_TO = 10_000


def matrix(n):
    """Return weights ``[post, pre]``."""
    target, weight = loop_net.synapses(n)
    pre = np.repeat(np.arange(n), LOOP.targets)
    index = torch.from_numpy(np.stack([target.ravel().astype(np.int64), pre]))
    found = torch.sparse_coo_tensor(index, torch.from_numpy(weight.ravel()), (n, n)).coalesce()
    return found.to_dense() if n <= DENSE_UP_TO else found.to_sparse_csr()


def neurons(n):
    """Return a function from one tick's input ``float32[n]`` to those who fired."""
    weights, decay = matrix(n), math.exp(-LOOP.dt_ms / LOOP.tau_m_ms)
    v, fired = torch.zeros(n), torch.zeros(n)

    def tick(x):
        nonlocal v, fired
        v = v * decay + torch.from_numpy(x) + weights @ fired
        fired = (v >= LOOP.v_threshold).float()
        v = v * (1 - fired)
        return torch.nonzero(fired).numpy()[:, 0]

    return tick


def run_loop():
    """Give inputs and take spikes, tick by tick."""
    n, latency, spikes = OPTIONS.neurons, [], 0
    tick, source = neurons(n), loop_net.inputs(n)
    for _ in range(OPTIONS.ticks + LOOP.warm_ticks):
        x = next(source)
        since = time.perf_counter()
        fired = tick(x)
        latency.append(time.perf_counter() - since)
        spikes += len(fired)
    _emit(**ticks(n, LOOP.dt_ms, spikes, latency, LOOP.warm_ticks))


def run_first():
    """Import, build, run one tick; the parent knows when it started this."""
    neurons(OPTIONS.neurons)(next(loop_net.inputs(OPTIONS.neurons)))
    _emit(done_at=time.time(), neurons=OPTIONS.neurons)


def _emit(**row):
    row["variant"] = "dense" if OPTIONS.neurons <= DENSE_UP_TO else "sparse CSR"
    emit(tool="PyTorch", version=torch.__version__, workload=OPTIONS.workload, **row)


if __name__ == "__main__":
    OPTIONS = options(__doc__)
    torch.set_num_threads(OPTIONS.threads)
    torch.set_grad_enabled(False)
    warnings.filterwarnings("ignore", "Sparse", UserWarning)  # that this part of torch is beta
    {"loop": run_loop, "first": run_first}[OPTIONS.workload]()
