"""Every synapse rule keeps the promises of its role."""

import importlib
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from msgspec import Struct

from neuroloop.config import resolve
from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import entry
from neuroloop.core.native import f32, i32, u32
from neuroloop.core.ports import Kernel
from neuroloop.engine.row import (
    COUNT,
    IN,
    IN_META,
    OUT,
    POST,
    SIGNAL,
    STATE,
    lanes,
    params,
    slot_after,
    state_i64,
)
from neuroloop.network import Convolution, Pooling, with_weights
from neuroloop.synapses import static, value
from neuroloop.testing.kernels import check_synapse
from neuroloop.testing.promise import ContractError
from neuroloop.testing.whole import synapses

_RNG = np.random.default_rng(2)


def _connections(module):
    """Return what a kind's connections are, where they are no list of synapses."""
    whole = getattr(module, "ADDS", None) is np.int32
    kernel = _RNG.integers(-9, 10, (3, 2, 3, 3)) if whole else _RNG.normal(0, 0.3, (3, 2, 3, 3))
    return {
        Convolution: Convolution((2, 7, 6), kernel, 2, 1),
        Pooling: Pooling((3, 7, 6), 2, weight=1.0 if whole else 0.3),
    }.get(getattr(module, "FORM", None))


@pytest.mark.parametrize("kind", resolve.kinds("synapse"))
def test_synapse_rule_keeps_its_promises(kind, given, tmp_path):
    module = importlib.import_module(f"neuroloop.synapses.{kind}")
    needed = given("synapse", kind)
    settings = getattr(module, "EXAMPLE", None) if needed is None else needed(tmp_path)

    check_synapse(module, settings, _connections(module))


def _whole(build):
    return SimpleNamespace(Config=static.Config, ADDS=np.int32, SIGNAL="graded", build=build)


def test_rule_that_needs_a_delay_keeps_its_promises():
    def build(config, bundle):
        if bundle.one_delay == 0 and len(bundle.connections):
            raise ConfigError("a delay of at least a tick is wanted")
        return synapses.build(config, bundle)

    check_synapse(_whole(build))


def test_delay_that_is_refused_without_a_word_of_it_is_found():
    def build(config, bundle):
        raise ConfigError("no")

    with pytest.raises(ContractError, match="refused in words"):
        check_synapse(_whole(build))


def test_rule_that_takes_no_delay_is_found():
    def build(config, bundle):
        raise ConfigError("no delay is right")

    with pytest.raises(ContractError, match="takes one of these delays"):
        check_synapse(_whole(build))


@entry
def adds_once(arena, row):
    if i32(arena, row[IN], 1)[0]:
        slot = slot_after(arena, row[COUNT], state_i64(arena, row, 2, 1)[0])
        i32(arena, row[OUT] + 4 * lanes(row[COUNT + 1]) * slot, 1)[0] += 3


def test_payload_that_is_not_carried_is_found():
    def build(config, bundle):
        kernel = synapses.build(config, bundle)
        carried = (bundle.connections.weight == 3).all() and len(bundle.connections) == 1
        return replace(kernel, entry=adds_once) if carried else kernel

    with pytest.raises(ContractError, match="a spike that carries 3"):
        check_synapse(_whole(build))


def test_weights_of_whole_numbers_that_are_not_in_proportion_are_found():
    def build(config, bundle):
        more = with_weights(bundle.connections, bundle.connections.weight + 1)
        return synapses.build(config, replace(bundle, connections=more))

    with pytest.raises(ContractError, match="twice the first"):
        check_synapse(_whole(build))


def test_delay_that_is_a_tick_off_is_found():
    def build(config, bundle):
        return static.build(config, replace(bundle, delay=np.maximum(bundle.delay - 1, 0)))

    with pytest.raises(ContractError, match="a delay of 1 ticks"):
        check_synapse(SimpleNamespace(Config=static.Config, build=build))


def test_value_that_comes_a_tick_late_is_found():
    def build(config, bundle):
        return value.build(config, replace(bundle, delay=bundle.delay + (bundle.delay == 7)))

    with pytest.raises(ContractError, match="a delay of 7 ticks"):
        check_synapse(SimpleNamespace(Config=value.Config, SIGNAL="values", build=build))


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    signal: str = ""
    gain: float = 0.01


@entry
def deliver(arena, row):
    spikes, n = i32(arena, row[IN], row[IN_META] + 1), row[COUNT + 1]
    pre, post = u32(arena, row[STATE + 1], n), u32(arena, row[STATE + 2], n)
    delay, weight = u32(arena, row[STATE + 3], n), f32(arena, row[STATE], n)
    for k in range(spikes[0]):
        for j in range(n):
            if pre[j] == spikes[k + 1]:
                width = lanes(row[COUNT + 2])
                slot = slot_after(arena, row[COUNT], np.int64(delay[j]))
                f32(arena, row[OUT] + 4 * width * slot, width)[post[j]] += weight[j]


@entry
def learn(arena, row):
    fired, n = i32(arena, row[POST], row[COUNT + 2] + 1), row[COUNT + 1]
    post, weight = u32(arena, row[STATE + 2], n), f32(arena, row[STATE], n)
    reward = f32(arena, row[SIGNAL], row[COUNT + 2])
    for k in range(fired[0]):
        for j in range(n):
            if post[j] == fired[k + 1]:
                weight[j] += params(arena, row)[0] * reward[0]


def _learns(config, bundle):
    wired = bundle.connections
    return Kernel(
        deliver,
        learn=learn,
        params=(config.gain,),
        counts=(len(wired), bundle.n_post),
        plastic={"weight": wired.weight},
        static={"pre": wired.pre, "post": wired.post, "delay": bundle.delay.astype(np.uint32)},
    )


RULE = SimpleNamespace(Config=Settings, build=_learns)


def test_rule_that_learns_from_a_third_factor_keeps_its_promises():
    check_synapse(RULE, {"signal": "reward"})


def test_weight_that_runs_away_is_found():
    with pytest.raises(ContractError, match=r"stays finite, not in-cells\.0\.weight"):
        check_synapse(RULE, {"signal": "reward", "gain": 1e38})
