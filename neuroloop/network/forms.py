"""How each form of connections stands in a network file: plain arrays, and a few words."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.errors import ConfigError, nearest
from neuroloop.network.connections import Connections, pairs, weights
from neuroloop.network.convolution import Convolution
from neuroloop.network.pooling import Pooling
from neuroloop.network.wiring import Wiring

Arrays = Mapping[str, NDArray[Any]]
Words = dict[str, Any]


def pack(wired: Wiring, where: str) -> tuple[Words, Arrays]:
    """Return the description of connections and their arrays.

    Raises
    ------
    ConfigError
        Where they are of a form that files do not know.
    """
    if isinstance(wired, Connections):
        weight = wired.weight[0] if wired.constant and len(wired) else wired.weight
        return {"form": "synapses"}, {"start": wired.start, "post": wired.post, "weight": weight}
    if isinstance(wired, Convolution):
        words = {name: getattr(wired, name) for name in ("input_shape", "stride", "padding")}
        if wired.windows == (1, 1):
            return {"form": "convolution", **words}, {"kernel": wired.weight}
        # a name of its own: a reader that knows no pooling refuses it, and loses nothing
        words |= {"form": "pooled_convolution", "pool": wired.pool}
        return words, {"kernel": np.asarray(wired.kernel, np.float32)}
    if isinstance(wired, Pooling):
        names = ("input_shape", "size", "stride", "weight")
        return {"form": "pooling", **{name: getattr(wired, name) for name in names}}, {}
    raise ConfigError(f"{where}: a {type(wired).__name__} cannot be kept in a file")


def unpack(words: Mapping[str, Any], arrays: Arrays) -> Wiring:
    """Return the connections that `pack` described."""
    form = words["form"]
    if form not in _UNPACK:
        raise ConfigError(f"connections of form {form!r}{nearest(str(form), _UNPACK)}")
    return _UNPACK[form](words, arrays)


def unpack_pairs(arrays: Arrays, most_sources: int) -> Connections:
    """Return connections as format 1 kept them: a source for each synapse."""
    pre = arrays["pre"]
    if pre.size and pre.max() >= most_sources:
        raise ConfigError(f"neuron {pre.max()}; a file holds {most_sources} units at most")
    return pairs(pre, arrays["post"], arrays["weight"])


def _synapses(words: Mapping[str, Any], arrays: Arrays) -> Connections:
    del words
    post = arrays["post"]
    value = weights(arrays["weight"], len(post), np.random.default_rng(0))
    return Connections(arrays["start"], post, value)


def _convolution(words: Mapping[str, Any], arrays: Arrays) -> Convolution:
    shape, kernel = words["input_shape"], arrays["kernel"]
    return Convolution(shape, kernel, words["stride"], words["padding"], words.get("pool", 1))


def _pooling(words: Mapping[str, Any], arrays: Arrays) -> Pooling:
    del arrays
    return Pooling(words["input_shape"], words["size"], words["stride"], words["weight"])


_UNPACK: dict[str, Callable[[Mapping[str, Any], Arrays], Wiring]] = {
    "synapses": _synapses,
    "convolution": _convolution,
    "pooled_convolution": _convolution,
    "pooling": _pooling,
}
