"""Decorators for compiled code, whose disk cache sees an edit in any kernel file.

Numba keys its cache by the function's own file, so a changed *imported* kernel goes unseen and
old results come back silently.  Every cache index made here is stamped with a hash of all files
that can hold compiled code.  This touches two private names of Numba;
``tests/reference/test_kernel_cache.py`` guards them.
"""

import hashlib
import sys
from collections.abc import Callable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from numba import njit, types
from numba.core import sigutils
from numba.core.ccallback import CFunc

from neuroloop.core.native import ADDRESS

_OPTIONS = {"error_model": "numpy", "nogil": True}
_ENTRY = types.void(ADDRESS, types.CPointer(types.int64))
_ROOT = Path(__file__).resolve().parents[1]
_CONSTANTS = ("core", "engine")
"""folders whose numbers are compiled into kernels as constants"""


@lru_cache(maxsize=64)
def _hash(folder: Path, pattern: str) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(folder.glob(pattern)):
        text = path.read_bytes()
        if path.parent.name in _CONSTANTS or b"kernel" in text or b"numba" in text:
            digest.update(path.name.encode() + b"\0" + text)
    return digest.digest()


def stamp(file: str) -> str:
    """Return the hash of every kernel source that a function in ``file`` may call."""
    beside = Path(file).resolve().parent
    parts = _hash(_ROOT, "**/*.py") + _hash(beside, "*.py")
    return hashlib.blake2b(parts, digest_size=16).hexdigest()


def _see_all_sources(cache: Any, file: str) -> None:
    cache._cache_file._source_stamp = stamp(file)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function for use by other compiled code and from Python; releases the GIL."""
    compiled = njit(cache=True, **_OPTIONS)(function)
    _see_all_sources(compiled._cache, function.__code__.co_filename)
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
    def _compiled(self) -> CFunc:
        options = {"nopython": True, "error_model": "numpy"}
        compiled = CFunc(self._function, sigutils.normalize_signature(_ENTRY), {}, options)
        # a user's kind file is loaded by path: Numba finds its globals through sys.modules
        if self._function.__module__ in sys.modules:
            compiled.enable_caching()
            _see_all_sources(compiled._cache, self._function.__code__.co_filename)
        compiled.compile()
        return compiled

    @property
    def address(self) -> int:
        """Address of the compiled code, good in this process only."""
        return int(self._compiled.address)


def entry(function: Callable[[Any, Any], None]) -> Entry:
    """Mark the function through which the tick runs a kind."""
    return Entry(function)
