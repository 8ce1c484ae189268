"""The body's black box: what it heard and did, round by round, in a file that outlives everybody.

The file is a ring of `RECORDS` records of fixed size behind a header, written through a memory map:
whoever is killed, what was written stays.  When it is full the oldest records are overwritten, and
``index`` of the oldest one left says how many.
"""

import mmap
import os
from pathlib import Path
from typing import Any

import numpy as np

from neuroloop.core.command import Verdict
from neuroloop.core.errors import ConfigError, MachineError
from neuroloop.core.shared import load, store
from neuroloop.core.values import Int64s

MAGIC, VERSION = 0x584F424C4E, 1
RECORDS = 400_000
AWAKE, POWER = 1, 2
"""flags: a valid command came in time; the motors may have power"""

RECORD = np.dtype(
    [
        ("index", np.int64),  # number of the round, from 0
        ("t_ns", np.int64),  # monotonic clock of the machine
        ("t_us", np.int64),  # run time
        ("owner", np.int64),  # of the newest valid command
        ("sequence", np.int64),  # its number, -1 before the first
        ("heard_ns", np.int64),  # how long ago it was heard, -1 before the first
        ("gap_ns", np.int64),  # from the round before to this one
        ("left_mps", np.float64),  # wanted of the motors now
        ("right_mps", np.float64),
        ("forward_mps", np.float64),  # as the body really moves
        ("turn_radps", np.float64),
        ("verdicts", np.uint32, (len(Verdict),)),  # commands so far, by `Verdict`
        ("flags", np.int64),
    ]
)
Records = np.ndarray[Any, np.dtype[Any]]

_MAGIC, _VERSION, _SIZE, _RECORDS, _WRITTEN = 0, 1, 2, 3, 8
_HEADER_BYTES = 128


class BlackBox:
    """The writer's end; a file that is there is replaced."""

    def __init__(self, path: Path, records: int = RECORDS) -> None:
        n_bytes = _HEADER_BYTES + RECORD.itemsize * records
        if path.exists() and not path.is_file():
            raise MachineError(f"black box {path}: is no file; the name of a file is wanted")
        try:
            path.unlink(missing_ok=True)
            with path.open("xb+") as file:
                # a hole would be an error in the midst of the run where the disk is full
                os.posix_fallocate(file.fileno(), 0, n_bytes)
                memory = np.frombuffer(mmap.mmap(file.fileno(), n_bytes), np.uint8)
        except OSError as error:
            raise MachineError(
                f"black box {path}: {n_bytes / 1e6:.0f} MB cannot be written: {error.strerror}"
            ) from error
        self._words: Int64s = memory[:_HEADER_BYTES].view(np.int64)
        self._words[:4] = MAGIC, VERSION, RECORD.itemsize, records
        self._records: Records = memory[_HEADER_BYTES:].view(RECORD)
        self._written = 0

    def write(self, record: tuple[Any, ...]) -> None:
        """Append a record: its fields in order, without ``index``."""
        self._records[self._written % len(self._records)] = (self._written, *record)
        self._written += 1
        store(self._words, _WRITTEN, self._written)


def read_black_box(path: Path | str) -> Records:
    """Return the records that are left, oldest first, as an array of `RECORD`.

    The file may still be written to: a record that was overwritten meanwhile is left out.

    Raises
    ------
    ConfigError
        Where the file cannot be read or is no black box of this version.
    """
    try:
        content = np.fromfile(path, np.uint8)
    except OSError as error:
        raise ConfigError(f"black box {path}: cannot be read: {error.strerror}") from error
    header = content[:_HEADER_BYTES]
    words: Int64s = (
        header.view(np.int64) if len(header) == _HEADER_BYTES else np.zeros(16, np.int64)
    )
    size, most = RECORD.itemsize, int(words[_RECORDS])
    whole = len(content) == _HEADER_BYTES + size * most
    if not whole or tuple(words[:3]) != (MAGIC, VERSION, size):
        raise ConfigError(f"{path} is not a black box of version {VERSION}")
    ring: Records = content[_HEADER_BYTES:].view(RECORD)
    written = load(words, _WRITTEN)
    kept = np.arange(max(0, written - most), written)
    records: Records = ring[kept % most]
    there: Records = records[records["index"] == kept]
    return there
