"""NEST: ``python peer_nest.py cuba|coba|brunel|microcircuit|stdp [--threads 2]``."""

import microcircuit
import nest
import numpy as np
from process import Clock, bulk, emit, options, save_spikes
from workloads import BRUNEL, COBA, CUBA, STDP


def cuba(arrays):
    """Vogels & Abbott with currents."""
    p = CUBA
    pop = nest.Create("iaf_psc_exp", p.n, params={**_membrane(p), "tau_m": p.tau_m_ms})
    return _balanced(pop, p, arrays)


def coba(arrays):
    """Vogels & Abbott with conductances."""
    p = COBA
    params = {"g_L": p.g_leak_ns, "E_ex": p.e_exc_mv, "E_in": p.e_inh_mv, "I_e": p.bias_pa}
    pop = nest.Create("iaf_cond_exp", p.n, params={**_membrane(p), **params})
    return _balanced(pop, p, arrays)


def _membrane(p):
    return {
        "C_m": p.c_m_pf,
        "E_L": p.v_rest_mv,
        "V_th": p.v_threshold_mv,
        "V_reset": p.v_reset_mv,
        "t_ref": p.refractory_ms,
        "tau_syn_ex": p.tau_exc_ms,
        "tau_syn_in": p.tau_inh_ms,
    }


def _balanced(pop, p, arrays):
    if arrays is not None:
        pop.V_m = arrays["v"].astype(float)
        _connect(pop, arrays, np.where(arrays["pre"] < p.n_exc, p.exc, -p.inh), p.delay_ms)
        return pop, p
    pop.V_m = nest.random.uniform(p.v_reset_mv, p.v_threshold_mv)
    rule = {"rule": "pairwise_bernoulli", "p": p.probability}
    nest.Connect(pop[: p.n_exc], pop, rule, {"weight": p.exc, "delay": p.delay_ms})
    nest.Connect(pop[p.n_exc :], pop, rule, {"weight": -p.inh, "delay": p.delay_ms})
    return pop, p


def _connect(pop, arrays, weight, delay):
    ids = np.array(pop.tolist())
    delay = np.broadcast_to(np.asarray(delay, float), weight.shape)
    spec = {"weight": weight.astype(float), "delay": np.round(delay, 1)}
    nest.Connect(ids[arrays["pre"]], ids[arrays["post"]], "one_to_one", spec)


def brunel(arrays):
    """Brunel's network."""
    p = BRUNEL
    pop = _brunel_neurons(p)
    if arrays is not None:
        weight = np.where(arrays["pre"] < p.n_exc, p.exc_mv, p.inh_mv)
        _connect(pop, arrays, weight, p.delay_ms)
        return pop, p
    spec = {"weight": p.exc_mv, "delay": p.delay_ms}
    nest.Connect(pop[: p.n_exc], pop, _in_degree(p.in_exc), spec)
    _connect_inhibition(pop, p)
    return pop, p


def _brunel_neurons(p, **more):
    params = {
        "C_m": 1.0,
        "tau_m": p.tau_m_ms,
        "E_L": 0.0,
        "V_th": p.v_threshold_mv,
        "V_reset": p.v_reset_mv,
        "t_ref": p.refractory_ms,
        "V_m": 0.0,
    }
    pop = nest.Create("iaf_psc_delta", p.n, params={**params, **more})
    noise = nest.Create("poisson_generator", params={"rate": p.external_hz})
    nest.Connect(noise, pop, syn_spec={"weight": p.exc_mv, "delay": p.delay_ms})
    return pop


def _in_degree(k):
    """Return the rule of so many different sources a neuron.

    NEST's own choice, a source more than once, adds a tenth to the variance of the input here.
    """
    return {"rule": "fixed_indegree", "indegree": k, "allow_multapses": False}


def _connect_inhibition(pop, p):
    spec = {"weight": p.inh_mv, "delay": p.delay_ms}
    nest.Connect(pop[p.n_exc :], pop, _in_degree(p.in_inh), spec)


def stdp(_):
    """A small Brunel network with additive, all-to-all pair STDP between excitatory neurons."""
    p = STDP
    pop = _brunel_neurons(p, tau_minus=p.tau_minus_ms)
    exc, inh = pop[: p.n_exc], pop[p.n_exc :]
    rule = _in_degree(p.in_exc)
    nest.Connect(exc, inh, rule, {"weight": p.exc_mv, "delay": p.delay_ms})
    plastic = {
        "synapse_model": "stdp_synapse",
        "weight": p.exc_mv,
        "delay": p.delay_ms,
        "Wmax": p.most_mv,
        "lambda": p.potentiation,
        "alpha": p.depression / p.potentiation,
        "mu_plus": 0.0,
        "mu_minus": 0.0,
        "tau_plus": p.tau_plus_ms,
    }
    nest.Connect(exc, exc, rule, plastic)
    _connect_inhibition(pop, p)
    return pop, p


def microcircuit_(arrays):
    """Potjans & Diesmann, as one collection in the order of its populations."""
    m, c = microcircuit, microcircuit.scaled(OPTIONS.scale)
    params = {
        "C_m": m.C_M_PF,
        "tau_m": m.TAU_M_MS,
        "E_L": m.V_REST_MV,
        "V_th": m.V_THRESHOLD_MV,
        "V_reset": m.V_RESET_MV,
        "t_ref": m.REFRACTORY_MS,
        "tau_syn_ex": m.TAU_SYN_MS,
        "tau_syn_in": m.TAU_SYN_MS,
    }
    pop = nest.Create("iaf_psc_exp", c.n, params=params)
    parts = [pop[int(a) : int(b)] for a, b in zip(c.first, c.first[1:], strict=False)]
    for k, part in enumerate(parts):
        part.I_e = float(c.bias_pa[k])
        part.V_m = nest.random.normal(float(c.v_mean_mv[k]), float(c.v_sd_mv[k]))
        noise = nest.Create("poisson_generator", params={"rate": float(c.external_hz[k])})
        nest.Connect(noise, part, syn_spec={"weight": float(c.external_pa), "delay": 1.5})
    if arrays is not None:
        pop.V_m = arrays["v"].astype(float)
        _connect(pop, arrays, arrays["weight"], arrays["delay"])
        return pop, c
    for target, source in c.projections():
        _connect_parts(parts[source], parts[target], c, target, source)
    return pop, c


def _connect_parts(pre, post, c, target, source):
    w, mean = float(c.weight_pa[target, source]), microcircuit.DELAY_MS[source % 2]
    bounds = {"min": 0.0, "max": np.inf} if w > 0 else {"min": -np.inf, "max": 0.0}
    weight = nest.random.normal(w, abs(w) * microcircuit.WEIGHT_SD)
    delay = nest.random.normal(mean, mean * microcircuit.DELAY_SD)
    spec = {
        "weight": nest.math.redraw(weight, **bounds),
        "delay": nest.math.redraw(delay, min=microcircuit.DT_MS / 2, max=np.inf),
    }
    rule = {"rule": "fixed_total_number", "N": int(c.synapses[target, source])}
    nest.Connect(pre, post, rule, spec)


BUILD = {"cuba": cuba, "coba": coba, "brunel": brunel, "stdp": stdp, "microcircuit": microcircuit_}


def main():
    """Build, run the first part untimed, then the timed one."""
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.local_num_threads = OPTIONS.threads
    nest.resolution = 0.1
    nest.rng_seed = OPTIONS.seed
    build = Clock()
    arrays = np.load(OPTIONS.instance) if OPTIONS.instance else None
    pop, p = BUILD[OPTIONS.workload](arrays)
    recorder = nest.Create("spike_recorder")
    if OPTIONS.spikes:
        nest.Connect(pop, recorder)
    warm_ms = OPTIONS.warm * 1000
    nest.Prepare()
    nest.Run(warm_ms)
    build_s, _ = build.read()
    clock = Clock()
    nest.Run(OPTIONS.seconds * 1000)
    wall_s, cpu_s = clock.read()
    spikes = nest.GetKernelStatus("local_spike_counter")  # it starts again at every Run
    nest.Cleanup()
    if OPTIONS.spikes:
        time_ms, unit = recorder.events["times"], recorder.events["senders"] - pop[0].global_id
        late = time_ms > warm_ms
        tick = np.round((time_ms[late] - warm_ms) / 0.1) - 1  # NEST stamps the end of a step
        save_spikes(OPTIONS.spikes, tick, unit[late], OPTIONS.seconds, 0.1)
    row = bulk(p.n, OPTIONS.seconds, wall_s, cpu_s, spikes, p.targets)
    emit(
        **{"tool": "NEST", "version": nest.__version__, "workload": OPTIONS.workload},
        **{"variant": f"{OPTIONS.threads} thread{'s' * (OPTIONS.threads > 1)}"},
        **{"build_s": build_s, **row},
    )


if __name__ == "__main__":
    OPTIONS = options(__doc__)
    main()
