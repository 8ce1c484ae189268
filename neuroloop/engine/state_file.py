"""The state of a run in one file: what it holds in a header of JSON, then sections of plain bytes.

========== ===========================================================================
bytes      what
========== ===========================================================================
0...8      ``NLSTATE`` and a zero
8...12     format version, uint32, little-endian as all numbers here
12...16    length of the header in bytes, uint32
16...32    BLAKE2b of the header
32...      the header (`StateHeader`, JSON), then the sections in its order, back to back
========== ===========================================================================

Nothing is ever unpickled, and no more is read than the file is long.  The checksums find damage,
not malice: what a section holds goes into the memory that compiled code works on, so a state file
from somebody else is to be trusted as the Python file of a part is.
"""

import hashlib
import os
import secrets
import stat
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct

from neuroloop.core.errors import ConfigError, MachineError

MAGIC = b"NLSTATE\0"
FORMAT = 1
NETWORK = "network"
"""the section that holds the network's memory"""
_PREFIX = struct.Struct("<8sII16s")
_MOST_HEADER_BYTES = 1 << 24
_MOST_PART_BYTES = 1 << 30
"""of any section but the network's, whose size is known before it is read"""

Bytes = bytes | memoryview


class FieldLine(Struct, frozen=True):
    """One array of the network's memory."""

    name: str
    section: str
    dtype: str
    shape: tuple[int, ...]
    offset: int

    @property
    def form(self) -> str:
        """Type and shape, as in ``float32[10]``."""
        return f"{self.dtype}{list(self.shape)}"


class SectionLine(Struct, frozen=True):
    """One section of the file."""

    name: str
    n_bytes: int
    checksum: str
    """BLAKE2b, 16 bytes, hexadecimal"""


class StateHeader(Struct, frozen=True):
    """What a state file says of itself."""

    project: str
    """version that wrote it"""
    written: str
    """when, UTC, ISO 8601"""
    tick: int
    """index of the tick that comes next"""
    dt_us: int
    seed: int | None
    kinds: dict[str, str]
    """of each population and projection"""
    layouts: dict[str, str]
    """of each projection, and why"""
    fields: list[FieldLine]
    fixed: dict[str, str]
    """checksum of every array that never changes while running"""
    feeds: list[str]
    """whose messages may wait in a section"""
    sections: list[SectionLine]

    @property
    def n_bytes(self) -> int:
        """Size of all sections."""
        return sum(section.n_bytes for section in self.sections)


def checksum(content: Iterable[Bytes]) -> str:
    """Return the BLAKE2b of bytes in several pieces, hexadecimal."""
    digest = hashlib.blake2b(digest_size=16)
    for piece in content:
        digest.update(piece)
    return digest.hexdigest()


def write(path: Path | str, header: StateHeader, sections: Mapping[str, Sequence[Bytes]]) -> None:
    """Write a file, or replace the one that is there, in one step.

    Raises
    ------
    ConfigError
        Where there are more arrays than a header can name.
    MachineError
        Where the file cannot be written; the one that was there is still whole.
    """
    path = Path(path)
    lines = [
        SectionLine(name, sum(len(piece) for piece in content), checksum(content))
        for name, content in sections.items()
    ]
    text = msgspec.json.encode(msgspec.structs.replace(header, sections=lines))
    if len(text) > _MOST_HEADER_BYTES:
        raise ConfigError(f"{path}: {len(header.fields):,} arrays are more than a state file names")
    prefix = _PREFIX.pack(MAGIC, FORMAT, len(text), hashlib.blake2b(text, digest_size=16).digest())
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with partial.open("xb") as file:
            for piece in (prefix, text, *(p for content in sections.values() for p in content)):
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise MachineError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)


def describe(path: Path | str) -> StateHeader:
    """Return what a state file holds, without reading more than its header.

    Raises
    ------
    ConfigError
        Where it cannot be read, is something else, was written by a newer version, is damaged or
        cut short.
    """
    with _opened(Path(path)) as file:
        return _header(file, str(path))


def read(
    path: Path | str, check: Callable[[StateHeader], None]
) -> tuple[StateHeader, dict[str, bytes]]:
    """Return the header and all sections of a file that ``check`` does not refuse.

    Raises
    ------
    ConfigError
        As `describe`, and where a section is damaged.
    """
    with _opened(Path(path)) as file:
        header = _header(file, str(path))
        check(header)
        sections = {}
        for line in header.sections:
            content = file.read(line.n_bytes)
            if checksum([content]) != line.checksum:
                raise ConfigError(f"{path}: damaged: the checksum of `{line.name}` does not match")
            sections[line.name] = content
    return header, sections


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a plain file; a folder, a pipe or a device is refused before it is waited for."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ConfigError(f"{path}: not a file; a state file is wanted")
        file = path.open("rb")
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise ConfigError(f"{path}: cannot be read: {said}") from error
    with file:
        try:
            yield file
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
        except MemoryError as error:
            raise MachineError(f"{path}: this state does not fit into memory") from error


def _header(file: BinaryIO, where: str) -> StateHeader:
    size = os.fstat(file.fileno()).st_size
    prefix = file.read(_PREFIX.size)
    if not prefix.startswith(MAGIC[: len(prefix)]) or len(prefix) < len(MAGIC):
        raise ConfigError(f"{where}: not a state file; `Simulator.save` writes them")
    if len(prefix) < _PREFIX.size:
        raise ConfigError(f"{where}: cut short: {size} bytes are no whole state file")
    _, version, length, digest = _PREFIX.unpack(prefix)
    if version != FORMAT:
        raise ConfigError(f"{where}: written in format {version}; this version reads {FORMAT}")
    if length > min(_MOST_HEADER_BYTES, size - _PREFIX.size):
        raise ConfigError(
            f"{where}: damaged or cut short: it speaks of a header of {length:,} bytes, the file "
            f"has {size:,} and a header {_MOST_HEADER_BYTES:,} at most"
        )
    text = file.read(length)
    if hashlib.blake2b(text, digest_size=16).digest() != digest:
        raise ConfigError(f"{where}: damaged: the checksum of its header does not match")
    try:
        header = msgspec.json.decode(text, type=StateHeader)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ConfigError(f"{where}: its header is none of a state file: {error}") from error
    _check_sizes(header, size - _PREFIX.size - length, where)
    return header


def _check_sizes(header: StateHeader, left: int, where: str) -> None:
    for line in header.sections:
        if line.n_bytes < 0 or (line.name != NETWORK and line.n_bytes > _MOST_PART_BYTES):
            raise ConfigError(f"{where}: `{line.name}` of {line.n_bytes:,} bytes is not read")
    if header.n_bytes != left:
        raise ConfigError(
            f"{where}: cut short or damaged: its sections have {header.n_bytes:,} bytes, {left:,} "
            "are there"
        )


def _sync(folder: Path) -> None:
    """Let the disk keep the new name too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
