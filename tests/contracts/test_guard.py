"""Every guard keeps the promises of its role."""

import importlib
from pathlib import Path
from types import SimpleNamespace

import pytest

from neuroloop.config import body, resolve
from neuroloop.core.kernel import entry
from neuroloop.core.native import f32, i64
from neuroloop.core.ports import Kernel
from neuroloop.engine.row import (
    H_T_US,
    IN,
    M_BYTES,
    M_T_US,
    META_WORDS,
    OUT,
    OUT_META,
    N,
    header,
)
from neuroloop.guard import limits
from neuroloop.testing.kernels import check_guard
from neuroloop.testing.promise import ContractError

ROVER = body.load("rover", Path(), "here")


@pytest.mark.parametrize("kind", resolve.kinds("guard"))
def test_guard_keeps_its_promises(kind):
    module = importlib.import_module(f"neuroloop.guard.{kind}")
    config = module.Config(**getattr(module, "EXAMPLE", {}))

    check_guard(module, config, ROVER, round(config.command_expires_ms * 1e3))


@entry
def lets_all_pass(arena, row):
    f32(arena, row[OUT], row[N])[:] = f32(arena, row[IN], row[N])
    meta = i64(arena, row[OUT_META], META_WORDS)
    meta[M_T_US], meta[M_BYTES] = header(arena)[H_T_US], 4 * row[N]


def test_guard_that_lets_all_pass_is_found():
    module = SimpleNamespace(Config=limits.Config, build=lambda c, s: Kernel(lets_all_pass))

    with pytest.raises(ContractError, match="within the body's limits"):
        check_guard(module, limits.Config(), ROVER, 200_000)
