"""brian2hears in the comparison: its filters alone, and with leaky neurons behind them."""

import logging

import brian2hears as hears
import numpy as np
from brian2 import Hz, Network, SpikeMonitor, defaultclock, ms, prefs, second
from hearing_sound import CHANNELS, HIGH_HZ, LOW_HZ, RATE_HZ, SECONDS, sound, timed

prefs.codegen.target = "numpy"
logging.disable(logging.WARNING)


def filters():
    """Return the filter bank on the sound."""
    heard = hears.Sound(sound(), samplerate=RATE_HZ * Hz)
    return hears.Gammatone(heard, hears.erbspace(LOW_HZ * Hz, HIGH_HZ * Hz, CHANNELS))


def process():
    """Filter, nothing else."""
    filters().process()
    return 0


def fibres():
    """Filter, compress and let neurons fire, as in its own example of the cochlea."""
    heard = hears.FunctionFilterbank(filters(), lambda x: 20.0 * np.clip(x, 0, np.inf) ** 0.3)
    defaultclock.dt = 1.0 / RATE_HZ * second
    neurons = hears.FilterbankGroup(
        heard,
        "target",
        "dv/dt = (target - v) / (10*ms) : 1 (unless refractory)\ntarget : 1",
        reset="v = 0",
        threshold="v > 1",
        refractory=1 * ms,
        method="euler",
    )
    spikes = SpikeMonitor(neurons)
    Network(neurons, spikes).run(SECONDS * second)
    return int(spikes.num_spikes)


def main():
    """Time both."""
    timed("brian2hears: filters", process)
    timed("brian2hears: filters, compression and neurons (NumPy target)", fibres, repeats=1)


if __name__ == "__main__":
    main()
