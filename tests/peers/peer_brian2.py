"""Brian2: ``python peer_brian2.py cuba|coba|brunel|stdp|loop|first [--target cpp_standalone]``."""

import shutil
import tempfile
import time

import brian2 as b2
import instance
import loop_net
import numpy as np
from brian2 import Hz, ms, mV, second
from process import Clock, bulk, emit, options, save_spikes, ticks
from workloads import BRUNEL, COBA, CUBA, LOOP, STDP

BEFORE_THRESHOLD = ("after_groups", -1)
"""a place in Brian2's schedule: slot and order"""


def _constants(p):
    """Return a workload's numbers with their units, under their names."""
    units = {"ms": ms, "mv": mV}
    return {
        name.removesuffix(f"_{unit}"): getattr(p, name) * units.get(unit, 1)
        for name in p.__dataclass_fields__
        for unit in [name.rsplit("_", 1)[-1]]
    }


def cuba(arrays):
    """Vogels & Abbott; synaptic currents as the voltage they drive to."""
    p = CUBA
    equations = """dv/dt = (g_exc + g_inh + v_rest - v) / tau_m : volt (unless refractory)
                   dg_exc/dt = -g_exc / tau_exc : volt
                   dg_inh/dt = -g_inh / tau_inh : volt"""
    mv_a_pa = mV / p.g_leak_ns
    return _balanced(p, equations, "exact", p.exc * mv_a_pa, -p.inh * mv_a_pa, arrays)


def coba(arrays):
    """Vogels & Abbott; conductances as a part of the leak."""
    p = COBA
    equations = """dv/dt = (g_exc * (e_exc - v) + g_inh * (e_inh - v) + v_rest - v + drive)
                            / tau_m : volt (unless refractory)
                   dg_exc/dt = -g_exc / tau_exc : 1
                   dg_inh/dt = -g_inh / tau_inh : 1"""
    exc, inh = p.exc / p.g_leak_ns, p.inh / p.g_leak_ns
    return _balanced(p, equations, "exponential_euler", exc, inh, arrays)


def _balanced(p, equations, method, exc, inh, arrays):
    names = _constants(p)
    drive = p.bias_pa / p.g_leak_ns * mV
    names |= {"tau_m": p.tau_m_ms * ms, "drive": drive, "by_exc": exc, "by_inh": inh}
    group = _neurons(p, equations, method, names)
    low, high = p.v_reset_mv * mV, p.v_threshold_mv * mV
    group.v = arrays["v"] * mV if arrays is not None else low + np.random.rand(p.n) * (high - low)  # noqa: NPY002
    links = [
        b2.Synapses(group, group, on_pre=f"g_{k}_post += by_{k}", namespace=names)
        for k in ("exc", "inh")
    ]
    if arrays is None:
        links[0].connect(condition=f"i < {p.n_exc}", p=p.probability)
        links[1].connect(condition=f"i >= {p.n_exc}", p=p.probability)
    else:
        _connect(links, arrays, p)
    return p, group, links


def _neurons(p, equations, method, names):
    # Brian2 moves v again in the tick at which the time is over, NEST and neuroloop one later
    refractory = (p.refractory_ms + p.dt_ms) * ms
    return b2.NeuronGroup(
        p.n,
        equations,
        threshold="v >= v_threshold",
        reset="v = v_reset",
        refractory=refractory,
        method=method,
        namespace=names,
    )


def _connect(links, arrays, p):
    is_exc = arrays["pre"] < p.n_exc
    for link, chosen in zip(links, (is_exc, ~is_exc), strict=True):
        link.connect(i=arrays["pre"][chosen], j=arrays["post"][chosen])


def brunel(arrays):
    """Brunel's network."""
    p, group, names = _brunel_neurons(BRUNEL)
    exc, inh = (_delta(p, group, group, names, kind) for kind in ("exc", "inh"))
    _connect([exc, inh], _fixed_in_degree("brunel") if arrays is None else arrays, p)
    return p, group, [exc, inh, _noise(p, group)]


def _fixed_in_degree(workload):
    """Draw synapses sorted by source; Brian2's own rule sorts by target and runs half as fast."""
    return instance.draw(workload, OPTIONS.seed)


def _brunel_neurons(p):
    names = _constants(p) | {"exc": p.exc_mv * mV, "inh": p.inh_mv * mV}
    equations = "dv/dt = -v / tau_m : volt (unless refractory)"
    return p, _neurons(p, equations, "exact", names), names


def _before_threshold(link):
    """Let spikes arrive between the voltages' step and the threshold, as in NEST and neuroloop.

    Brian2's own place is behind the threshold, so that what arrives decays for a tick before it
    counts: half a percent of every weight in Brunel's network.  Here the spikes of a tick are
    picked up in the next one, so a delay is given one tick short.
    """
    link.pre.when, link.pre.order = BEFORE_THRESHOLD


def _delta(p, source, target, names, kind):
    on_pre, delay = f"v_post += {kind}", (p.delay_ms - p.dt_ms) * ms
    link = b2.Synapses(source, target, on_pre=on_pre, delay=delay, namespace=names)
    _before_threshold(link)
    return link


def _noise(p, group):
    when, order = BEFORE_THRESHOLD
    rate = p.external_hz / 1000 * Hz
    return b2.PoissonInput(group, "v", 1000, rate, p.exc_mv * mV, when=when, order=order)


def stdp(_):
    """A small Brunel network with additive, all-to-all pair STDP between excitatory neurons."""
    p, group, names = _brunel_neurons(STDP)
    exc = group[: p.n_exc]
    plastic = b2.Synapses(
        exc,
        exc,
        """w : volt
           dx/dt = -x / tau_plus : 1 (event-driven)
           dy/dt = -y / tau_minus : 1 (event-driven)""",
        on_pre="""v_post += w
                  w = clip(w - depression * most * y, 0*mV, most)
                  x += 1""",
        on_post="""w = clip(w + potentiation * most * x, 0*mV, most)
                   y += 1""",
        delay=(p.delay_ms - p.dt_ms) * ms,
        namespace=names,
    )
    _before_threshold(plastic)
    fixed, inh = (
        _delta(p, exc, group[p.n_exc :], names, "exc"),
        _delta(p, group, group, names, "inh"),
    )
    arrays = _fixed_in_degree("stdp")
    pre, post = arrays["pre"], arrays["post"]
    is_exc, learns = pre < p.n_exc, (pre < p.n_exc) & (post < p.n_exc)
    plastic.connect(i=pre[learns], j=post[learns])
    fixed.connect(i=pre[is_exc & ~learns], j=post[is_exc & ~learns] - p.n_exc)
    inh.connect(i=pre[~is_exc], j=post[~is_exc])
    plastic.w = p.exc_mv * mV
    return p, group, [plastic, fixed, inh, _noise(p, group)]


BUILD = {"cuba": cuba, "coba": coba, "brunel": brunel, "stdp": stdp}


def run_many():
    """Run a whole network for a while; the first part is not timed."""
    folder = tempfile.mkdtemp(prefix="brian2-")
    standalone = OPTIONS.target == "cpp_standalone"
    if standalone:
        b2.set_device("cpp_standalone", build_on_run=False, directory=folder)
        b2.prefs.devices.cpp_standalone.openmp_threads = (OPTIONS.threads > 1) * OPTIONS.threads
    else:
        b2.prefs.codegen.target = OPTIONS.target
    b2.seed(OPTIONS.seed)
    b2.defaultclock.dt = 0.1 * ms
    build = Clock()
    arrays = np.load(OPTIONS.instance) if OPTIONS.instance else None
    p, group, parts = BUILD[OPTIONS.workload](arrays)
    monitor = b2.SpikeMonitor(group, record=bool(OPTIONS.spikes))
    network = b2.Network(group, *parts, monitor)
    monitor.active = False
    network.run(OPTIONS.warm * second)
    monitor.active = True
    if standalone:
        network.run(OPTIONS.seconds * second)
        b2.device.build(directory=folder, compile=True, run=False)
        build_s, _ = build.read()
        b2.device.run(folder, with_output=False, run_args=[])
        wall_s, cpu_s = b2.device._last_run_time, None  # of the second run alone
    else:
        build_s, _ = build.read()
        clock = Clock()
        network.run(OPTIONS.seconds * second)
        wall_s, cpu_s = clock.read()
    if OPTIONS.spikes:
        tick = np.round((monitor.t / ms - OPTIONS.warm * 1000) / 0.1)
        save_spikes(OPTIONS.spikes, tick, monitor.i, OPTIONS.seconds, 0.1)
    row = bulk(p.n, OPTIONS.seconds, wall_s, cpu_s, monitor.num_spikes, p.targets)
    _emit(build_s=build_s, **row)
    shutil.rmtree(folder, ignore_errors=True)


def _loop_network(n):
    b2.defaultclock.dt = LOOP.dt_ms * ms
    names = {"tau": LOOP.tau_m_ms * ms, "v_threshold": LOOP.v_threshold}
    group = b2.NeuronGroup(
        n,
        "dv/dt = -v / tau : 1\nx : 1",
        threshold="v >= v_threshold",
        reset="v = 0",
        method="exact",
        namespace=names,
    )
    when, order = BEFORE_THRESHOLD
    group.run_regularly("v += x", when=when, order=order)
    delay = (LOOP.delay_ms - LOOP.dt_ms) * ms
    link = b2.Synapses(group, group, "w : 1", on_pre="v_post += w", delay=delay)
    _before_threshold(link)
    target, weight = loop_net.synapses(n)
    link.connect(i=np.repeat(np.arange(n), LOOP.targets), j=target.ravel())
    link.w = weight.ravel()
    return group, b2.Network(group, link)


def run_loop():
    """One tick at a time inside one ``run``, through a network operation.

    It is the fastest way in and out; calling ``run`` for each tick takes a hundred times as long.
    """
    n, latency, spikes = OPTIONS.neurons, [], 0
    group, network = _loop_network(n)
    source = loop_net.inputs(n)
    since = None

    @b2.network_operation(when="start")
    def exchange():
        nonlocal since, spikes
        if since is not None:
            fired = np.array(group.spikes)
            latency.append(time.perf_counter() - since)
            spikes += len(fired)
        x = next(source)
        since = time.perf_counter()
        group.x = x

    network.add(exchange)
    network.run((OPTIONS.ticks + LOOP.warm_ticks) * LOOP.dt_ms * ms)
    _emit(**ticks(n, LOOP.dt_ms, spikes, latency, LOOP.warm_ticks))


def run_first():
    """Import, build, run one tick; the parent knows when it started this."""
    _, network = _loop_network(OPTIONS.neurons)
    network.run(LOOP.dt_ms * ms)
    _emit(done_at=time.time(), neurons=OPTIONS.neurons)


def _emit(**row):
    threads = f", {OPTIONS.threads} threads" if OPTIONS.threads > 1 else ""
    row["variant"] = OPTIONS.target + threads
    emit(tool="Brian2", version=b2.__version__, workload=OPTIONS.workload, **row)


if __name__ == "__main__":
    OPTIONS = options(__doc__)
    {"loop": run_loop, "first": run_first}.get(OPTIONS.workload, run_many)()
