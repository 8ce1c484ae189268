"""An event camera: a recording of one, or its events as they come over UDP.

Unit ``y * width + x`` is the pixel's ON, ``width * height`` more its OFF, as those of the encoder
``change``.  `open` gives the same events to any Python code::

    from sensors import event_camera

    for events in event_camera.open("recording.raw"):
        print(events.t_us, events.x, events.y, events.p)
"""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from neuroloop.core.values import SourceSpec, Spikes
from sensors import _bearings
from sensors.event_camera._address import Address, address
from sensors.event_camera._events import Events
from sensors.event_camera._live import Live
from sensors.event_camera._open import recording
from sensors.event_camera._recording import Recording
from sensors.event_camera._replay import Replay
from sensors.event_camera._stream import Stream
from sensors.event_camera._thin import Thinner

__all__ = ["Config", "Events", "Recording", "Stream", "build", "open"]

Pixels = Annotated[int, Meta(ge=1, le=1 << 14)]
Format = Literal["auto", "evt2", "evt3", "dat", "aedat4", "es", "csv"]


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the sensor."""

    source: str
    """a path beside the run file, or ``udp://HOST:PORT?format=FORMAT``, FORMAT one of ``spif``,
    ``t64_x16_y16_on8``, ``t32_x16_y15_on1``; HOST is the address to listen on: 127.0.0.1 hears this
    machine alone, 0.0.0.0 everybody who can reach it"""
    format: Format = "auto"
    """of a file; ``auto`` goes by its first bytes, then by its name"""
    width: Pixels | None = None
    height: Pixels | None = None
    """of the camera in pixels; files may say it themselves, what comes over UDP does not"""
    loop: bool = False
    """start a file again at its end, for ever"""
    most_per_tick: Annotated[int, Meta(ge=1, le=1 << 20)] = 1 << 15
    """events that enter in one tick; further ones are dropped and counted"""
    fov_deg: Annotated[float, Meta(gt=0, lt=180)] | None = None
    """horizontal field of view of the lens, for encoders that want to know where a unit looks"""


def open(  # noqa: A001
    source: str | Path,
    format: Format = "auto",  # noqa: A002
    width: int = 0,
    height: int = 0,
) -> Recording | Stream:
    """Open a recording, or listen for events over UDP.

    Parameters
    ----------
    source
        A path, or ``udp://127.0.0.1:3333?format=spif``.
    format
        Of a file: ``evt2``, ``evt3``, ``dat``, ``aedat4``, ``es`` or ``csv``; ``auto`` finds out.
    width, height
        Of the camera in pixels, where the file does not say; UDP never does.

    Returns
    -------
        What has ``width``, ``height``, ``counts``, and can be iterated: it yields `Events`.  A
        `Recording` cuts them by count or time, too; a `Stream` is a context manager.

    Raises
    ------
    ConfigError
        Where the source is none, or says nothing of its size.
    """
    where = address(str(source))
    if where is None:
        return recording(Path(source), format, width, height)
    return Stream(where, *_wanted(where, width, height))


def build(config: Config, site: Site) -> Replay | Live:
    """Return a source of `Spikes`, to be entered before it is read."""
    thinner = Thinner(site.dt_us, config.most_per_tick)
    where = address(config.source)
    width, height = config.width or 0, config.height or 0
    if where is not None:
        if config.loop:
            raise ConfigError("`loop`: only a file can start again")
        stream = Stream(where, *_wanted(where, width, height))
        return Live(_spec(config, site, stream), stream, thinner)
    file = recording(site.folder / config.source, config.format, width, height)
    return Replay(_spec(config, site, file), file, thinner, loop=config.loop)


def _wanted(where: Address, width: int, height: int) -> tuple[int, int]:
    if not (width and height):
        raise ConfigError(
            f"`source`: {where}: datagrams do not say how many pixels the camera has; set `width`"
            " and `height`"
        )
    return width, height


def _spec(config: Config, site: Site, of: Recording | Stream) -> SourceSpec:
    bearing = None
    if config.fov_deg is not None:
        columns = _bearings.of_columns(of.width, config.fov_deg)
        bearing = np.tile(columns, 2 * of.height).astype(np.float32)
    return SourceSpec(
        name=site.name,
        reading=Spikes,
        shape=(2 * of.width * of.height,),
        rate_hz=0.0,
        bearing_rad=bearing,
        stamped_by=of.stamped_by if isinstance(of, Stream) else "device",
        capacity=config.most_per_tick,
        repeats=True,
    )
