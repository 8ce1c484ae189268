"""Batches cut anew: so many events each, or so much time."""

from collections.abc import Iterable, Iterator

import numpy as np

from neuroloop.core.errors import ConfigError
from sensors.event_camera._events import Events, joined, room


def by_count(batches: Iterable[Events], n: int) -> Iterator[Events]:
    """Yield batches of exactly ``n`` events; the last one may have fewer."""
    if n < 1:
        raise ConfigError(f"a batch has one event or more, not {n}")
    waiting: list[Events] = []
    size = 0
    for batch in batches:
        start = 0
        while size + len(batch) - start >= n:
            end = start + n - size
            yield joined([*waiting, batch[start:end]]) if waiting else batch[start:end]
            waiting, size, start = [], 0, end
        if start < len(batch):
            waiting.append(batch[start:])
            size += len(batch) - start
    if size:
        yield joined(waiting)


def by_time(batches: Iterable[Events], us: int) -> Iterator[Events]:
    """Yield a batch for each ``us`` microseconds from the first event on, empty ones too."""
    if us < 1:
        raise ConfigError(f"a batch lasts a microsecond or more, not {us}")
    waiting: list[Events] = []
    end_us = None
    for batch in batches:
        if end_us is None:
            end_us = int(batch.t_us[0]) + us
        start = 0
        while batch.t_us[-1] >= end_us:
            cut = int(np.searchsorted(batch.t_us, end_us))
            yield joined([*waiting, batch[start:cut]]) if waiting else batch[start:cut]
            waiting, start, end_us = [], cut, end_us + us
        waiting.append(batch[start:])
    if end_us is not None:
        yield joined(waiting or [room(0)])
