"""The compiled student is the loop's own network, bit for bit."""

import numpy as np

from neuroloop import simulate
from neuroloop.network import load, save
from neuroloop.train.navigation import senses
from neuroloop.train.navigation.student import PARAMS, act, network, newborn, resting, tick

TICK_MS = 20.0


def _drive(student, rng, decisions):
    """Tick a student through random intensities; returns input spikes, voltages and synops."""
    state, used = resting(student), 0
    ports = np.split(np.arange(senses.UNITS), np.cumsum(list(senses.PORTS.values()))[:-1])
    fired = {name: ([], []) for name in senses.PORTS}
    voltages = []
    for k in range(5 * decisions):
        if k % 5 == 0:
            intensity = rng.random(senses.UNITS).astype(np.float32)
        used += tick(student, state, intensity, PARAMS)
        for name, units in zip(senses.PORTS, ports, strict=True):
            found = np.flatnonzero(state.phase[units] >= 1)
            fired[name][0].extend([k * TICK_MS] * len(found))
            fired[name][1].extend(found.tolist())
        # the loop counts the feedback of a tick in that tick, we in the next
        ahead = int(state.s_hidden.sum()) * len(state.s_hidden)
        voltages.append([state.v_hidden.copy(), state.v_relay.copy(), state.v_motor.copy()])
    return fired, voltages, used + ahead


def test_student_ticks_as_the_loop_does():
    student = newborn(40, 24, 16, np.random.default_rng(1))
    fired, voltages, used = _drive(student, np.random.default_rng(2), decisions=20)
    layers = ["hidden", "relay", "motor"]
    result = simulate(
        network(student),
        ticks=len(voltages),
        dt_us=20_000,
        inputs=fired,
        probe=[f"{name}.v" for name in layers],
        watch=layers,
    )
    for k, name in enumerate(layers):
        ours = np.array([v[k] for v in voltages])
        assert np.array_equal(result.probes[f"{name}.v"][:, : ours.shape[1]], ours)
        assert result.counts(name).sum() > 0
    assert result.synaptic_operations == used


def test_network_survives_its_file(tmp_path):
    student = newborn(8, 8, 8, np.random.default_rng(0))
    save(network(student), tmp_path / "network.npz")
    again = load(tmp_path / "network.npz")
    (relay,) = (p for p in again.projections if p.name == "relay-motor")
    weights = np.zeros_like(student.w_motor)
    weights[relay.connections.pre, relay.connections.post] = relay.connections.weight
    assert np.array_equal(weights, student.w_motor)
    assert np.array_equal(again.populations[0].arrays["bias"], student.b_hidden)


def test_motor_groups_push_their_wheel():
    student = newborn(8, 8, 8, np.random.default_rng(0))
    bias = np.repeat(np.float32([9, -9, -9, 9]), 2)
    for a in student:
        a[...] = 0
    student.b_motor[:] = bias
    left, right, synops = act(student, resting(student), np.zeros(senses.UNITS, np.float32), PARAMS)
    assert (left, right, synops) == (0.5, -0.5, 8 * 0)
