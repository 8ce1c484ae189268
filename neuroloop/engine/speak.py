"""How decoders put out a motion, and cut a population into groups that speak for its channels."""

from typing import Any

from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import inline
from neuroloop.core.native import i64
from neuroloop.core.ports import Site
from neuroloop.engine.row import (
    H_T_US,
    M_BYTES,
    M_SERIAL,
    M_T_US,
    META_WORDS,
    OUT_META,
    header,
)


@inline
def speak(arena: Any, row: Any, channels: int) -> None:
    """Stamp the motion that was written with this tick, and let it go out."""
    meta = i64(arena, row[OUT_META], META_WORDS)
    meta[M_T_US], meta[M_BYTES] = header(arena)[H_T_US], 4 * channels
    meta[M_SERIAL] += 1


def channels_of(site: Site, input_: str, *, per_channel: int = 1, more: int = 0) -> int:
    """Return the number of channels of the body a decoder drives.

    Parameters
    ----------
    per_channel, more
        The population is to be cut into ``per_channel`` groups a channel and ``more`` others.

    Raises
    ------
    ConfigError
        The population does not split into so many equal groups.
    """
    channels = len(site.body.channels) if site.body else 0
    groups = per_channel * channels + more
    if groups == 0 or site.units == 0 or site.units % groups:
        raise ConfigError(
            f'decoder "{site.name}": "{input_}" has {site.units} neurons, '
            f"which do not split into {groups} equal groups"
        )
    return channels
