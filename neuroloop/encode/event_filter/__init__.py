"""Events of an event camera → those that are worth passing on.

The filters come in this order, each seeing what those before it left: polarity and region, hot
pixels (listed, or found because they fire too often), a refractory time of each pixel and polarity,
background activity (an event with too few recent neighbours is noise), and fewer, larger pixels.
All are off unless they are set.  Units are counted as those that come in: ON row by row, then OFF.

Source of the filter of background activity: T. Delbruck, "Frame-free dynamic digital vision",
Proceedings of the International Symposium on Secure-Life Electronics, 2008.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.body import Positive
from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from neuroloop.core.values import Float32s, Int64s, Reading, SourceSpec, Spikes
from neuroloop.encode.event_filter._filters import (
    ALONE,
    BOTH,
    COLUMNS,
    DIVIDE,
    HEIGHT,
    HOT,
    LEFT,
    LONG_AGO_US,
    MERGED,
    OFF_ONLY,
    ON_ONLY,
    ROWS,
    TIRED,
    WIDTH,
    in_order,
    passed,
)

_POLARITIES = {"both": BOTH, "on": ON_ONLY, "off": OFF_ONLY, "merge": MERGED}
_COUNTED = {
    HOT: "events of hot pixels",
    TIRED: "events too soon after another",
    ALONE: "lone events",
}
_DEFAULT_CAPACITY = 4096

Microseconds = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Pixels = Annotated[int, Meta(ge=1, le=1 << 14)]
Place = Annotated[int, Meta(ge=0, lt=1 << 14)]


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[encoder.NAME]`` with ``kind = "event_filter"``."""

    input: str
    width: Pixels
    """columns of the camera; the rows follow from how many units the sensor has"""
    polarity: Literal["both", "on", "off", "merge"] = "both"
    """of events to be passed on; ``merge`` makes one unit a pixel of both"""
    region: tuple[Place, Place, Pixels, Pixels] | None = None
    """x, y, width and height of what is passed on; units are then counted in it"""
    hot_pixels: list[tuple[Place, Place]] = []
    """x and y of pixels that are never passed on"""
    hot_rate_hz: Positive | None = None
    """a pixel with more events a second is hot, until it has fewer for a whole window"""
    hot_window_us: Annotated[int, Meta(ge=1000, le=60_000_000)] = 100_000
    """over which that is counted"""
    refractory_us: Microseconds = 0
    """after an event that was passed on, further ones of its pixel and polarity are not"""
    background_us: Microseconds = 0
    """an event is passed on if a neighbour had one at most this long before it"""
    background_support: Annotated[int, Meta(ge=1, le=8)] = 1
    """so many of the eight neighbours, both polarities counted"""
    divide: Annotated[int, Meta(ge=1, le=1 << 14)] = 1
    """so many columns and rows become one pixel"""


class EventFilter:
    """Filters spikes in order of time; what it keeps of each pixel goes on from reading to reading.

    Attributes
    ----------
    units, capacity, latency_us, bearing_rad
        As those of a `Transducer`.
    """

    latency_us = 0

    def __init__(self, config: Config, source: SourceSpec, settings: Int64s) -> None:
        self._settings = settings
        columns, rows = _size(settings)
        self.units = columns * rows * (2 if config.polarity == "both" else 1)
        self.capacity = source.capacity or max(source.shape[0], _DEFAULT_CAPACITY)
        self.bearing_rad = _bearing(source.bearing_rad, settings, self.units)
        self._listed = _listed(config, settings)
        self._counts = np.zeros(3, np.int64)
        pixels = int(settings[WIDTH] * settings[HEIGHT])
        hot = pixels if config.hot_rate_hz else 0
        frame = (settings[HEIGHT] + 2, settings[WIDTH] + 2) if config.background_us else (0, 0)
        self._pixels = (
            np.full(hot, LONG_AGO_US, np.int64),
            np.zeros(hot, np.int32),
            np.zeros(hot, np.uint8),
            np.full(2 * pixels if config.refractory_us else 0, LONG_AGO_US, np.int64),
            np.full(frame, LONG_AGO_US, np.int64),
        )
        self._filter(np.empty(0, np.int64), np.empty(0, np.uint32))  # compiled before the run

    @property
    def counts(self) -> Mapping[str, int]:
        """Events that were dropped, by what they were; those not asked for are not counted."""
        return {text: int(self._counts[k]) for k, text in _COUNTED.items() if self._counts[k]}

    def transduce(self, reading: Reading) -> Spikes:
        """Return the spikes that pass, by stamp, then unit."""
        if not isinstance(reading, Spikes):
            raise TypeError(f"an event filter takes Spikes, not {type(reading).__name__}")
        t_us, unit, source = self._filter(reading.t_us, reading.unit)
        value = reading.value[source] if len(reading.value) else reading.value
        if in_order(t_us, unit):
            return Spikes(t_us, unit, value)
        order = np.lexsort((unit, t_us))
        return Spikes(t_us[order], unit[order], value[order] if len(value) else value)

    def snapshot(self) -> bytes:
        """Return what is known of each pixel, and the counts."""
        return b"".join(each.tobytes() for each in (self._counts, *self._pixels))

    def restore(self, state: bytes) -> None:
        """Go back to a snapshot of the same filter."""
        arrays: list[np.ndarray[Any, np.dtype[Any]]] = [self._counts, *self._pixels]
        if len(state) != sum(each.nbytes for each in arrays):
            raise ConfigError("the snapshot belongs to an event filter with other settings")
        at = 0
        for each in arrays:
            kept = np.frombuffer(state, each.dtype, each.size, at)
            each[...] = kept.reshape(each.shape)
            at += each.nbytes

    def _filter(self, t_us: Int64s, unit: Any) -> tuple[Int64s, Any, Int64s]:
        n = len(t_us)
        to = np.empty(n, np.int64), np.empty(n, np.uint32), np.empty(n, np.int64)
        t_us, unit = np.ascontiguousarray(t_us), np.ascontiguousarray(unit)
        known = self._listed, self._pixels, self._counts
        n = passed(t_us, unit, self._settings, *known, to)
        return to[0][:n], to[1][:n], to[2][:n]


def build(config: Config, site: Site) -> EventFilter:
    """Return the filter; raises `ConfigError` where the sensor has no such pixels."""
    source = site.source
    if source is None or source.reading is not Spikes:
        raise ConfigError(f'encoder "{site.name}": event_filter needs an event camera as its input')
    height, rest = divmod(source.shape[0], 2 * config.width)
    if rest or not height:
        raise ConfigError(
            f'encoder "{site.name}": width {config.width}: "{source.name}" has {source.shape[0]:,}'
            f" units, which are not ON and OFF of whole rows of {config.width} pixels"
        )
    left, top, columns, rows = config.region or (0, 0, config.width, height)
    if left + columns > config.width or top + rows > height:
        raise ConfigError(
            f'encoder "{site.name}": region {config.region}: reaches beyond the camera\'s'
            f" {config.width} x {height} pixels"
        )
    for x, y in config.hot_pixels:
        if x >= config.width or y >= height:
            raise ConfigError(
                f'encoder "{site.name}": hot_pixels: ({x}, {y}) is none of the camera\'s'
                f" {config.width} x {height} pixels"
            )
    return EventFilter(config, source, _settings(config, height))


def _settings(config: Config, height: int) -> Int64s:
    """Return ``int64[13]`` as `_event_filters` names them."""
    hot_us = config.hot_window_us if config.hot_rate_hz else 0
    hot_events = max(1, round((config.hot_rate_hz or 0) * hot_us * 1e-6))
    region = config.region or (0, 0, config.width, height)
    filters = (hot_us, hot_events, config.refractory_us, config.background_us)
    last = (config.background_support, config.divide)
    polarity = _POLARITIES[config.polarity]
    return np.array([config.width, height, *region, polarity, *filters, *last], np.int64)


def _size(settings: Int64s) -> tuple[int, int]:
    """Return columns and rows of what comes out."""
    divide = int(settings[DIVIDE])
    return -(-int(settings[COLUMNS]) // divide), -(-int(settings[ROWS]) // divide)


def _listed(config: Config, settings: Int64s) -> np.ndarray[Any, np.dtype[np.uint8]]:
    pixels = int(settings[WIDTH] * settings[HEIGHT])
    listed = np.zeros(pixels if config.hot_pixels else 0, np.uint8)
    for x, y in config.hot_pixels:
        listed[y * settings[WIDTH] + x] = 1
    return listed


def _bearing(of_units: Float32s | None, settings: Int64s, units: int) -> Float32s | None:
    """Return where each unit looks: the mean of its columns."""
    if of_units is None:
        return None
    left, divide = int(settings[LEFT]), int(settings[DIVIDE])
    columns = of_units[: int(settings[WIDTH])][left : left + int(settings[COLUMNS])]
    means = [columns[at : at + divide].mean() for at in range(0, len(columns), divide)]
    return np.tile(np.array(means, np.float32), units // len(means))
