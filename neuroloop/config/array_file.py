"""Arrays out of an ``.npz`` that anybody may have made: bounded before a byte is unpacked."""

import io
import math
import stat
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.errors import ConfigError, nearest

Array = NDArray[Any]
Shape = tuple[int, int]
"""most rows, and the columns of each; 0 columns stand for plain numbers, which are whole"""

_MOST_FILE_BYTES = 1 << 26
_MOST_HEADER_BYTES = 16_384
_WIDEST_NUMBER_BYTES = 16
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def read(path: Path, shapes: Mapping[str, Shape], where: str) -> dict[str, Array]:
    """Return the arrays named in ``shapes``; others in the file are left alone.

    Raises
    ------
    ConfigError
        Where the file cannot be read or an array is missing, damaged, too large or of another
        shape or kind.
    """
    try:
        _check_file(path, where)
        # a damaged header may make the parser warn
        with warnings.catch_warnings(), zipfile.ZipFile(path) as archive:
            warnings.simplefilter("error")
            return {name: _member(archive, name, shapes[name], where) for name in shapes}
    except ConfigError:
        raise
    except OSError as error:
        raise ConfigError(f"{where}: cannot be read: {error.strerror or error}") from error
    except Exception as error:  # zip and npy readers fail in a dozen ways on foreign bytes
        raise ConfigError(
            f"{where}: not a world file (.npz), or a damaged one ({error})"
        ) from error


def check_shape(array: Array, shape: Shape, where: str) -> None:
    """Refuse an array that is not of ``shape``, or not of numbers."""
    _check(array.shape, array.dtype, shape, where)


def _check_file(path: Path, where: str) -> None:
    """Refuse a folder, a pipe, a device and what is too long, before any of it is read."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(f"{where}: not a file; a world file (.npz) is wanted")
    if status.st_size > _MOST_FILE_BYTES:
        raise ConfigError(
            f"{where}: {status.st_size} bytes long; at most {_MOST_FILE_BYTES} are read"
        )


def _member(archive: zipfile.ZipFile, name: str, shape: Shape, where: str) -> Array:
    names = [n.removesuffix(".npy") for n in archive.namelist()]
    if name not in names:
        raise ConfigError(f"{where}: no array `{name}`{nearest(name, names[:20])}")
    info = archive.getinfo(f"{name}.npy")
    if info.compress_type not in _PACKED:
        raise ConfigError(f"{where}: `{name}`: packed in an unknown way; numpy.savez is wanted")
    rows, columns = shape
    most = _MOST_HEADER_BYTES + rows * max(columns, 1) * _WIDEST_NUMBER_BYTES
    with archive.open(info) as packed:
        # asked for by number: the size that the archive states may be a lie
        data = packed.read(most + 1)
    if len(data) > most:
        raise ConfigError(f"{where}: `{name}`: longer than {most} bytes; at most {rows} rows fit")
    return _array(data, shape, f"{where}: `{name}`")


def _array(data: bytes, shape: Shape, where: str) -> Array:
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    header = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    said, _, kind = header(stream)
    _check(said, kind, shape, where)
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
