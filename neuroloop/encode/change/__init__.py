"""Frames → ON and OFF events where the logarithm of the brightness changed, as event cameras do.

Each pixel remembers the level of its last event.  Where the level, which moves in a straight line
from frame to frame, differs from it by a threshold, the pixel gives an event, stamped with the time
at which it did so: unit ``y * w + x`` for brighter (ON), and ``w * h`` more for darker (OFF).  The
first frame sets the levels.  `docs/change_encoder.md` has the model with its equations, sources and
figures; each of the files ``_*.py`` here has a part of it.

Sources: P. Lichtsteiner, C. Posch and T. Delbruck, "A 128x128 120 dB 15 us latency asynchronous
temporal contrast vision sensor", IEEE Journal of Solid-State Circuits 43(2), 2008; Y. Hu, S.-C. Liu
and T. Delbruck, "v2e: From video frames to realistic DVS events", CVPR workshops, 2021; H. Rebecq,
D. Gehrig and D. Scaramuzza, "ESIM: an open event camera simulator", CoRL 2018.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.body import Fraction
from neuroloop.core.errors import ConfigError, PartError
from neuroloop.core.ports import Site
from neuroloop.core.values import Frame, Reading, Spikes
from neuroloop.encode.change._pixels import Lost, Model, Pixels
from neuroloop.encode.change._stamps import Place, Stamps
from neuroloop.encode.change._window import Window

Threshold = Annotated[float, Meta(ge=0.01, le=10)]
Rate = Annotated[float, Meta(ge=0, le=1000)]
"""of a pixel, in Hz"""
Preset = Literal["clean", "noisy"]

_ROOM = 4096
_PRESETS: dict[str, dict[str, float]] = {
    "clean": {
        "threshold_sigma": 0.0,
        "cutoff_hz": 0.0,
        "leak_hz": 0.0,
        "shot_noise_hz": 0.0,
    },
    "noisy": {
        "threshold_sigma": 0.03,
        "cutoff_hz": 200.0,
        "leak_hz": 1.0,
        "shot_noise_hz": 10.0,
    },
}


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[encoder.NAME]`` with ``kind = "change"``."""

    input: str
    preset: Preset = "clean"
    """what the settings below are where they are left out: ``clean`` has no noise"""
    threshold: Threshold = 0.2
    """of ON events, in units of the natural logarithm: 0.2 is about a fifth"""
    threshold_off: Threshold | None = None
    """of OFF events; left out, that of ON events"""
    threshold_sigma: Annotated[float, Meta(ge=0, le=1)] | None = None
    """standard deviation of the pixels' thresholds; clean 0, noisy 0.03"""
    most: Annotated[int, Meta(ge=1, le=255)] = 16
    """events of a pixel in a frame; further ones are lost"""
    refractory_us: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    """least time between two events of a pixel that light causes"""
    cutoff_hz: Annotated[float, Meta(ge=0, le=1e6)] | None = None
    """bandwidth of a pixel in white light, 0 for none; clean 0, noisy 200"""
    leak_hz: Rate | None = None
    """ON events of a pixel where nothing changes; clean 0, noisy 1"""
    leak_jitter: Annotated[float, Meta(ge=0, le=0.25)] = 0.1
    """spread of the times between them, relative"""
    shot_noise_hz: Rate | None = None
    """random events of a pixel in the dark, a quarter of it in white light; clean 0, noisy 10"""
    hot_pixels: Fraction = 0.0
    """part of the pixels that are hot"""
    hot_pixel_hz: Rate = 100.0
    """ON events of each of them"""
    interpolate: bool = True
    """stamp events between the frames, which takes a frame's period more; else as their frame"""
    region: Annotated[list[Annotated[int, Meta(ge=0)]], Meta(min_length=4, max_length=4)] | None = (
        None
    )
    """left, top, width, height in pixels of the camera that are seen; left out, all"""
    pool: Annotated[int, Meta(ge=1, le=64)] = 1
    """side of the squares of pixels that become one"""
    most_events: Annotated[int, Meta(ge=1, le=100_000_000)] | None = None
    """of a frame, of more some are left out, evenly; left out, one a unit, and at least 4,096"""
    max_rate_hz: Annotated[float, Meta(gt=0, le=1e12)] | None = None
    """events a second of all pixels together, of more some are left out, evenly"""


class Change:
    """The pixels of an event camera; gets frames, gives events."""

    def __init__(self, config: Config, site: Site) -> None:
        where = f'encoder "{site.name}"'
        if site.source is None or site.source.reading is not Frame:
            raise ConfigError(f"{where}: change needs a camera as its input")
        rate_hz = site.source.rate_hz
        if config.interpolate and not rate_hz > 0:
            raise ConfigError(
                f'{where}: "{site.source.name}" does not say how many frames a second it gives; '
                "set its rate, or interpolate = false"
            )
        period_us = round(1e6 / rate_hz) if rate_hz > 0 else 0
        self._where, self._shape = where, tuple(site.source.shape)
        self._window = Window(self._shape, config.region, config.pool, where)
        pixels = self._window.width * self._window.height
        self.units = 2 * pixels
        self.latency_us = period_us if config.interpolate else 0
        self._most = config.most_events or max(self.units, _ROOM)
        frames = max(1, -(-site.dt_us // period_us)) if period_us else 1
        self.capacity = frames * self._most
        columns = site.source.bearing_rad
        self.bearing_rad = None if columns is None else self._window.bearing_rad(columns)
        self._pixels = Pixels(_model(config), pixels, self._most, site.rng())
        self._stamps = Stamps(period_us, self.latency_us)
        self._max_rate_hz = config.max_rate_hz
        self._credit = 0.0

    @property
    def counts(self) -> Mapping[str, int]:
        """What was lost or met so far."""
        lost = self._pixels.lost
        return {
            **self._stamps.counts,
            "events beyond `most` of a pixel": lost.beyond_most,
            "events beyond what a frame may give": lost.beyond_room,
        }

    def transduce(self, reading: Reading) -> Spikes:
        """Return the events of a frame, stamped after the frame before, up to this one.

        Raises
        ------
        PartError
            Where the frame is not of the type and size that the camera said.
        """
        grey = getattr(reading, "grey", None)
        if not isinstance(grey, np.ndarray) or grey.dtype != np.uint8 or grey.shape != self._shape:
            raise PartError(
                f"{self._where}: a frame of {_said(grey)} came, where its camera said "
                f"{self._shape[1]} x {self._shape[0]} grey pixels (uint8)"
            )
        t_us = int(reading.t_us)
        place = self._stamps.place(t_us)
        if place is Place.LEFT_OUT:
            return _nothing()
        self._window.fill(grey, self._pixels.grey)
        if place is Place.FIRST:
            self._pixels.begin()
            return _nothing()
        span = self._stamps.span(t_us)
        spikes = self._pixels.step(span, self._room(span.noise_us))
        self._credit -= len(spikes.unit)
        return spikes

    def snapshot(self) -> bytes:
        """Return all that changes of the pixels, the stamps and what was counted."""
        arrays = {name: array.tobytes() for name, array in self._pixels.state.items()}
        pixels = self._pixels
        saved = _Saved(pixels.n, arrays, self._stamps, pixels.lost, self._credit)
        return msgspec.msgpack.encode(saved)

    def restore(self, state: bytes) -> None:
        """Go back to a snapshot.

        Raises
        ------
        PartError
            Where it is not one of an encoder with the same settings; nothing has changed then.
        """
        own = self._pixels.state
        try:
            saved = msgspec.msgpack.decode(state, type=_Saved)
        except msgspec.MsgspecError as error:
            raise PartError(f"{self._where}: this is not a snapshot of it: {error}") from None
        sizes = {name: len(content) for name, content in saved.arrays.items()}
        expected = {name: array.nbytes for name, array in own.items()}
        if (saved.pixels, sizes) != (self._pixels.n, expected):
            raise PartError(f"{self._where}: the snapshot is of other pixels than these settings")
        for name, array in own.items():
            array[:] = np.frombuffer(saved.arrays[name], array.dtype)
        self._stamps, self._pixels.lost, self._credit = saved.stamps, saved.lost, saved.credit

    def _room(self, passed_us: int) -> int:
        """Return how many events a frame may give that comes so long after the one before."""
        if self._max_rate_hz is None:
            return self._most
        earned = self._max_rate_hz * passed_us * 1e-6
        self._credit = min(self._credit, earned + 1.0) + earned
        return min(self._most, int(self._credit))


class _Saved(Struct, frozen=True):
    """A snapshot: the bytes of the pixels' arrays, and what the encoder keeps beside them."""

    pixels: int
    arrays: dict[str, bytes]
    stamps: Stamps
    lost: Lost
    credit: float


def build(config: Config, site: Site) -> Change:
    """Return the encoder of a camera's frames."""
    return Change(config, site)


def _model(config: Config) -> Model:
    """Put the preset's values where none are given."""
    given = msgspec.structs.asdict(config)
    chosen = {name: given[name] for name in Model.__dataclass_fields__}
    preset = {name: value for name, value in _PRESETS[config.preset].items() if given[name] is None}
    off = config.threshold if config.threshold_off is None else config.threshold_off
    return Model(**{**chosen, **preset, "threshold_off": off})


def _nothing() -> Spikes:
    return Spikes(np.empty(0, np.int64), np.empty(0, np.uint32))


def _said(grey: object) -> str:
    if not isinstance(grey, np.ndarray):
        return f"type {type(grey).__name__}"
    return f"{' x '.join(map(str, grey.shape[::-1]))} {grey.dtype}"
