"""The inputs of a network that is stepped by hand."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroloop.core.errors import ConfigError
from neuroloop.core.message import MESSAGE_WORDS
from neuroloop.engine.op import Slot, Units
from neuroloop.runtime.feed import Feed
from neuroloop.runtime.handed import FULL, UNSORTED, give_spikes, give_values


class Hand:
    """One input of a network that is stepped by hand."""

    def __init__(self, port: Units | Slot, feed: Feed) -> None:
        self.name = port.name
        self._spikes = port if isinstance(port, Units) else None
        room = feed.message_bytes // 8 + 1
        self._n = port.n if isinstance(port, Units) else port.data.n_bytes // 4
        self._shape = (self._n,)
        self._room = port.capacity if isinstance(port, Units) else self._n
        self._message = np.zeros(MESSAGE_WORDS + room, np.int64)
        self._to = (feed.ring.address, feed.ring.capacity, feed.port)

    @property
    def values(self) -> bool:
        """Whether it takes values, not spikes."""
        return self._spikes is None

    def give(self, given: ArrayLike, t_us: int) -> None:
        """Send units that spike in the tick at ``t_us``, or the values it begins with.

        Raises
        ------
        ConfigError
            Where it is something else: no such unit, another shape, not a finite number.
        """
        if self._spikes is None:
            value = np.ascontiguousarray(given, np.float32)
            self._check_shape(value)
            done = give_values(*self._to, t_us, value, self._message)
            if done >= 0:
                raise ConfigError(f'input "{self.name}": value {done} is {value[done]}, no number')
        else:
            done = self._give_spikes(given, t_us)
        if done == FULL:
            raise ConfigError(f'input "{self.name}": too much waits for the next tick already')

    def _check_shape(self, value: NDArray[Any]) -> None:
        if value.shape != self._shape:
            raise ConfigError(
                f'input "{self.name}": values of shape {value.shape}, not {self._shape}'
            )

    def _give_spikes(self, given: ArrayLike, t_us: int) -> int:
        units = np.asarray(given)
        if units.dtype.kind not in "iu" or units.ndim != 1 or len(units) > self._room:
            units = np.atleast_1d(units)
            self.check(units, len(units))
        units = units.astype(np.int64, copy=False)
        done = int(give_spikes(*self._to, t_us, units, self._n, self._message))
        if done == UNSORTED:
            units = np.sort(units)
            done = int(give_spikes(*self._to, t_us, units, self._n, self._message))
        if done >= 0:
            self.check(units, len(units))
        return done

    def check(self, units: NDArray[Any], in_a_tick: int) -> None:
        """Refuse what is no number of a unit, units that are not there, more than has room."""
        if self._spikes is None:
            raise ConfigError(f'input "{self.name}" takes values, not spikes')
        check_units(self.name, units)
        if len(units) and units.max() >= self._n:
            raise ConfigError(
                f'input "{self.name}" has no unit {units.max()}, only 0...{self._n - 1}'
            )
        if in_a_tick > self._room:
            raise ConfigError(
                f'input "{self.name}": {in_a_tick} spikes in a tick, it has room for {self._room}'
            )


def check_units(name: str, units: NDArray[Any]) -> None:
    """Refuse what is no number of a unit."""
    if len(units) and (units.dtype.kind not in "iu" or units.min() < 0):
        raise ConfigError(f'input "{name}": units are whole numbers from 0 on')
