"""Arrays out of an ``.npz`` that anybody may have made: bounded before a byte is unpacked."""

import io
import math
import stat
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.errors import ConfigError, nearest

T = TypeVar("T")
Array = NDArray[Any]
Shape = tuple[int, int]
"""most rows, and the columns of each; 0 columns stand for plain numbers, which are whole"""

_MOST_FILE_BYTES = 1 << 26
_MOST_HEADER_BYTES = 16_384
_WIDEST_NUMBER_BYTES = 16
_MOST_NAMES = 20
"""of the files or arrays that a message lists"""
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def read(path: Path, shapes: Mapping[str, Shape], where: str) -> dict[str, Array]:
    """Return the arrays named in ``shapes``; others in the file are left alone.

    Raises
    ------
    ConfigError
        Where the file cannot be read or an array is missing, damaged, too large or of another
        shape or kind.
    """

    def named(archive: zipfile.ZipFile) -> dict[str, Array]:
        return {name: _member(archive, name, shapes[name], where) for name in shapes}

    return _opened(path, named, _MOST_FILE_BYTES, where, "world file")


def read_all(path: Path, most_bytes: int, where: str, what: str) -> dict[str, Array]:
    """Return all arrays of a file, which are ``most_bytes`` long at most when unpacked.

    Raises
    ------
    ConfigError
        Where the file cannot be read, is no ``what``, damaged or too large.
    """

    def every(archive: zipfile.ZipFile) -> dict[str, Array]:
        left, arrays = most_bytes, {}
        for info in archive.infolist():
            place = f"{where}: `{info.filename.removesuffix('.npy')}`"
            data = _unpacked(archive, info, left, place)
            if len(data) > left:
                raise ConfigError(
                    f"{where}: more than {most_bytes} bytes of arrays; no more are read"
                )
            left -= len(data)
            arrays[info.filename.removesuffix(".npy")] = _array(data, None, place)
        return arrays

    return _opened(path, every, most_bytes, where, what)


def _opened(
    path: Path, use: Callable[[zipfile.ZipFile], T], most_bytes: int, where: str, what: str
) -> T:
    try:
        _check_file(path, most_bytes, where, what)
        # a damaged header may make the parser warn
        with warnings.catch_warnings(), zipfile.ZipFile(path) as archive:
            warnings.simplefilter("error")
            return use(archive)
    except ConfigError:
        raise
    except FileNotFoundError as error:
        beside = sorted(p.name for p in path.parent.glob(f"*{path.suffix}"))[:_MOST_NAMES]
        raise ConfigError(
            f"{where}: cannot be read: {error.strerror}{nearest(path.name, beside)}"
        ) from error
    except OSError as error:
        raise ConfigError(f"{where}: cannot be read: {error.strerror or error}") from error
    except Exception as error:  # zip and npy readers fail in a dozen ways on foreign bytes
        raise ConfigError(f"{where}: not a {what} (.npz), or a damaged one ({error})") from error


def check_shape(array: Array, shape: Shape, where: str) -> None:
    """Refuse an array that is not of ``shape``, or not of numbers."""
    _check(array.shape, array.dtype, shape, where)


def _check_file(path: Path, most_bytes: int, where: str, what: str) -> None:
    """Refuse a folder, a pipe, a device and what is too long, before any of it is read."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(f"{where}: not a file; a {what} (.npz) is wanted")
    if status.st_size > most_bytes:
        raise ConfigError(f"{where}: {status.st_size} bytes long; at most {most_bytes} are read")


def _member(archive: zipfile.ZipFile, name: str, shape: Shape, where: str) -> Array:
    names = [n.removesuffix(".npy") for n in archive.namelist()]
    if name not in names:
        raise ConfigError(f"{where}: no array `{name}`{nearest(name, names[:_MOST_NAMES])}")
    info = archive.getinfo(f"{name}.npy")
    rows, columns = shape
    most = _MOST_HEADER_BYTES + rows * max(columns, 1) * _WIDEST_NUMBER_BYTES
    data = _unpacked(archive, info, most, f"{where}: `{name}`")
    if len(data) > most:
        raise ConfigError(f"{where}: `{name}`: longer than {most} bytes; at most {rows} rows fit")
    return _array(data, shape, f"{where}: `{name}`")


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int, place: str) -> bytes:
    """Return a member of the archive, cut after ``most + 1`` bytes."""
    if info.compress_type not in _PACKED:
        raise ConfigError(f"{place}: packed in an unknown way; numpy.savez is wanted")
    with archive.open(info) as packed:
        # asked for by number: the size that the archive states may be a lie
        return packed.read(most + 1)


def _array(data: bytes, shape: Shape | None, where: str) -> Array:
    """Return the array in ``data``; any shape and kind of numbers will do where none is given."""
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    header = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    said, _, kind = header(stream)
    if shape is not None:
        _check(said, kind, shape, where)
    elif kind.kind not in "biuf":
        raise ConfigError(f"{where}: of {kind}; numbers are wanted")
    wanted, found = math.prod(said) * kind.itemsize, len(data) - stream.tell()
    if wanted != found:
        raise ConfigError(f"{where}: damaged: {found} bytes of numbers; {wanted} are wanted")
    stream.seek(0)
    array: Array = np.lib.format.read_array(stream, allow_pickle=False)
    return array


def _check(found: tuple[int, ...], kind: np.dtype[Any], shape: Shape, where: str) -> None:
    rows, columns = shape
    whole = not columns
    if kind.kind not in ("iu" if whole else "fiu"):
        raise ConfigError(
            f"{where}: of {kind}; {'whole numbers are' if whole else 'numbers, as float64, are'}"
            " wanted"
        )
    if found[1:] != ((columns,) if columns else ()) or not found:
        wanted = f"(n, {columns})" if columns else "(n,)"
        raise ConfigError(f"{where}: of shape {found}; {wanted} is wanted")
    if found[0] > rows:
        raise ConfigError(f"{where}: {found[0]} rows; at most {rows} are read")
