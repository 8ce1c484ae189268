"""Checks of what joins a network to its robot: encoders, decoders and guards."""

from collections.abc import Sequence
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from neuroloop.core.body import Body
from neuroloop.core.message import payload_bytes
from neuroloop.core.ports import Encoder, Kernel, Site, Transducer
from neuroloop.core.safety import Cause, Order
from neuroloop.core.values import Motion, Reading, SourceSpec, Spikes, Tick
from neuroloop.engine import row
from neuroloop.engine.arena import Assembler
from neuroloop.engine.op import Units, Word, place, slot, spiking
from neuroloop.engine.program import Plan
from neuroloop.testing.guarded import Guarded
from neuroloop.testing.promise import promise
from neuroloop.testing.repeatable import (
    TICKS,
    check_kernel,
    check_module,
    check_repeatable,
    rain,
)
from neuroloop.testing.rig import Rig
from neuroloop.testing.transducers import check_transducer, spaced


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
    if isinstance(built, Transducer):
        period_us = round(1e6 / spec.rate_hz) if spec.rate_hz else 10_000
        build = partial(module.build, config, Site("checked", 1, 1000, source=spec))
        check_transducer(build, spaced(readings, period_us))
        return
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
    """Check a guard's file, behind the ladder that decides in every program.

    The promises: every tick gives a motion, within the body's limits, and a small one passes as it
    is.  It is zero unless the guard is armed, before the first command, for one that is not finite
    and for one older than ``expires_us``; the ladder hears of the last two.  What a person steers
    comes before the network's, and neither goes ahead where the reflexes allow nothing.
    Everything depends on the arena alone and stays within it.

    Raises
    ------
    ContractError
        Which promise is broken.
    """
    check_module(module)
    built = module.build(config, Site("checked", 1, 1000, body=body))
    check_kernel(built)
    limits = np.asarray(body.limits, np.float32)
    _check_begin(Guarded(built, limits))
    _check_any_command(Guarded(built, limits))
    _check_doubtful(Guarded(built, limits), expires_us)
    _check_priorities(Guarded(built, limits))


def _check_begin(guard: Guarded) -> None:
    guard.order(Order.ARM)
    for _ in range(3):
        promise((guard.after() == 0).all(), "before the first command nothing moves")
    promise(not guard.causes, "before the first command nothing is doubtful")
    guard.order(Order.DISARM)
    guard.after(guard.small)
    promise(np.array_equal(guard.armed(), guard.small), "a small command passes as it is")


def _check_any_command(guard: Guarded) -> None:
    guard.armed()

    def step() -> None:
        rng = np.random.default_rng(guard.rig.index)
        wanted, steered = guard.limits * rng.normal(0.0, 3.0, (2, len(guard.limits)))
        if rng.random() < 0.1:
            guard.steer(steered)
        guard.after(wanted)

    check_repeatable(guard.rig, step)


def _check_doubtful(guard: Guarded, expires_us: int) -> None:
    small = guard.small
    for bad in (np.nan, np.inf, -np.inf):
        guard.armed()
        values = small.copy()
        values[-1] = bad
        promise((guard.after(values) == 0).all(), f"a command of {bad} means zero on every channel")
        guard.after(small)
        promise(guard.causes == {Cause.BAD_MOTION}, f"the ladder hears of a command of {bad}")
    guard.armed()
    for _ in range(expires_us // guard.rig.dt_us + 1):
        motion = guard.after()
    promise((motion == 0).all(), "a command that expired means zero")
    guard.after()
    promise(guard.causes == {Cause.EXPIRED}, "the ladder hears of a command that expired")
    guard.armed()
    old = guard.rig.t_us - expires_us - guard.rig.dt_us
    promise((guard.after(small, old) == 0).all(), "a command that comes too old means zero")
    promise((guard.armed() != 0).any(), "a fresh command moves again")


def _check_priorities(guard: Guarded) -> None:
    small = guard.small
    guard.armed()
    guard.obstacle()
    promise(guard.after(small).sum() <= 0, "nothing goes ahead where the reflexes allow nothing")
    guard.steer(-small)
    motion = guard.after(small)
    promise(np.array_equal(motion, -small), "what a person steers comes before the network's")
    guard.steer(small)
    guard.obstacle()
    promise(guard.after(-small).sum() <= 0, "the reflexes hold back what a person steers too")


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
