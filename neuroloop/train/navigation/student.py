"""The network that learns, as plain arrays, and as the `Network` that the loop runs.

Inputs → ``hidden`` (recurrent, one tick of delay) → ``relay`` → ``motor``: current-based LIF
neurons that cascade within a tick.  ``motor`` is four equal groups: left wheel forward and
backward, right wheel forward and backward; a group that fires in every tick asks for full speed.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.kernel import kernel
from neuroloop.engine.generate import draw
from neuroloop.network import Input, Network, Population, Projection, dense
from neuroloop.neurons.current_lif import update
from neuroloop.train.navigation import senses

TICKS = 5
"""ticks a decision"""
TICK_MS = 20.0
CURRENT_DECAY, VOLTAGE_DECAY, V_THRESHOLD = 0.5, 0.75, 0.5
FULL_MPS = 0.5

Array = NDArray[np.float32]


class Student(NamedTuple):
    """Weights as ``float32[pre, post]`` and biases as ``float32[n]``."""

    w_in: Array
    w_rec: Array
    w_relay: Array
    w_motor: Array
    b_hidden: Array
    b_relay: Array
    b_motor: Array


class State(NamedTuple):
    """What the neurons keep between ticks; `c`, `v` are ``float32[n]``, spikes ``uint8[n]``."""

    phase: Array
    random: NDArray[np.uint32]
    x_hidden: Array
    c_hidden: Array
    v_hidden: Array
    s_hidden: NDArray[np.uint8]
    x_relay: Array
    c_relay: Array
    v_relay: Array
    s_relay: NDArray[np.uint8]
    x_motor: Array
    c_motor: Array
    v_motor: Array
    s_motor: NDArray[np.uint8]


PARAMS = np.array([CURRENT_DECAY, VOLTAGE_DECAY, V_THRESHOLD], np.float32)


def newborn(hidden: int, relay: int, motor: int, rng: np.random.Generator) -> Student:
    """Return a student that knows nothing: random weights that let about a quarter fire."""

    def weights(pre: int, post: int, gain: float) -> Array:
        return rng.normal(0.0, gain / np.sqrt(pre), (pre, post)).astype(np.float32)

    return Student(
        weights(senses.UNITS, hidden, 0.7),
        weights(hidden, hidden, 0.15),
        weights(hidden, relay, 0.7),
        weights(relay, motor, 0.7),
        np.full(hidden, 0.02, np.float32),
        np.full(relay, 0.05, np.float32),
        np.full(motor, 0.05, np.float32),
    )


def resting(student: Student) -> State:
    """Return the state of a network that has not run yet."""
    layers: list[Any] = []
    for bias in (student.b_hidden, student.b_relay, student.b_motor):
        layers += [np.zeros(len(bias), np.float32) for _ in range(3)]
        layers.append(np.zeros(len(bias), np.uint8))
    units = len(student.w_in)
    return State(np.zeros(units, np.float32), np.ones(units, np.uint32), *layers)


@kernel
def rest(state):
    """Put a state back to the beginning."""
    for k in range(len(state.phase)):
        state.phase[k] = 0
    for a in (state.x_hidden, state.x_relay, state.x_motor):
        a[:] = 0
    for a in (state.c_hidden, state.c_relay, state.c_motor):
        a[:] = 0
    for a in (state.v_hidden, state.v_relay, state.v_motor):
        a[:] = 0
    for a in (state.s_hidden, state.s_relay, state.s_motor):
        a[:] = 0


@kernel
def deliver(fired, weight, x):
    """Add the rows of the units that fired; returns the number of synapses used."""
    used = 0
    n = x.shape[0]
    for i in range(fired.shape[0]):
        if fired[i]:
            row = weight[i]
            for j in range(n):
                x[j] += row[j]
            used += n
    return used


@kernel
def tick(student, state, intensity, params):
    """Run one tick; returns the number of synaptic operations."""
    used = deliver(state.s_hidden, student.w_rec, state.x_hidden)
    draw(intensity, state.phase, state.random, 0, np.float32(1.0))
    used += deliver(state.phase >= np.float32(1.0), student.w_in, state.x_hidden)
    update(state.c_hidden, state.v_hidden, student.b_hidden, state.x_hidden, state.s_hidden, params)
    used += deliver(state.s_hidden, student.w_relay, state.x_relay)
    update(state.c_relay, state.v_relay, student.b_relay, state.x_relay, state.s_relay, params)
    used += deliver(state.s_relay, student.w_motor, state.x_motor)
    update(state.c_motor, state.v_motor, student.b_motor, state.x_motor, state.s_motor, params)
    return used


@kernel
def act(student, state, intensity, params):
    """Run the ticks of one decision; returns the wheels' speeds and the synaptic operations."""
    used = 0
    n = state.s_motor.shape[0]
    group = n // 4
    fired = np.zeros(4)
    for _ in range(TICKS):
        used += tick(student, state, intensity, params)
        for i in range(n):
            fired[i // group] += state.s_motor[i]
    full = FULL_MPS / (group * TICKS)
    return (fired[0] - fired[1]) * full, (fired[2] - fired[3]) * full, used


def network(student: Student) -> Network:
    """Return the same as a network for the loop, to be run in ticks of 20 ms."""
    params = {
        "current_decay": CURRENT_DECAY,
        "voltage_decay": VOLTAGE_DECAY,
        "v_threshold": V_THRESHOLD,
    }
    layers = {
        "hidden": student.b_hidden,
        "relay": student.b_relay,
        "motor": student.b_motor,
    }
    ends = np.cumsum(list(senses.PORTS.values()))[:-1]
    ports = zip(senses.PORTS, np.split(student.w_in, ends), strict=True)
    return Network(
        inputs=tuple(Input(name, n) for name, n in senses.PORTS.items()),
        populations=tuple(
            Population(name, len(bias), "current_lif", params, {"bias": bias})
            for name, bias in layers.items()
        ),
        projections=(
            *(Projection(name, "hidden", dense(w.T)) for name, w in ports),
            Projection("hidden", "hidden", dense(student.w_rec.T), TICK_MS),
            Projection("hidden", "relay", dense(student.w_relay.T)),
            Projection("relay", "motor", dense(student.w_motor.T)),
        ),
    )
