"""Every neuron model keeps the promises of its role."""

import importlib
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from msgspec import Struct

from neuroloop.config import resolve
from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32
from neuroloop.core.ports import Kernel
from neuroloop.engine.row import OUT, N, fire, incoming, incoming_i32, spiking, state_f32, state_i32
from neuroloop.neurons import spike_list
from neuroloop.testing.kernels import check_neuron
from neuroloop.testing.promise import ContractError

STRENGTH = {"lif_exp": 2000.0, "lif_alpha": 2000.0, "lif_cond": 60.0, "adex": 4000.0}
"""by kind, where weights of about 1 would move nothing"""


@pytest.mark.parametrize("kind", resolve.kinds("neuron"))
def test_neuron_model_keeps_its_promises(kind, given, tmp_path):
    module = importlib.import_module(f"neuroloop.neurons.{kind}")
    needed = given("neuron", kind)
    settings = getattr(module, "EXAMPLE", None) if needed is None else needed(tmp_path)

    check_neuron(module, settings, STRENGTH.get(kind, 1.0))


def test_list_of_spikes_keeps_its_promises_when_it_has_some():
    times = [0.0, 3.0, 3.2, 20.0, 21.0, 50.0, 50.0, 1e9]

    check_neuron(spike_list, arrays={"times_ms": times, "unit": np.zeros(len(times))})


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    pass


@entry
def hoards(arena, row):
    incoming(arena, row, 0)
    fire(arena, row)


@entry
def strays(arena, row):
    n = row[N]
    state_f32(arena, row, 0, n + 1)[n] = 1.0
    x = incoming(arena, row, 0)
    x[:] = 0
    fire(arena, row)


def _model(entry_, state=None, receptors=("input",)):
    def build(config, cell):
        return Kernel(entry_, state=state or {"v": np.zeros(cell.n, np.float32)})

    return SimpleNamespace(Config=Config, RECEPTORS=receptors, build=build)


def test_input_that_is_kept_is_found():
    with pytest.raises(ContractError, match="clears the input"):
        check_neuron(_model(hoards))


def test_stray_write_is_found():
    with pytest.raises(ContractError, match="stays within its own arrays"):
        check_neuron(_model(strays))


@kernel
def _pass_on(arena, row):
    n = row[N]
    payload, x = state_i32(arena, row, 0, n), incoming_i32(arena, row, 0)
    fires = spiking(arena, row)
    for i in range(n):
        payload[i], fires[i], x[i] = x[i], x[i] != 0, 0
    fire(arena, row)


@entry
def passes_on(arena, row):
    _pass_on(arena, row)


@entry
def passes_nothing_on(arena, row):
    _pass_on(arena, row)
    state_i32(arena, row, 0, row[N])[:] = 0


def _relay(entry_, **more):
    def build(config, cell):
        state = {"payload": np.zeros(cell.n, np.int32), **more}
        return Kernel(entry_, state=state, dynamic=tuple(state))

    kind = {"INPUT": np.int32, "SIGNAL": "graded", "RECEPTORS": ("input",)}
    return SimpleNamespace(Config=Config, build=build, **kind)


def test_model_of_whole_numbers_and_graded_spikes_keeps_its_promises():
    check_neuron(_relay(passes_on))


def test_graded_spike_that_carries_nothing_is_found():
    with pytest.raises(ContractError, match="carries a payload"):
        check_neuron(_relay(passes_nothing_on))


def test_count_that_a_reset_would_lose_is_found():
    with pytest.raises(ContractError, match="leaves what was counted"):
        check_neuron(_relay(passes_on, counted=np.zeros(4, np.int64)))


def test_spikes_that_are_not_counted_are_found():
    model = _relay(passes_on, counted=np.zeros(4, np.int64))
    build = model.build
    model.build = lambda config, cell: replace(build(config, cell), dynamic=("payload",))

    with pytest.raises(ContractError, match="goes up with each spike"):
        check_neuron(model)


def test_values_that_are_no_numbers_are_found():
    @entry
    def runs_away(arena, row):
        incoming(arena, row, 0)[:] = 0
        value = f32(arena, row[OUT], row[N])
        for i in range(row[N]):
            value[i] = np.inf

    model = _model(runs_away)
    model.SIGNAL = "values"
    with pytest.raises(ContractError, match="finite values"):
        check_neuron(model)


def test_array_of_another_length_is_found():
    with pytest.raises(ContractError, match="one element a neuron"):
        check_neuron(_model(hoards, {"v": np.zeros(5, np.float32)}))


def test_array_of_a_type_no_kernel_can_see_is_found():
    def build(config, cell):
        return Kernel(hoards, state={"v": np.zeros(cell.n)})

    with pytest.raises(ConfigError, match=r"cells\.v: .* float64"):
        check_neuron(SimpleNamespace(Config=Config, RECEPTORS=("input",), build=build))


def test_receptors_that_are_one_text_are_found():
    with pytest.raises(ContractError, match="tuple of names"):
        check_neuron(_model(hoards, receptors="input"))
