"""The disk cache of compiled kernels: where it is, how full, how much of it out of date."""

import importlib
import importlib.util
import os
import pickle
import re
import sys
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import _CacheLocator

from neuroloop.config.resolve import PACKAGES
from neuroloop.core import ring
from neuroloop.core.kernel import stamp
from neuroloop.doctor.finding import Finding, note, ok
from neuroloop.doctor.remedy import as_root

_VERSION = "py{}{}".format(*sys.version_info)
_INDEX = re.compile(r"[^.]+\.(?P<function>.+)-\d+\.py\d+\w*\.nbi")


def findings() -> Iterator[Finding]:
    """Look at the folder in use, then at every index in it."""
    folder = _folder()
    if ring.push.stats.cache_path is None or not os.access(_nearest(folder), os.W_OK):
        remedy = f"{as_root(f'chown -R {os.getuid()} {folder}')}, or set NUMBA_CACHE_DIR"
        yield note("folder", f"{folder} not writable: every start compiles again", remedy)
    else:
        yield ok("folder", f"{folder if _is_beside(folder) else folder.parent}, writable")
    entries = list(_entries())
    stale = sum(_is_stale(index, module) for index, module in entries)
    if not entries:
        yield note("entries", "none: the first run compiles for some seconds", entries=0, stale=0)
    elif stale:
        detail = f"{len(entries)}, of which {stale} out of date"
        remedy = "those still in use compile again by themselves"
        yield note("entries", detail, remedy, entries=len(entries), stale=stale)
    else:
        yield ok("entries", f"{len(entries)}, all up to date", entries=len(entries), stale=0)


def _folder() -> Path:
    """Return the folder of one file's kernels."""
    return Path(ring.push.stats.cache_path or ".")


def _is_beside(folder: Path) -> bool:
    """Whether kernels lie beside their sources, not in one folder for all."""
    return folder.name == "__pycache__"


def _nearest(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    return next(place for place in (folder, *folder.parents) if place.exists())


def _entries() -> Iterator[tuple[Path, str]]:
    """Yield each index of this Python's, with the name of the module it was made from."""
    one = _folder()
    for module, source in _sources():
        folder = source.parent / "__pycache__"
        if not _is_beside(one):
            folder = one.parent / _CacheLocator.get_suitable_cache_subpath(str(source))
        for index in sorted(folder.glob(f"{source.stem}.*.{_VERSION}*.nbi")):
            yield index, module


def _sources() -> Iterator[tuple[str, Path]]:
    """Yield the project's modules."""
    for package in sorted({name.partition(".")[0] for name in PACKAGES.values()}):
        spec = importlib.util.find_spec(package)
        for place in (spec.submodule_search_locations if spec else None) or ():
            for path in sorted(Path(place).rglob("*.py")):
                parts = path.relative_to(place).with_suffix("").parts
                yield ".".join((package, *parts)), path


def _is_stale(index: Path, module: str) -> bool:
    """Whether an index was made from other sources, or by another Numba."""
    named = _INDEX.fullmatch(index.name)
    try:
        with index.open("rb") as file:
            if pickle.load(file) != numba.__version__ or named is None:
                return True
            kept, _ = pickle.loads(file.read())
        # it was compiled here, so its module can be imported here
        names = named["function"].split(".")
        found: Any = reduce(getattr, names, importlib.import_module(module))
    except Exception:  # whatever is wrong with it, it is of no use
        return True
    function = getattr(found, "py_func", None) or getattr(found, "_function", found)
    code = getattr(function, "__code__", None)  # none, where the name is of something else now
    if code is None:
        return True
    return f"-{code.co_firstlineno}." not in index.name or bool(kept != stamp(function))
