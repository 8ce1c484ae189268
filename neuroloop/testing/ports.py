"""Checks of parts in plain Python: whether a sensor, actuator or sink keeps its promises.

>>> import numpy as np
>>> from neuroloop.core.values import Scalars
>>> from neuroloop.testing.scripted import Scripted
>>> check_source(Scripted("goal", [Scalars(0, np.float32([1.0]))]), seconds=0.1)
1
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from neuroloop.core.body import Body
from neuroloop.core.message import (
    R_BYTES,
    R_DT_US,
    R_INDEX,
    R_T_US,
    RECORD_BYTES,
    Kind,
    pack,
    payload_bytes,
)
from neuroloop.core.ports import Actuator, Finite, Sink, Source, Stateful
from neuroloop.core.values import (
    Depth,
    Frame,
    Motion,
    Ranges,
    Reading,
    Scalars,
    Sound,
    SourceSpec,
    Spikes,
    UInt8s,
)
from neuroloop.testing.promise import promise

QUICK_S = 0.1
"""a call that never waits comes back within this, on the slowest of test machines"""

_NUMBERS: dict[type, tuple[str, type]] = {
    Frame: ("grey", np.uint8),
    Depth: ("metres", np.float32),
    Ranges: ("metres", np.float32),
    Sound: ("samples", np.float32),
    Scalars: ("values", np.float32),
}


def check_source(source: Source, seconds: float = 1.0, dt_us: int = 1000) -> int:
    """Read a sensor tick by tick for ``seconds`` of run time; returns how many readings came.

    The promises: readings are of the type and shape the spec declares, stamped in order and before
    the time asked for; none comes twice; `read` does not wait; a snapshot brings the same readings
    again; one that has ended is silent.  A sensor that reads a plant has to be given one whose
    clock the caller moves; such sensors are not checked here.

    Raises
    ------
    ContractError
        Which promise is broken.
    """
    promise(isinstance(source, Source), "a sensor has `spec` and `read(until_us)`")
    spec = source.spec
    check_spec(spec)
    promise(source.spec is spec or source.spec.name == spec.name, "the spec never changes")
    last_us, total = np.iinfo(np.int64).min, 0
    for k in range(1, round(seconds * 1e6 / dt_us) + 1):
        until_us = k * dt_us
        if isinstance(source, Stateful):
            readings = _twice(source, until_us)
        else:
            readings = _timed(source.read, until_us)
        for reading in readings:
            check_reading(spec, reading)
            first, final = _stamps(reading)
            promise(first >= last_us, f"readings come in order: {first} us after {last_us} us")
            promise(final < until_us, f"a reading stamped {final} us came out before {until_us} us")
            last_us = final
        total += len(readings)
        again = source.read(until_us)
        promise(not len(again), f"no reading comes twice: {len(again)} more until {until_us} us")
    if isinstance(source, Finite) and source.ended:
        promise(not len(source.read(2**62)), "a source that has ended has nothing more to say")
    return total


def check_spec(spec: SourceSpec) -> None:
    """Check what a sensor says of itself."""
    promise(spec.name, "a sensor has a name")
    known = (*_NUMBERS, Spikes)
    promise(spec.reading in known, f"spec.reading is one of {[k.__name__ for k in known]}")
    dimensions = 2 if spec.reading in (Frame, Depth, Sound) else 1
    promise(
        len(spec.shape) == dimensions and all(n >= 1 for n in spec.shape),
        f"the shape {spec.shape} of {spec.reading.__name__} has {dimensions} positive numbers",
    )
    promise(spec.rate_hz >= 0, "rate_hz is not negative")
    promise(spec.latency_us >= 0, "latency_us is not negative")
    promise(spec.low < spec.high, "low is below high")
    promise(spec.stamped_by in ("device", "arrival"), 'stamped_by is "device" or "arrival"')
    promise(len(spec.pose) == 6, "a pose is x, y, z, roll, pitch, yaw")
    if spec.bearing_rad is not None:
        of = spec.shape[-1]
        promise(len(spec.bearing_rad) == of, f"bearing_rad has one number for each of {of}")
    promise(not spec.labels or len(spec.labels) == spec.shape[0], "a label for each number")


def check_reading(spec: SourceSpec, reading: Reading) -> None:
    """Check one reading against what its sensor declared."""
    got = type(reading).__name__
    promise(type(reading) is spec.reading, f"the spec says {spec.reading.__name__}, came {got}")
    if isinstance(reading, Spikes):
        promise(len(reading.t_us), "a batch of spikes holds at least one")
        promise(reading.t_us.dtype == np.int64, "Spikes.t_us is int64")
        promise(reading.unit.dtype == np.uint32, "Spikes.unit is uint32")
        promise(len(reading.t_us) == len(reading.unit), "Spikes has a stamp for each unit")
        promise((np.diff(reading.t_us) >= 0).all(), "spikes of a batch come in order")
        promise(int(reading.unit.max()) < spec.shape[0], f"units are below {spec.shape[0]}")
        return
    promise(isinstance(reading.t_us, int), "t_us is a plain whole number")
    name, dtype = _NUMBERS[spec.reading]
    numbers: np.ndarray[Any, Any] = getattr(reading, name)
    promise(numbers.dtype == dtype, f"{got}.{name} is {np.dtype(dtype)}, not {numbers.dtype}")
    # the last block of a recording may be short
    fits = isinstance(reading, Sound) and 0 < len(numbers) <= spec.shape[0]
    fits = fits and numbers.shape[1:] == spec.shape[1:]
    right = fits or numbers.shape == spec.shape
    promise(right, f"{got}.{name} is {spec.shape}, not {numbers.shape}")
    if isinstance(reading, Ranges):
        promise(reading.bearing_rad.shape == spec.shape, "a bearing for each beam")
        promise(not (reading.metres < 0).any(), "a distance is not negative")
    if isinstance(reading, Sound):
        promise(np.abs(reading.samples).max(initial=0) <= 1, "samples are within -1...1")


def check_actuator(actuator: Actuator) -> None:
    """Write motions and stop; the promises: neither waits, the motion is not changed.

    Raises
    ------
    ContractError
        Which promise is broken.
    """
    promise(isinstance(actuator, Actuator), "an actuator has `body`, `write` and `stop`")
    promise(isinstance(actuator.body, Body), "an actuator's body is a Body")
    limits = np.asarray(actuator.body.limits, np.float32)
    _timed(actuator.stop)
    for k, part in enumerate((1.0, -1.0, 0.5, 0.0)):
        values = limits * np.float32(part)
        given = Motion(1000 * k, values.copy())
        _timed(actuator.write, given)
        promise((given.values == values).all(), "write does not change the motion")
    for _ in range(2):
        _timed(actuator.stop)
    actuator.write(Motion(5000, limits * np.float32(0)))


def check_sink(sink: Sink, spec: SourceSpec | None = None) -> None:
    """Show a sink a few ticks; the promises: it does not wait and changes nothing.

    ``spec`` is of the sensor on port 0 whose readings it is shown, if it wants one.

    Raises
    ------
    ContractError
        Which promise is broken.
    """
    promise(isinstance(sink, Sink), "a sink has `take(record, outcome)`")
    entered = [] if spec is None else [pack(Kind.READING, 0, 0, _zeros(payload_bytes(spec)))]
    motion = np.zeros(2, np.float32).view(np.uint8)
    for k in range(5):
        record = _record(k, entered)
        outcome = _record(k, [pack(Kind.MOTION, 0, 1000 * k, motion)])
        before = record.tobytes(), outcome.tobytes()
        _timed(sink.take, record, outcome)
        promise((record.tobytes(), outcome.tobytes()) == before, "a sink changes nothing")


def entered(part: object) -> AbstractContextManager[Any]:
    """Return a part as a context manager, whether or not it holds something open."""
    from contextlib import nullcontext

    return part if isinstance(part, AbstractContextManager) else nullcontext(part)


def _zeros(n_bytes: int) -> UInt8s:
    return np.zeros(n_bytes, np.uint8)


def _record(index: int, messages: list[UInt8s]) -> UInt8s:
    head = np.zeros(RECORD_BYTES // 8, np.int64)
    record = np.concatenate([head.view(np.uint8), *messages])
    words = record.view(np.int64)
    words[R_BYTES], words[R_INDEX], words[R_T_US], words[R_DT_US] = (
        len(record),
        index,
        1000 * index,
        1000,
    )
    return record


def _stamps(reading: Reading) -> tuple[int, int]:
    if isinstance(reading, Spikes):
        return int(reading.t_us[0]), int(reading.t_us[-1])
    return reading.t_us, reading.t_us


def _timed(call: Callable[..., Any], *arguments: object) -> Any:
    """Call what must not wait, with patience for a busy machine."""
    name = call.__name__
    start = time.thread_time(), time.monotonic()
    result = call(*arguments)
    worked, passed = time.thread_time() - start[0], time.monotonic() - start[1]
    promise(passed - worked < 5 * QUICK_S, f"{name} never waits: it took {passed:.2f} s")
    promise(worked < QUICK_S, f"{name} is quick: it worked for {worked:.2f} s")
    return result


def _twice(source: Any, until_us: int) -> list[Reading]:
    """Read, go back and read again."""
    state = source.snapshot()
    promise(isinstance(state, bytes), "a snapshot is bytes")
    first = list(_timed(source.read, until_us))
    source.restore(state)
    second = list(source.read(until_us))
    same = len(first) == len(second) and all(map(_equal, first, second))
    promise(same, "after restore() a source says the same again")
    return first


def _equal(one: Reading, other: Reading) -> bool:
    names = one.__dataclass_fields__
    return all(
        np.array_equal(getattr(one, n), getattr(other, n), equal_nan=True)
        if isinstance(getattr(one, n), np.ndarray) and getattr(one, n).dtype.kind == "f"
        else np.array_equal(getattr(one, n), getattr(other, n))
        for n in names
    )
