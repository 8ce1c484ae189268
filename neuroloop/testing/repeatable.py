"""What the checks of every compiled part begin with: the file's layout, and that runs repeat."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import msgspec
import numpy as np

from neuroloop.core.kernel import Entry
from neuroloop.core.ports import Kernel
from neuroloop.core.values import Spikes
from neuroloop.testing.promise import promise
from neuroloop.testing.rig import Rig

TICKS = 60


def check_module(module: ModuleType) -> None:
    """Check that a file defines ``Config`` and ``build`` as every part's does."""
    config = getattr(module, "Config", None)
    is_struct = isinstance(config, type) and issubclass(config, msgspec.Struct)
    promise(is_struct, "a part's file defines `Config`, a msgspec.Struct")
    settings = module.Config.__struct_config__
    promise(settings.frozen, "Config is frozen")
    promise(settings.forbid_unknown_fields, "Config refuses unknown fields")
    promise(callable(getattr(module, "build", None)), "a part's file defines `build`")


def check_kernel(kernel: Any) -> None:
    """Check that what ``build`` returned is laid out as a kernel is."""
    promise(isinstance(kernel, Kernel), "build() returns a Kernel")
    promise(isinstance(kernel.entry, Entry), "Kernel.entry is made by @entry")
    promise(np.isfinite(np.asarray(kernel.params, float)).all(), "parameters are finite numbers")


def check_repeatable(rig: Rig, step: Callable[[], None]) -> None:
    """Run on, go back to a snapshot, run again: the whole memory has to be the same."""
    for _ in range(TICKS // 3):
        step()
    middle = rig.snapshot()
    ends = []
    for _ in range(2):
        for _ in range(TICKS):
            step()
        ends.append(rig.snapshot())
        rig.restore(middle)
    promise(ends[0] == ends[1], "from the same snapshot and the same input comes the same")


def rain(rig: Rig, n: int) -> None:
    """Run a tick in which some of the units of "in" spike."""
    rng = np.random.default_rng(rig.index)
    units = np.flatnonzero(rng.random(n) < 0.3).astype(np.uint32)
    rig.send("in", Spikes(np.full(len(units), rig.t_us), units))
    rig.tick()
