"""A microphone: whatever PortAudio records from, block by block.

Needs ``pip install "neuroloop[audio]"`` and, on Linux, the system's PortAudio
(``apt-get install libportaudio2``).

PortAudio's own thread puts each block into a ring by compiled code, so that a busy interpreter
loses none of up to ``buffer_s``.  A `Sound` is stamped with the time of its last sample: how many
samples there were is exact, and this machine's clock is found from the most punctual arrivals
(`_sample_time`), so that the jitter of arrivals is not in the stamps.
"""

import math
import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.device import Device
from neuroloop.core.errors import PartError
from neuroloop.core.ports import Site
from neuroloop.core.values import Sound, SourceSpec
from sensors._run_time import RunTime
from sensors.microphone import _device
from sensors.microphone._callback import Blocks
from sensors.microphone._sample_time import SampleTime

_SILENT_S = 2.0
"""without a block, or twenty blocks' time where that is more: the device is gone"""


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the sensor."""

    device: str | int | None = None
    """number, name or part of a name, as `neuroloop list devices` says; left out, the default"""
    rate_hz: Annotated[int, Meta(ge=1000, le=384_000)] = 16_000
    """samples a second"""
    channels: Annotated[int, Meta(ge=1, le=64)] = 1
    block_ms: Annotated[float, Meta(ge=1, le=1000)] = 10.0
    """of sound in a reading"""
    buffer_s: Annotated[float, Meta(ge=0.1, le=60)] = 2.0
    """of sound that may wait while nobody reads"""
    device_ms: Annotated[float, Meta(gt=0, le=1000)] | None = None
    """of sound that the device may keep; left out, its own low value"""


class Microphone:
    """Yields blocks of sound; a context manager.

    Attributes
    ----------
    arrived_ns
        When each of the blocks that the last `read` returned came, by the monotonic clock.
    """

    def __init__(self, config: Config, site: Site) -> None:
        self._config, self._name = config, site.name
        self._where = f'sensor "{site.name}"'
        self._block = max(round(config.rate_hz * config.block_ms * 1e-3), 1)
        self._most = math.ceil(config.buffer_s * config.rate_hz / self._block)
        self._blocks = self._room()
        self._clock, self._time = SampleTime(config.rate_hz), RunTime()
        self._stream: Any = None
        self._waiting: Sound | None = None
        """stamped after the last time that was read to"""
        self._waiting_ns = 0
        self.arrived_ns: list[int] = []
        self._next = self._overflowed = 0
        self._lost = self._overflows = self._wrong = 0
        self._last_us = -1
        self._heard_s = 0.0

    def __enter__(self) -> Self:
        """Find the device and start it."""
        audio, config = _device.package(), self._config
        self._blocks.clear()
        self._clock.restart()
        self._next = self._overflowed = 0
        number = _device.find(audio, config.device, self._where)
        pointer = audio._ffi.cast("void *", self._blocks.callback)
        given = audio._ffi.cast("void *", self._blocks.given)
        settings = {
            "device": number,
            "samplerate": config.rate_hz,
            "channels": config.channels,
            "blocksize": self._block,
            "latency": "low" if config.device_ms is None else config.device_ms * 1e-3,
            "callback": pointer,
            "userdata": given,
        }
        self._stream = _device.opened(audio, self._where, settings)
        self._heard_s = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the device."""
        if self._stream is not None:
            if not _device.close(self._stream, self._blocks, self._where):
                self._blocks = self._room()  # the old one is still written to
            self._stream = None

    def _room(self) -> Blocks:
        return Blocks(self._block, self._config.channels, self._most)

    @property
    def spec(self) -> SourceSpec:
        """What it yields."""
        return SourceSpec(
            name=self._name,
            reading=Sound,
            shape=(self._block, self._config.channels),
            rate_hz=self._config.rate_hz / self._block,
            low=-1.0,
            high=1.0,
        )

    @property
    def counts(self) -> Mapping[str, int]:
        """What was lost, and where."""
        return {
            "blocks that found no room": self._lost,
            "overflows of the device": self._overflows,
            "gaps": self._clock.gaps,
            "samples missing in gaps": self._clock.missing,
            "samples that were no number or beyond -1...1": self._wrong,
        }

    def read(self, until_us: int) -> list[Sound]:
        """Return the blocks that ended before ``until_us``, which is now.

        Raises
        ------
        PartError
            Where the device is gone.
        """
        now_s = time.monotonic()
        zero_us = self._time.read(until_us, round(now_s * 1e6))
        found: list[Sound] = []
        self.arrived_ns = []
        for _ in range(self._most):  # a device that is faster than we read it must not keep us
            if zero_us is None or not (self._waiting is not None or self._take(zero_us)):
                break
            if self._waiting is not None and self._waiting.t_us >= until_us:
                break
            if self._waiting is not None:
                found.append(self._waiting)
                self.arrived_ns.append(self._waiting_ns)
            self._waiting = None
        if found:
            self._heard_s = now_s
        elif self._waiting is None:
            self._check_alive(now_s)
        return found

    def _take(self, zero_us: int) -> bool:
        """Stamp the next block, if there is one; what is from before the run is of no use."""
        block = self._blocks.take()
        if block is None:
            return False
        number, arrived_ns, overflows, samples = block
        self._lost += number - self._next
        self._overflows += overflows - self._overflowed
        self._next, self._overflowed = number + 1, overflows
        taken_us = self._clock.stamp(self._next * self._block, arrived_ns * 1e-3)
        t_us = round(taken_us) - zero_us
        if t_us >= 0:
            self._last_us = t_us = max(t_us, self._last_us + 1)
            good = np.abs(samples) <= 1.0
            if not good.all():
                self._wrong += int((~good).sum())
                samples = np.nan_to_num(samples, nan=0.0).clip(-1.0, 1.0)
            self._waiting = Sound(t_us, samples, float(self._config.rate_hz))
            self._waiting_ns = arrived_ns
        return True

    def _check_alive(self, now_s: float) -> None:
        silent_s = now_s - self._heard_s
        if silent_s > max(_SILENT_S, 20 * self._block / self._config.rate_hz):
            raise PartError(f"{self._where}: the device is gone: no sound for {silent_s:.1f} s")
        if self._stream is not None and not self._stream.active:
            raise PartError(
                f"{self._where}: the device stopped: it was unplugged, or went to sleep"
            )


def build(config: Config, site: Site) -> Microphone:
    """Return a source of `Sound`, to be entered before it is read."""
    return Microphone(config, site)


def devices() -> Sequence[Device]:
    """Return the devices that hear.

    Raises
    ------
    MachineError
        Where sounddevice or PortAudio is missing.
    """
    audio = _device.package()
    known = _device.inputs(audio)
    return [Device(str(k), str(d["name"]), tuple(_device.modes(d))) for k, d in known.items()]
