r"""Steps up and down → motion: each spike moves a channel by a step.

The population is cut into two groups a channel: first those that move channels up, in their order,
then those that move them down.  From ``start``, with m neurons a group,

.. math:: \hat x \leftarrow \hat x + \frac{\theta}{m} (\text{ON spikes} - \text{OFF spikes})

kept within low ... high.  Behind the encoder ``delta`` it is right by a step :math:`\theta`.  A
motion goes out in every tick, because silence means that nothing changes: a network that is dead
looks like one that is content, and a spike that is lost is an error for good.

Source: M. Miskowicz, "Send-on-delta concept: an event-based data reporting strategy", Sensors 6(1),
2006.
"""

from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.body import Positive
from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i32
from neuroloop.core.ports import Kernel, Site
from neuroloop.engine import levels
from neuroloop.engine.row import COUNT, IN, IN_META, OUT, N, state_f32, state_i64
from neuroloop.engine.speak import channels_of, speak

CHANNELS = COUNT + 1


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[decoder.NAME]`` with ``kind = "delta"``."""

    input: str
    step: Annotated[list[Positive], Meta(min_length=1)]
    """motion of a spike of all neurons of a group: a number a channel, or one for all"""
    low: Annotated[list[float], Meta(min_length=1)]
    """least motion: a number a channel, or one for all"""
    high: Annotated[list[float], Meta(min_length=1)]
    """most motion"""
    start: tuple[float, ...] = (0.0,)
    """motion before the first spike"""


@kernel
def move(spikes, units, level, lowest, highest):
    """Count spikes up and down, and stay within the bounds."""
    k = level.shape[0]
    for s in range(spikes[0]):
        group = spikes[s + 1] * (2 * k) // units
        level[group % k] += 1 if group < k else -1
    for c in range(k):
        level[c] = min(max(level[c], lowest[c]), highest[c])


@entry
def step(arena, row):
    k = row[CHANNELS]
    level = state_i64(arena, row, 0, k)
    lowest, highest = state_i64(arena, row, 1, k), state_i64(arena, row, 2, k)
    start, size = state_f32(arena, row, 3, k), state_f32(arena, row, 4, k)
    low, high = state_f32(arena, row, 5, k), state_f32(arena, row, 6, k)
    move(i32(arena, row[IN], row[IN_META] + 1), row[N], level, lowest, highest)
    motion = f32(arena, row[OUT], k)
    for c in range(k):
        value = np.float64(start[c]) + np.float64(size[c]) * level[c]
        motion[c] = min(max(value, np.float64(low[c])), np.float64(high[c]))
    speak(arena, row, k)


def build(config: Config, site: Site) -> Kernel:
    """Lay out the decoder."""
    where = f'decoder "{site.name}"'
    k = channels_of(site, config.input, per_channel=2)
    limits = levels.bounds(config.low, config.high, k, where)
    for what, given in (("start", config.start), ("step", config.step)):
        if len(given) not in (1, k):
            raise ConfigError(f"{where}: {what} has {len(given)} numbers; 1 or {k} are wanted")
    start = np.resize(np.asarray(config.start, np.float32), k)
    size = np.resize(np.asarray(config.step, np.float32), k) / np.float32(site.units // (2 * k))
    if not ((limits.low <= start) & (start <= limits.high)).all():
        raise ConfigError(f"{where}: start must be within low and high")
    # one more: the way to a bound need not be whole steps
    gaps = (b.astype(np.float64) - start for b in (limits.low, limits.high))
    reach = [np.clip(gap / size, -(2.0**52), 2.0**52) for gap in gaps]
    return Kernel(
        step,
        counts=(k,),
        state={"level": np.zeros(k, np.int64)},
        static={
            "lowest": np.floor(reach[0]).astype(np.int64),
            "highest": np.ceil(reach[1]).astype(np.int64),
            "start": start,
            "size": size,
            "low": limits.low,
            "high": limits.high,
        },
    )
