"""A series of numbers as text, one row a line: a CSV file, the standard input, a pipe, a socket.

Rows have a clock: that of a time column, at the pace of the recording or ``speed`` times it; or a
fixed rate, whatever the file says of time, up to a row a tick; or, of a live feed that has neither,
the moment they come.  What is missing in a row is a NaN, and what is no row is skipped; both are
counted, and the first of each kind is told with its line.

================  ================================================================================
``path``          what it is
================  ================================================================================
a file            read a piece at a time, so that its size does not matter
``"-"``           the standard input
a named pipe      as a live feed that never ends
``tcp://h:p``     the lines a server sends to who connects
================  ================================================================================

A feed with a clock of its own can wait: it is read no further than a few thousand rows ahead, and
where it is slower than its clock, the clock stands still.  Rows of a live feed that nobody takes
are dropped, the oldest first.
"""

import stat
from typing import Annotated, Literal

from msgspec import Meta, Struct

from neuroloop.core.body import Positive
from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from sensors.series._feed import LiveSeries, PlayedFeed
from sensors.series._file import SeriesFile
from sensors.series._table import Layout


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[sensor.NAME]`` with ``kind = "series"``."""

    path: str
    """a path beside the run file, ``-`` or ``tcp://host:port``"""
    columns: list[str] = []
    """names in the first line, in the order in which the numbers are wanted, or places from 1 where
    there are no names; empty means all but the time"""
    labels: list[str] = []
    """what the numbers are called from here on; left out, as the columns"""
    time: str = ""
    """name or place of the column of the time"""
    time_unit: Literal["iso", "s", "ms", "us", "ns"] = "iso"
    """of the time: a date such as ``2014-02-14 14:30:00``, or a number"""
    speed: Positive = 1.0
    """how much faster than it was recorded"""
    rate_hz: Annotated[float, Meta(ge=0, le=1_000_000)] = 0.0
    """rows a second, instead of the time column's pace; 0 is that pace, or that of a live feed"""
    most_gap_s: Positive = float("inf")
    """of recorded time: a longer pause, or a jump of the clock, is played as an ordinary step"""
    separator: Annotated[str, Meta(max_length=1)] = ","
    """of columns; "" is white space"""
    header: bool = True
    """whether the first line names the columns"""
    missing: Literal["nan", "last"] = "nan"
    """what stands for a number that is missing: NaN, for which a guard holds, or the last one there
    was of its column"""
    low: float = float("-inf")
    high: float = float("inf")
    """what the numbers may be; the guard stops for others"""


def build(config: Config, site: Site) -> SeriesFile | PlayedFeed | LiveSeries:
    """Return a source of `Scalars`, to be entered before it is read."""
    where = f'sensor "{site.name}"'
    if not config.low < config.high:
        raise ConfigError(f"{where}: low {config.low} is not below high {config.high}")
    if not config.header and not config.columns:
        raise ConfigError(f"{where}: without a header, `columns` has to say which ones are meant")
    if config.labels and len(config.labels) != len(config.columns):
        raise ConfigError(f"{where}: `labels`: as many are wanted as there are columns")
    clocked = bool(config.time or config.rate_hz)
    layout = Layout(config, site.name)
    if config.path != "-" and not config.path.startswith("tcp://"):
        path = site.folder / config.path
        try:
            pipe = stat.S_ISFIFO(path.stat().st_mode)
        except OSError as error:
            raise ConfigError(f"`path`: {path}: cannot be read: {error.strerror}") from error
        if not pipe:
            if not clocked:
                raise ConfigError(
                    f"{where}: a file needs `time` or `rate_hz`, so that it has a pace"
                )
            return SeriesFile(layout, path)
    return (PlayedFeed if clocked else LiveSeries)(layout, site.folder)
