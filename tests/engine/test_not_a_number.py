"""A state that is no longer a number ends the run and is named, or is put back and counted."""

import numpy as np
import pytest

from neuroloop import Input, Network, Population, Projection, Simulator
from neuroloop.config import runfile
from neuroloop.core.errors import ConfigError, Exit, PartError
from neuroloop.core.message import R_BROKEN, R_INDEX, RECORD_BYTES, Kind, messages
from neuroloop.engine.finite import AT_ONCE
from neuroloop.network import one_to_one
from neuroloop.runtime.edits import edit
from neuroloop.runtime.session import played


def _pair(n=5, weight=0.5, kind="lif", **options):
    """Return two populations, of which the second gets the input."""
    link = Projection("in", "cells", one_to_one(n, weight))
    populations = (Population("others", n, "lif_exp"), Population("cells", n, kind))
    return Simulator(Network((Input("in", n),), populations, (link,)), watch=["cells"], **options)


@pytest.mark.parametrize(
    ("array", "value"), [("v", np.nan), ("v", -np.inf), ("refractory", np.inf)]
)
def test_it_is_named_with_population_array_neuron_tick_and_value(array, value):
    simulator = _pair()
    simulator.run(7)
    edited = np.zeros(5)
    edited[3] = value
    simulator.edit(f"cells.{array}", edited)

    with pytest.raises(PartError, match=r"look at .* weights") as failed:
        simulator.step()

    where = f'population "cells": cells.{array} of neuron 3 is {value} after tick 7 (0.007 s)'
    assert where in str(failed.value)
    assert failed.value.exit_code is Exit.PART_FAILED


def test_weights_that_overflow_are_found():
    simulator = _pair(weight=3e38, kind="lif_exp")
    simulator.step({"in": [2]})

    with pytest.raises(PartError, match=r'"cells": cells\.\w+ of neuron 2 is .*inf after tick 1'):
        simulator.step({"in": [2]})


def test_many_ticks_in_one_call_end_with_the_one_that_broke():
    simulator = _pair()
    simulator.run(10)
    simulator.edit("others.v", np.nan)

    with pytest.raises(PartError, match=r'"others": others\.v of neuron 0 is nan after tick 10'):
        simulator.run(1000)
    assert simulator.index == 11


def test_a_simulator_goes_on_once_the_value_has_been_mended():
    simulator = _pair()
    simulator.edit("others.v", np.nan)
    with pytest.raises(PartError):
        simulator.step()
    simulator.edit("others.v", -60.0)

    simulator.run(10)


def test_clamped_value_is_the_first_one_and_counted():
    first = [0.1, 0.2, 0.3]
    cells = Population("cells", 3, "lif", {"tau_m_ms": 1e9}, {"v": first})
    simulator = Simulator(Network(populations=(cells,)), not_a_number="clamp")
    simulator.edit("cells.v", [0.5, np.nan, -np.inf])

    simulator.run(5)

    np.testing.assert_allclose(simulator.arena["cells.v"], [0.5, 0.2, 0.3], rtol=1e-6)
    assert simulator.clamped == {"cells": 2}


def test_one_first_value_for_all_is_put_back():
    simulator = _pair(not_a_number="clamp")
    simulator.edit("others.v", np.nan)
    simulator.step()

    assert (simulator.arena["others.v"] == -60).all()
    assert simulator.clamped == {"others": 5, "cells": 0}


def test_nobody_looks_where_it_is_off():
    simulator = _pair(not_a_number="off")
    simulator.edit("others.v", np.nan)
    simulator.run(5)

    assert np.isnan(simulator.arena["others.v"]).all()


def test_policy_that_does_not_exist_is_refused():
    with pytest.raises(ConfigError, match=r'not_a_number is "clam".*did you mean "clamp"'):
        _pair(not_a_number="clam")


@pytest.mark.parametrize("policy", ["stop", "clamp"])
def test_every_neuron_of_a_large_population_is_looked_at_in_turn(policy):
    n = 3 * AT_ONCE + 5
    network = Network(populations=(Population("big", n, "lif", {"tau_m_ms": 1e9}),))
    for unit in (0, AT_ONCE // 2 - 1, AT_ONCE, n - 1):
        simulator = Simulator(network, not_a_number=policy)
        value = np.zeros(n, np.float32)
        value[unit] = np.nan
        simulator.edit("big.v", value)
        if policy == "stop":
            with pytest.raises(PartError, match=f"big.v of neuron {unit} is nan .*once in 7 ticks"):
                simulator.run(7)
        else:
            simulator.run(7)
            assert simulator.clamped == {"big": 1}
            assert (simulator.arena["big.v"] == 0).all()


@pytest.mark.parametrize("policy", ["clamp", "off"])
def test_run_that_stopped_goes_on_where_nothing_stops_it(tmp_path, policy):
    simulator = _pair()
    simulator.edit("others.v", np.nan)
    with pytest.raises(PartError):
        simulator.step()
    simulator.save(tmp_path / "broken.state")
    other = _pair(not_a_number=policy)
    other.load_state(tmp_path / "broken.state")

    other.run(10)

    assert other.index == 11
    assert other.clamped["others"] == (5 if policy == "clamp" else 0)


def test_replay_of_the_record_breaks_in_the_same_way():
    simulator = _pair()
    simulator.edit("cells.v", np.nan)
    with pytest.raises(PartError):
        simulator.step()

    words = simulator.outcome[:RECORD_BYTES].view(np.int64)
    assert words[R_BROKEN] == 2
    assert any(m.kind is Kind.EDIT for m in messages(simulator.record))


class _Watch:
    """A sink that keeps the last motion and the tick that broke."""

    def __init__(self):
        self.broken, self.motion = None, None

    def take(self, record, outcome):
        words = outcome[:RECORD_BYTES].view(np.int64)
        motion = next(m for m in messages(outcome) if m.kind is Kind.MOTION)
        self.motion = motion.floats().copy()
        if words[R_BROKEN]:
            self.broken = int(words[R_INDEX])


def _breaking(run, watch):
    """Run until tick 500 or so; then break the population that drives the wheels."""
    actuators = []

    class Actuator:
        """Wraps the real one; keeps what reaches it."""

        def __init__(self, part):
            self.body, self.written, self.stopped = part.body, [], False
            self._part = part

        def write(self, motion):
            self.written.append(np.array(motion.values))
            self._part.write(motion)

        def stop(self):
            self.stopped = True
            self._part.stop()

    class Breaker:
        def __init__(self, loop):
            self._loop, self._done = loop, False

        def take(self, record, outcome):
            if int(outcome[:RECORD_BYTES].view(np.int64)[R_INDEX]) >= 500 and not self._done:
                self._done = True
                edit(self._loop, "motor.v", np.nan)

    def onlookers(loop):
        actuators[:] = [Actuator(a) for a in loop.actuators]
        loop.actuators = actuators
        return [watch, Breaker(loop)]

    with (
        pytest.raises(PartError, match=r'population "motor": motor\.v of neuron 0 is nan'),
        played(run, onlookers),
    ):
        pass
    return actuators[0]


@pytest.mark.parametrize("clock", ["step", "wall"])
def test_run_stops_with_zero_motion(clock):
    run = runfile.load("navigate_by_hand", [f"clock.kind={clock}", "run.seconds=5"])
    watch = _Watch()
    actuator = _breaking(run, watch)

    assert (actuator.written[-1] == 0).all()
    assert any((values != 0).any() for values in actuator.written)
    assert actuator.stopped
    if clock == "step":
        assert watch.broken == 501
        assert (watch.motion == 0).all()


def test_run_file_may_ask_for_clamping():
    run = runfile.load("navigate_by_hand", ["engine.not_a_number=clamp", "run.seconds=1"])

    def onlookers(loop):
        edit(loop, "motor.v", np.nan)
        return ()

    with played(run, onlookers) as session:
        network = session.loop.program.plan.network
        names = [w.name for w in network.watched]
        clamped = session.loop.program.arena["not_a_number.clamped"]
        assert clamped[names.index("motor")] > 0


def test_run_file_with_another_policy_is_refused():
    with pytest.raises(ConfigError, match="not_a_number"):
        runfile.load("navigate_by_hand", ["engine.not_a_number=ignore"])
