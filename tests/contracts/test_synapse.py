"""Every synapse rule keeps the promises of its role."""

import importlib
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from msgspec import Struct

from neuroloop.config import resolve
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
)
from neuroloop.network import Convolution, Pooling
from neuroloop.synapses import static, value
from neuroloop.testing.kernels import check_synapse
from neuroloop.testing.promise import ContractError

_RNG = np.random.default_rng(2)
CONNECTIONS = {
    "convolution": Convolution((2, 7, 6), _RNG.normal(0, 0.3, (3, 2, 3, 3)), 2, 1),
    "pooling": Pooling((3, 7, 6), 2, weight=0.3),
}
"""by kind, where they are no list of synapses"""


@pytest.mark.parametrize("kind", resolve.kinds("synapse"))
def test_synapse_rule_keeps_its_promises(kind):
    module = importlib.import_module(f"neuroloop.synapses.{kind}")

    check_synapse(module, getattr(module, "EXAMPLE", None), CONNECTIONS.get(kind))


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
