"""Decorators for compiled code, whose disk cache sees an edit in anything that was compiled.

Numba keys its cache by the function's own file, so a changed *imported* kernel goes unseen and
old results come back silently.  Here the cache of a function is stamped with a hash of all that is
compiled into it: its own code and that of every function it reaches, wherever they stand, and the
constants they use.  This touches a few private names of Numba;
``tests/reference/test_kernel_cache.py`` guards them.
"""

import enum
import hashlib
import sys
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
from llvmlite import ir
from numba import config, njit, types
from numba.core import sigutils
from numba.core.caching import IndexDataCacheFile
from numba.core.ccallback import CFunc

from neuroloop.core.native import ADDRESS

_OPTIONS = {"error_model": "numpy", "nogil": True}
_ENTRY = types.void(ADDRESS, types.CPointer(types.int64))
_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...))
_FOREIGN = {"numba", "llvmlite", "numpy", *sys.stdlib_module_names}
"""packages whose code is not looked into: Numba's cache knows its own version"""


def stamp(function: Callable[..., Any]) -> str:
    """Return the hash of all that compiling ``function`` now would compile."""
    digest = hashlib.blake2b(str(config.BOUNDSCHECK).encode(), digest_size=12)
    for text in _parts(function, set()):
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()


def _parts(value: object, seen: set[int]) -> Iterator[str]:
    """Describe a value a kernel uses, and all that it reaches, in words without addresses."""
    # a compiled function and an intrinsic hold the function they were made from
    value = getattr(value, "py_func", None) or getattr(value, "_defn", None) or value
    if isinstance(value, FunctionType):
        yield f"{value.__module__}.{value.__qualname__}"
        if id(value) not in seen and value.__module__.partition(".")[0] not in _FOREIGN:
            seen.add(id(value))
            yield from _function_parts(value, seen)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _parts(item, seen)
    elif isinstance(value, np.ndarray):
        yield f"{value.dtype.str}{value.shape}{value.tobytes().hex()}"
    elif isinstance(value, type) and issubclass(value, enum.Enum):
        yield repr([(member.name, member.value) for member in value])
    elif isinstance(value, (*_PLAIN, np.generic, np.dtype, enum.Enum, types.Type, ir.Type)):
        yield repr(value)
    else:
        yield getattr(value, "__qualname__", type(value).__qualname__)


def _function_parts(function: FunctionType, seen: set[int]) -> Iterator[str]:
    for cell in function.__closure__ or ():
        yield from _parts(cell.cell_contents, seen)
    yield from _parts(function.__defaults__ or (), seen)
    for code in _codes(function.__code__):
        yield code.co_code.hex()
        yield from (_constant(c) for c in code.co_consts if not isinstance(c, CodeType))
        for name in code.co_names:
            yield name
            value = function.__globals__.get(name)
            if isinstance(value, ModuleType):
                yield from _module_parts(value, code.co_names, seen)
            elif name in function.__globals__:
                yield from _parts(value, seen)


def _module_parts(module: ModuleType, names: tuple[str, ...], seen: set[int]) -> Iterator[str]:
    """Describe what a function with these names may take from a module, as in ``rows.header``."""
    if module.__name__.partition(".")[0] in _FOREIGN:
        return
    for k, name in enumerate(names):
        value = vars(module).get(name)
        if isinstance(value, ModuleType):
            yield from _module_parts(value, names[k + 1 :], seen)
        elif name in vars(module):
            yield from _parts(value, seen)


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _constant(value: object) -> str:
    return repr(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)


class _CacheFile(IndexDataCacheFile):  # type: ignore[misc]
    """Numba's cache of one function, under our stamp, which is taken when it is first needed.

    The stamp is also in the names of the data files: another process that compiles another
    version at the same moment must not be able to put its code under our index.
    """

    def __init__(self, like: IndexDataCacheFile, function: Callable[..., Any]) -> None:
        self._base: str = like._index_name.removesuffix(".nbi")
        super().__init__(like._cache_path, self._base, None)
        del self._source_stamp
        self._function = function

    @cached_property
    def _source_stamp(self) -> str:
        return stamp(self._function)

    def _data_name(self, number: int) -> str:
        return f"{self._base}.{self._source_stamp}.{number}.nbc"

    def save(self, key: object, data: object) -> None:
        super().save(key, data)
        for old in Path(self._cache_path).glob(f"{self._base}.*.nbc"):
            if self._source_stamp not in old.name:
                old.unlink(missing_ok=True)


def _cached(compiled: Any, function: Callable[..., Any]) -> None:
    """Turn a function's disk cache on, where there is a place for it."""
    # Numba finds the globals of a function from the cache through sys.modules
    if function.__module__ not in sys.modules:
        return
    try:
        compiled.enable_caching()
    except RuntimeError:  # no file, or no folder that can be written: compile in every process
        return
    compiled._cache._cache_file = _CacheFile(compiled._cache._cache_file, function)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function for use by other compiled code and from Python; releases the GIL."""
    compiled = njit(**_OPTIONS)(function)
    _cached(compiled, function)
    return compiled


def inline(function: Callable[..., Any]) -> Any:
    """Compile a small function into each caller; it has no cache of its own."""
    return njit(inline="always", **_OPTIONS)(function)


class Entry:
    """A function ``(arena, row) -> None`` that the tick calls by address; compiled when asked."""

    def __init__(self, function: Callable[[Any, Any], None]) -> None:
        self._function = function
        self.__doc__ = function.__doc__

    @property
    def name(self) -> str:
        """Where it was written: module and name."""
        return f"{self._function.__module__}.{self._function.__name__}"

    @cached_property
    def _compiled(self) -> Any:
        options = {"nopython": True, "error_model": "numpy"}
        compiled = CFunc(self._function, sigutils.normalize_signature(_ENTRY), {}, options)
        _cached(compiled, self._function)
        compiled.compile()
        return compiled

    @property
    def address(self) -> int:
        """Address of the compiled code, good in this process only."""
        return int(self._compiled.address)


def entry(function: Callable[[Any, Any], None]) -> Entry:
    """Mark the function through which the tick runs a kind."""
    return Entry(function)
