"""What a network says of its parts, as their kinds want it: checked, and of one type."""

import math
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroloop.config import toml
from neuroloop.core.errors import ConfigError, nearest
from neuroloop.engine.parameters import plain
from neuroloop.network import misspelt
from neuroloop.network.graph import Number, Population


def config(module: ModuleType, kind: str, params: Mapping[str, Number], where: str) -> Any:
    """Return a kind's ``Config``; a name or a number that does not fit is refused in words."""
    known = module.Config.__struct_fields__
    given = plain(params)
    for name, value in given.items():
        if name not in known:
            raise ConfigError(
                f'{where} ({kind}): no parameter "{name}"{misspelt.hint(str(name), known)}'
            )
        if isinstance(value, float) and not math.isfinite(value):
            raise ConfigError(f"{where} ({kind}): {name} is {value}; a finite number is wanted")
    try:
        return toml.convert(given, module.Config, f"{where} ({kind})")
    except OverflowError as error:
        raise ConfigError(f"{where} ({kind}): {error}") from error


def own_arrays(module: ModuleType, p: Population, where: str) -> dict[str, NDArray[np.float64]]:
    """Return those of a population's arrays that its kind is made from."""
    return {
        name: _numbers(p.arrays[name], np.dtype(np.float64), f"{where}: {name}")
        for name in getattr(module, "ARRAYS", ())
        if name in p.arrays
    }


def with_arrays(
    state: Mapping[str, Any], module: ModuleType, p: Population, where: str
) -> dict[str, Any]:
    """Replace first values of the kind's arrays by the population's own."""
    result = dict(state)
    own: tuple[str, ...] = getattr(module, "ARRAYS", ())
    for name, value in p.arrays.items():
        if name in own:
            continue
        if name not in state:
            hint = nearest(name, (*state, *own))
            raise ConfigError(f'{where}: kind {p.kind} has no array "{name}"{hint}')
        first = np.asarray(state[name])
        array = _numbers(value, first.dtype, f"{where}: {name}")
        if array.shape != first.shape:
            raise ConfigError(f"{where}: {name} has shape {array.shape}, not {first.shape}")
        result[name] = array
    return result


def _numbers(value: ArrayLike, dtype: np.dtype[Any], where: str) -> NDArray[Any]:
    """Return an array of finite numbers."""
    try:
        array = np.asarray(value, dtype)
    except (ValueError, TypeError, OverflowError) as error:
        raise ConfigError(f"{where} does not fit {dtype}: {error}") from error
    if not np.isfinite(array).all():
        raise ConfigError(f"{where} holds a number that is not finite")
    return array
