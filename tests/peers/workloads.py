"""What every tool is asked to run: the published networks, their numbers and where these are from.

Plain values in the units of their names; each tool's script turns them into its own words.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Balanced:
    """The balanced random network of Vogels & Abbott with exponential synapses.

    Source: T. P. Vogels and L. F. Abbott, J. Neurosci. 25, 2005, as benchmarks 1 (conductances)
    and 2 (currents) of R. Brette et al., "Simulation of networks of spiking neurons", J. Comput.
    Neurosci. 23, 2007.
    """

    n_exc: int = 3200
    n_inh: int = 800
    probability: float = 0.02
    dt_ms: float = 0.1
    delay_ms: float = 0.1
    """one tick: the benchmark has none, and no tool here can do less"""
    c_m_pf: float = 200.0
    g_leak_ns: float = 10.0
    v_rest_mv: float = -60.0
    v_threshold_mv: float = -50.0
    v_reset_mv: float = -60.0
    refractory_ms: float = 5.0
    tau_exc_ms: float = 5.0
    tau_inh_ms: float = 10.0
    exc: float = 0.0
    """of one spike: pA, or nS where synapses are conductances"""
    inh: float = 0.0
    """positive; its sign is the tool's affair"""
    e_exc_mv: float = 0.0
    e_inh_mv: float = -80.0
    bias_pa: float = 0.0

    @property
    def n(self) -> int:
        return self.n_exc + self.n_inh

    @property
    def tau_m_ms(self) -> float:
        return self.c_m_pf / self.g_leak_ns

    @property
    def targets(self) -> float:
        """Mean number of targets of a neuron."""
        return self.probability * self.n


CUBA = Balanced(v_rest_mv=-49.0, exc=16.2, inh=90.0)
"""1.62 mV and -9 mV of drive through 100 megohm"""

COBA = Balanced(exc=6.0, inh=67.0, bias_pa=200.0)
"""With the constant current of T. P. Vogels et al., Science 334, 2011, in place of the stimulus
that starts the benchmark: so activity lasts, whatever the seed."""


@dataclass(frozen=True)
class Brunel:
    """Sparse random network of LIF neurons with delta synapses and external Poisson spikes.

    Source: N. Brunel, "Dynamics of sparsely connected networks of excitatory and inhibitory spiking
    neurons", J. Comput. Neurosci. 8, 2000.  Fixed in-degree; voltages from rest.
    """

    n_exc: int = 8000
    n_inh: int = 2000
    in_exc: int = 800
    in_inh: int = 200
    dt_ms: float = 0.1
    tau_m_ms: float = 20.0
    v_threshold_mv: float = 20.0
    v_reset_mv: float = 10.0
    refractory_ms: float = 2.0
    delay_ms: float = 1.5
    exc_mv: float = 0.1
    g: float = 5.0
    """how much stronger inhibition is"""
    eta: float = 2.0
    """external rate over the rate that would just reach threshold"""

    @property
    def n(self) -> int:
        return self.n_exc + self.n_inh

    @property
    def inh_mv(self) -> float:
        return -self.g * self.exc_mv

    @property
    def external_hz(self) -> float:
        """Of all external inputs of a neuron together."""
        return 1000.0 * self.eta * self.v_threshold_mv / (self.exc_mv * self.tau_m_ms)

    @property
    def targets(self) -> float:
        return float(self.in_exc + self.in_inh)


BRUNEL = Brunel()


@dataclass(frozen=True)
class Plastic(Brunel):
    """Brunel's network at 2,000 neurons, a tenth connected, with STDP among excitatory neurons.

    The pair rule is additive, all pairs count, bounds are hard; time constants and the ratio of
    depression to potentiation are those of S. Song, K. D. Miller and L. F. Abbott, Nat. Neurosci.
    3, 2000.  Learning is five times slower than theirs: NEST's delay lies between synapse and soma,
    Brian2's before the synapse, and in a second of fast learning that alone would part the rates.
    """

    n_exc: int = 1600
    n_inh: int = 400
    in_exc: int = 160
    in_inh: int = 40
    exc_mv: float = 0.5
    most_mv: float = 1.0
    """upper bound of a plastic weight; all start at ``exc_mv``"""
    tau_plus_ms: float = 20.0
    tau_minus_ms: float = 20.0
    potentiation: float = 0.001
    """of the upper bound, for a pair at no distance"""
    depression: float = 0.00105


STDP = Plastic()


@dataclass(frozen=True)
class ClosedLoop:
    """One tick at a time: an array of inputs goes in, those who fired come out.

    Delta-synapse LIF in units of its threshold, 100 random targets a neuron, four fifths of them
    excitatory, noise as input; no source but the use itself.
    """

    targets: int = 100
    dt_ms: float = 1.0
    delay_ms: float = 1.0
    tau_m_ms: float = 20.0
    v_threshold: float = 1.0
    exc: float = 0.04
    inh: float = -0.2
    exc_share: float = 0.8
    drive: float = 0.075
    """mean input of a tick; it is uniform between 0 and twice that"""
    warm_ticks: int = 200


LOOP = ClosedLoop()
LOOP_SIZES = (1_000, 10_000, 100_000)
"""the torch script keeps its matrix dense up to the second"""


@dataclass(frozen=True)
class Propagation:
    """Spikes to synapses and nothing else: random rows of a random matrix, one weight."""

    n_pre: int = 10_000
    n_post: int = 10_000
    targets: int = 1_000
    spikes_a_tick: int = 100


PROPAGATION = Propagation()
