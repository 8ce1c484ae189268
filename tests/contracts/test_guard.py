"""Every guard keeps the promises of its role."""

import importlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from neuroloop.config import body, resolve
from neuroloop.core.kernel import entry, inline
from neuroloop.core.native import f32, i64
from neuroloop.core.ports import Kernel
from neuroloop.core.safety import State
from neuroloop.engine.row import (
    BLOCK_AT,
    H_GUARD,
    H_T_US,
    IN,
    IN_META,
    M_BYTES,
    M_SERIAL,
    M_T_US,
    META_WORDS,
    OUT,
    OUT_META,
    N,
    header,
)
from neuroloop.guard import limits
from neuroloop.safety.block import B_CAUSES, BLOCK_WORDS
from neuroloop.testing.kernels import check_guard
from neuroloop.testing.promise import ContractError

ROVER = body.load("rover", Path(), "here")
LIMIT = ROVER.drive.max_wheel_mps
ARMED = int(State.ARMED)
EXPIRES_US = 200_000


@pytest.mark.parametrize("kind", resolve.kinds("guard"))
def test_guard_keeps_its_promises(kind):
    module = importlib.import_module(f"neuroloop.guard.{kind}")
    config = module.Config(**getattr(module, "EXAMPLE", {}))

    check_guard(module, config, ROVER, round(config.command_expires_ms * 1e3))


@inline
def stamp(arena, row):
    meta = i64(arena, row[OUT_META], META_WORDS)
    meta[M_T_US], meta[M_BYTES] = header(arena)[H_T_US], 4 * row[N]


@entry
def lets_all_pass(arena, row):
    f32(arena, row[OUT], row[N])[:] = f32(arena, row[IN], row[N])
    stamp(arena, row)


@entry
def stays_within_the_body(arena, row):
    wanted, allowed = f32(arena, row[IN], row[N]), f32(arena, row[OUT], row[N])
    for c in range(row[N]):
        good = abs(wanted[c]) <= LIMIT
        allowed[c] = wanted[c] if good and header(arena)[H_GUARD] == ARMED else 0
    stamp(arena, row)


@entry
def is_afraid_before_the_first_command(arena, row):
    f32(arena, row[OUT], row[N])[:] = 0
    if i64(arena, row[IN_META], META_WORDS)[M_SERIAL] == 0:
        i64(arena, row[BLOCK_AT], BLOCK_WORDS)[B_CAUSES] |= 1
    stamp(arena, row)


@entry
def never_moves(arena, row):
    f32(arena, row[OUT], row[N])[:] = 0
    stamp(arena, row)


@pytest.mark.parametrize(
    ("bad", "promise"),
    [
        (lets_all_pass, "nothing moves while the guard is not armed"),
        (is_afraid_before_the_first_command, "before the first command nothing is doubtful"),
        (never_moves, "a small command passes as it is"),
        (stays_within_the_body, "a command of nan means zero on every channel"),
    ],
)
def test_guard_that_breaks_a_promise_is_found(bad, promise):
    module = SimpleNamespace(Config=limits.Config, build=lambda c, s: Kernel(bad))

    with pytest.raises(ContractError, match=promise):
        check_guard(module, limits.Config(), ROVER, EXPIRES_US)


@pytest.mark.parametrize(
    ("wrong", "promise"),
    [
        ({"command_expires_ms": 300.0}, "a command that expired means zero"),
        ({"max_speed_mps": 0.01}, "a small command passes as it is"),
    ],
)
def test_guard_that_keeps_other_times_or_limits_is_found(wrong, promise):
    config = limits.Config(**wrong)

    with pytest.raises(ContractError, match=promise):
        check_guard(limits, config, ROVER, EXPIRES_US)


def test_guard_whose_limits_are_beyond_the_bodys_is_found():
    body = ROVER.drive.__class__(0.035, 0.23, 10 * LIMIT, 5.0)

    def build(config, site):
        faster = SimpleNamespace(drive=body, channels=("l", "r"), limits=np.full(2, 10 * LIMIT))
        return limits.build(config, SimpleNamespace(body=faster))

    module = SimpleNamespace(Config=limits.Config, build=build)
    with pytest.raises(ContractError, match="within the body's limits"):
        check_guard(module, limits.Config(), ROVER, EXPIRES_US)
