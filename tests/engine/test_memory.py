"""A network that does not fit into memory is refused before it takes any."""

import numpy as np
import pytest

from neuroloop import Input, Network, Population, Projection, Simulator
from neuroloop.core.errors import MachineError
from neuroloop.engine import memory
from neuroloop.engine.arena import Assembler
from neuroloop.network import pairs


@pytest.fixture
def free(monkeypatch):
    """Set what is free."""

    def say(n_bytes):
        monkeypatch.setattr(memory, "free_bytes", lambda: n_bytes)

    return say


def test_what_is_free_is_known():
    assert memory.free_bytes() > 1 << 26


@pytest.mark.parametrize("text", ["", "MemFree: 1 kB\n", "MemAvailable: many kB\n"])
def test_it_may_be_unknown(tmp_path, monkeypatch, text):
    file = tmp_path / "meminfo"
    file.write_text(text)
    monkeypatch.setattr(memory, "_MEMINFO", file)

    assert memory.free_bytes() is None


def test_machine_without_the_file_says_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "absent")

    memory.check({"all": 1 << 60})


def test_largest_fields_are_named(free):
    free(100_000_000)
    to = Assembler()
    for name, n in (("a", 1), ("d", 10_000_000), ("c", 20_000_000), ("b", 5_000_000)):
        to.field(name, np.float32, (n,))

    with pytest.raises(MachineError) as refused:
        to.build()

    assert str(refused.value) == (
        "this network needs 140.0 MB of memory and 100.0 MB are free; the largest of it: c 80.0 "
        "MB, d 40.0 MB, b 20.0 MB"
    )


def test_neurons_are_counted_before_any_is_made(free):
    free(1 << 30)
    network = Network(populations=(Population("huge", 1 << 30),))

    with pytest.raises(MachineError, match=r"needs 15\.0 GB of memory .* huge 15\.0 GB"):
        Simulator(network)


def test_slots_of_long_delays_are_counted_before_the_next_part_is_built(free):
    free(1 << 26)
    link = Projection("in", "cells", pairs([0], [0], 1.0), 60_000.0)
    network = Network((Input("in", 1),), (Population("cells", 1000),), (link,))

    with pytest.raises(MachineError, match=r"cells\.input 268\.4 MB"):
        Simulator(network)


def test_layout_is_refused_before_it_is_built(free):
    free(1 << 26)
    link = Projection("in", "cells", pairs([0], [0], [1.0]), layout="dense")
    network = Network((Input("in", 8192),), (Population("cells", 8192),), (link,))

    with pytest.raises(MachineError, match="synapses in layout dense 268"):
        Simulator(network)


def test_first_values_that_nobody_else_holds_are_not_counted_twice(free):
    to = Assembler()
    for k in range(8):
        to.array(f"field{k}", np.ones(1 << 22, np.float32))
    free(1 << 25)

    arena = to.build()

    assert all((arena[f"field{k}"] == 1).all() for k in range(8))


def test_first_values_that_somebody_holds_are(free):
    to, kept = Assembler(), [np.ones(1 << 22, np.float32) for _ in range(8)]
    for k, value in enumerate(kept):
        to.array(f"field{k}", value)
    free(1 << 25)

    with pytest.raises(MachineError, match=r"needs 134\.2 MB"):
        to.build()
