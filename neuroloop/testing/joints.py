"""Checks of what joins a network to its robot: encoders, decoders and guards."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from neuroloop.core.body import Body
from neuroloop.core.message import payload_bytes
from neuroloop.core.ports import Encoder, Kernel, Site
from neuroloop.core.values import Motion, Reading, SourceSpec, Spikes, Tick
from neuroloop.engine import row
from neuroloop.engine.arena import Assembler
from neuroloop.engine.op import Units, Word, place, slot, spiking
from neuroloop.engine.program import Plan
from neuroloop.testing.promise import promise
from neuroloop.testing.repeatable import (
    TICKS,
    check_kernel,
    check_module,
    check_repeatable,
    rain,
)
from neuroloop.testing.rig import Rig


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
        rain(rig, units)
        motion = rig.motion("wanted")
        promise(len(motion) in (0, channels), f"a motion has {channels} channels")
        promise(np.isfinite(motion).all(), "a motion is finite")
        promise(rig.stamp("wanted") < rig.t_us, "a motion is stamped with a tick there was")

    check_repeatable(rig, step)
    promise(len(rig.motion("wanted")) == channels, f"within {TICKS} ticks a motion comes out")


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
    for k in range(TICKS):
        unit = np.flatnonzero(rng.random(units) < 0.3).astype(np.uint32)
        spikes = Spikes(np.full(len(unit), 1000 * k), unit)
        motion = decoder.decode(spikes, Tick(k, 1000 * k, 1000))
        if motion is not None:
            promise(isinstance(motion, Motion), "decode() returns a Motion or None")
            promise(motion.values.shape == (channels,), f"a motion has {channels} channels")
            promise(motion.values.dtype == np.float32, "a motion is float32")
