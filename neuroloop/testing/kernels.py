"""Checks of compiled parts: whether a kind's file keeps the promises of its role.

>>> from neuroloop.neurons import lif
>>> check_neuron(lif)

They run the part beside guard zones with random input, go back to a snapshot and run again; all
memory must have the same bits.  Run them with ``NUMBA_BOUNDSCHECK=1`` too: then a read outside of
an array is caught as well.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import numpy as np

from neuroloop.config import resolve
from neuroloop.core.body import Body
from neuroloop.core.kernel import Entry
from neuroloop.core.message import payload_bytes
from neuroloop.core.ports import Cell, Encoder, Kernel, Site
from neuroloop.core.values import Motion, Reading, SourceSpec, Spikes, Tick
from neuroloop.engine import row
from neuroloop.engine.arena import Assembler
from neuroloop.engine.lower import Lowering
from neuroloop.engine.op import Units, Word, place, slot, spiking
from neuroloop.engine.program import Plan
from neuroloop.network import Input, Network, Population, Projection, pairs
from neuroloop.testing.promise import promise
from neuroloop.testing.rig import Rig

_TICKS = 60
_SIZES = (1, 13, 130)
"""numbers of neurons: alone, within a line of memory, over two lines"""

Params = dict[str, float | int | str]


class _Library:
    """Finds the kind being checked by its module, all others by their names."""

    def __init__(self, role: str, module: ModuleType) -> None:
        self._role, self._module = role, module

    def kind(self, role: str, name: str, where: str) -> ModuleType:
        if role == self._role and name == "checked":
            return self._module
        return resolve.module(role, name, Path(), where)


def check_neuron(module: ModuleType, params: Params | None = None, strength: float = 1.0) -> None:
    """Check a neuron model's file; ``params`` are settings it cannot do without.

    The promises: ``Config`` and ``RECEPTORS``; arrays with one element a neuron; input is used up
    in its tick; a neuron fires once a tick at most; silenced ones do not; everything depends on
    the arena alone and stays within it.  ``strength`` scales the weights of the input.

    Raises
    ------
    ContractError
        Which promise is broken.
    """
    check_module(module)
    receptors = module.RECEPTORS
    promise(
        isinstance(receptors, tuple) and all(isinstance(r, str) and r for r in receptors),
        "RECEPTORS is a tuple of names",
    )
    settings = dict(params or {})
    for n in _SIZES:
        _check_layout(module, settings, n)
        rig = Rig(lambda to, n=n: _neurons(to, module, settings, n, strength))  # type: ignore[misc]
        run = _Neurons(rig, n)
        check_repeatable(rig, run.step)
        silent = rig.arena["cells.silent"]
        silent[:] = 1
        for _ in range(_TICKS):
            run.step()
            promise(not len(rig.spikes("cells")), "silenced neurons never fire")


class _Neurons:
    """A population under random input."""

    def __init__(self, rig: Rig, n: int) -> None:
        self._rig, self._n = rig, n

    def step(self) -> None:
        rng = np.random.default_rng(self._rig.index)
        rig, n = self._rig, self._n
        units = np.flatnonzero(rng.random(2 * n) < 0.3).astype(np.uint32)
        rig.send("in", Spikes(np.full(len(units), rig.t_us), units))
        rig.tick()
        fired = rig.spikes("cells").astype(np.int64)
        promise((np.diff(fired) > 0).all(), "a neuron fires at most once in a tick, in order")
        promise((fired < n).all(), f"neurons that fire are below {n}")
        now = rig.arena["cells.input"]
        promise((now[:, 0] == 0).all(), "a neuron kernel clears the input of its tick")


def check_synapse(module: ModuleType) -> None:
    """Check a synapse rule's file.

    The promises: a spike arrives after exactly its delay, with the synapse's first weight; no
    synapses at all are fine; everything depends on the arena alone and stays within it.

    Raises
    ------
    ContractError
        Which promise is broken.
    """
    promise(callable(getattr(module, "build", None)), "a kind's file defines `build`")
    for delay in (0, 1, 7, 64):
        _check_delay(module, delay)
    rng = np.random.default_rng(0)
    n, s = 130, 700
    connections = pairs(rng.integers(0, n, s), rng.integers(0, 13, s), rng.random(s) * 0.2)
    for delays in (np.zeros(s), np.full(s, 3.0), rng.integers(0, 9, s).astype(float)):
        network = _fan(n, 13, connections, delays)
        rig = Rig(lambda to, network=network: _lowered(to, "synapse", module, network))  # type: ignore[misc]
        check_repeatable(rig, lambda rig=rig: _rain(rig, n))  # type: ignore[misc]
    empty = _fan(3, 2, pairs([], [], []), 0.0)
    rig = Rig(lambda to: _lowered(to, "synapse", module, empty))
    _rain(rig, 3)


def check_encoder(
    module: ModuleType,
    config: Any,
    spec: SourceSpec,
    readings: Sequence[Reading],
) -> None:
    """Check an encoder's file with readings of a sensor.

    The promises: it says how many units it has; only those fire, none before there was a reading;
    everything depends on the arena alone and stays within it.

    Raises
    ------
    ContractError
        Which promise is broken.
    """
    check_module(module)
    built = module.build(config, Site("checked", 1, 1000, source=spec))
    if isinstance(built, Encoder):
        _check_python_encoder(built, readings)
        return
    check_kernel(built)
    promise(built.units >= 1, "an encoder has at least one unit")
    if built.bearing_rad is not None:
        promise(len(built.bearing_rad) == built.units, "bearing_rad has one number a unit")
    rig = Rig(lambda to: _encoder(to, built, spec))
    for _ in range(20):
        rig.tick()
        promise(not len(rig.spikes("units")), "an encoder is silent before its first reading")

    def step() -> None:
        if rig.index % 5 == 0:
            rig.send("sensor", readings[rig.index // 5 % len(readings)])
        rig.tick()
        promise((rig.spikes("units") < built.units).all(), f"units are below {built.units}")

    check_repeatable(rig, step)


def check_decoder(module: ModuleType, config: Any, body: Body, units: int = 20) -> None:
    """Check a decoder's file on a population of ``units`` neurons.

    The promises: one finite number a channel; the stamp is that of a tick there was; everything
    depends on the arena alone and stays within it.

    Raises
    ------
    ContractError
        Which promise is broken.
    """
    check_module(module)
    channels = len(body.channels)
    built = module.build(config, Site("checked", 1, 1000, body=body, units=units))
    if not isinstance(built, Kernel):
        _check_python_decoder(built, channels, units)
        return
    check_kernel(built)
    rig = Rig(lambda to: _decoder(to, built, units, channels))

    def step() -> None:
        _rain(rig, units)
        motion = rig.motion("wanted")
        promise(len(motion) in (0, channels), f"a motion has {channels} channels")
        promise(np.isfinite(motion).all(), "a motion is finite")
        promise(rig.stamp("wanted") < rig.t_us, "a motion is stamped with a tick there was")

    check_repeatable(rig, step)
    promise(len(rig.motion("wanted")) == channels, f"within {_TICKS} ticks a motion comes out")


def check_guard(module: ModuleType, config: Any, body: Body, expires_us: int) -> None:
    """Check a guard's file.

    The promises: every tick gives a motion, within the body's limits; it is zero before the first
    command, for one that is not finite, and for one older than ``expires_us``; everything depends
    on the arena alone and stays within it.

    Raises
    ------
    ContractError
        Which promise is broken.
    """
    check_module(module)
    built = module.build(config, Site("checked", 1, 1000, body=body))
    check_kernel(built)
    limits = np.asarray(body.limits, np.float32)
    rig = Rig(lambda to: _guard(to, built, len(limits)))

    def after(values: Any, t_us: int | None = None) -> np.ndarray[Any, Any]:
        if values is not None:
            stamp = rig.t_us if t_us is None else t_us
            rig.send("wanted", Motion(stamp, np.asarray(values, np.float32)))
        rig.tick()
        motion = rig.motion("allowed")
        promise(len(motion) == len(limits), f"a motion has {len(limits)} channels")
        promise(rig.stamp("allowed") == rig.t_us - rig.dt_us, "a motion is stamped with its tick")
        promise((np.abs(motion) <= limits).all(), "a motion is within the body's limits")
        return motion

    promise((after(None) == 0).all(), "before the first command nothing moves")

    def step() -> None:
        rng = np.random.default_rng(rig.index)
        after(limits * rng.normal(0.0, 3.0, len(limits)))

    check_repeatable(rig, step)
    small = limits * np.float32(0.25)
    promise(np.array_equal(after(small), small), "a small command passes as it is")
    for bad in (np.nan, np.inf, -np.inf):
        values = small.copy()
        values[-1] = bad
        promise((after(values) == 0).all(), f"a command of {bad} means zero on every channel")
    after(small)
    for _ in range(expires_us // rig.dt_us + 2):
        motion = after(None)
    promise((motion == 0).all(), "a command that expired means zero")
    old = rig.t_us - expires_us - rig.dt_us
    promise((after(small, old) == 0).all(), "a command that comes too old means zero")
    promise((after(small) != 0).any(), "a fresh command moves again")


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
    for _ in range(_TICKS // 3):
        step()
    middle = rig.snapshot()
    ends = []
    for _ in range(2):
        for _ in range(_TICKS):
            step()
        ends.append(rig.snapshot())
        rig.restore(middle)
    promise(ends[0] == ends[1], "from the same snapshot and the same input comes the same")


def _check_layout(module: ModuleType, settings: Params, n: int) -> None:
    config = msgspec.convert(settings, module.Config)
    built = module.build(config, Cell(n, 1.0, np.random.default_rng(0)))
    check_kernel(built)
    for name, value in built.state.items():
        shape = np.shape(value)
        promise(shape[:1] == (n,), f"state array {name} has one element a neuron, not {shape}")


def _check_delay(module: ModuleType, delay: int) -> None:
    connections = pairs([0, 1], [0, 1], [0.25, 0.5])
    network = _fan(2, 2, connections, float(delay))
    rig = Rig(lambda to: _lowered(to, "synapse", module, network))
    rig.send("in", Spikes(np.zeros(1, np.int64), np.array([1], np.uint32)))
    for k in range(delay + 3):
        rig.tick()
        current = rig.arena["cells.c"]
        wanted = 0.5 if k == delay else 0.0
        promise(
            current[0] == 0 and current[1] == np.float32(wanted),
            f"a spike with a delay of {delay} ticks and a weight of 0.5 arrives in tick {delay}, "
            f"in tick {k} came {current[1]}",
        )


def _fan(n: int, m: int, connections: Any, delay: Any) -> Network:
    """Return a network of one projection whose arriving weights show in ``cells.c``."""
    return Network(
        (Input("in", n),),
        (Population("cells", m, "current_lif", {"current_decay": 0.0}),),
        (Projection("in", "cells", connections, delay, kind="checked"),),
    )


def _rain(rig: Rig, n: int) -> None:
    """Run a tick in which some of the units of "in" spike."""
    rng = np.random.default_rng(rig.index)
    units = np.flatnonzero(rng.random(n) < 0.3).astype(np.uint32)
    rig.send("in", Spikes(np.full(len(units), rig.t_us), units))
    rig.tick()


def _lowered(to: Assembler, role: str, module: ModuleType, network: Network) -> Plan:
    inputs = {i.name: spiking(to, i.name, i.n) for i in network.inputs}
    ops, units = Lowering(to, _Library(role, module), 1000, 1).network(network, inputs)
    return Plan(ops, list(inputs.values()), [units["cells"]])


def _neurons(to: Assembler, module: ModuleType, settings: Params, n: int, strength: float) -> Plan:
    """Place ``n`` neurons, each with an input that excites and one that inhibits, a receptor."""
    both = np.concatenate([np.full(n, 1.5), np.full(n, -0.5)]) * strength
    connections = pairs(np.arange(2 * n), np.tile(np.arange(n), 2), both)
    network = Network(
        (Input("in", 2 * n),),
        (Population("cells", n, "checked", settings),),
        tuple(Projection("in", "cells", connections, receptor=r) for r in module.RECEPTORS),
    )
    return _lowered(to, "neuron", module, network)


def _encoder(to: Assembler, kernel: Kernel, spec: SourceSpec) -> Plan:
    seen = slot(to, "sensor", payload_bytes(spec))
    units = spiking(to, "units", kernel.units, kernel.capacity)
    words: dict[int, Word] = {
        row.N: units.n,
        row.IN: seen.data,
        row.IN_META: seen.meta,
        row.OUT: units.spikes,
        row.OUT_META: units.capacity,
    }
    return Plan([place(to, "encoder", kernel, words)], [seen, units], [units])


def _decoder(to: Assembler, kernel: Kernel, n: int, channels: int) -> Plan:
    units: Units = spiking(to, "in", n)
    wanted = slot(to, "wanted", 4 * channels)
    words: dict[int, Word] = {
        row.N: units.n,
        row.IN: units.spikes,
        row.IN_META: units.capacity,
        row.OUT: wanted.data,
        row.OUT_META: wanted.meta,
    }
    return Plan([place(to, "decoder", kernel, words)], [units], [wanted])


def _guard(to: Assembler, kernel: Kernel, channels: int) -> Plan:
    wanted, allowed = slot(to, "wanted", 4 * channels), slot(to, "allowed", 4 * channels)
    words: dict[int, Word] = {
        row.N: channels,
        row.IN: wanted.data,
        row.IN_META: wanted.meta,
        row.OUT: allowed.data,
        row.OUT_META: allowed.meta,
    }
    return Plan([place(to, "guard", kernel, words)], [wanted], [allowed])


def _check_python_encoder(encoder: Encoder, readings: Sequence[Reading]) -> None:
    promise(encoder.units >= 1, "an encoder has at least one unit")
    for k, reading in enumerate(readings):
        spikes = encoder.encode(reading, Tick(k, 1000 * k, 1000))
        promise(isinstance(spikes, Spikes), "encode() returns Spikes")
        promise((np.asarray(spikes.unit) < encoder.units).all(), f"units are below {encoder.units}")
        promise(len(spikes.t_us) == len(spikes.unit), "Spikes has a stamp for each unit")


def _check_python_decoder(decoder: Any, channels: int, units: int) -> None:
    promise(callable(getattr(decoder, "decode", None)), "a decoder is a Kernel or has `decode`")
    rng = np.random.default_rng(0)
    for k in range(_TICKS):
        unit = np.flatnonzero(rng.random(units) < 0.3).astype(np.uint32)
        spikes = Spikes(np.full(len(unit), 1000 * k), unit)
        motion = decoder.decode(spikes, Tick(k, 1000 * k, 1000))
        if motion is not None:
            promise(isinstance(motion, Motion), "decode() returns a Motion or None")
            promise(motion.values.shape == (channels,), f"a motion has {channels} channels")
            promise(motion.values.dtype == np.float32, "a motion is float32")
