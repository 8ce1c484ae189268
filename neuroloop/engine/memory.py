"""What a network needs of this machine's memory, said before any of it is taken.

Memory of zeros costs nothing until it is written to, so asking for it always succeeds; what ends a
process that wrote to too much of it is the system, without a word.
"""

from collections.abc import Mapping
from pathlib import Path

from neuroloop.core.errors import MachineError

_MEMINFO = Path("/proc/meminfo")
_MARGIN = 0.95
"""part of the free memory that a network may take"""
SMALL = 1 << 24
"""bytes for which nobody looks at what is free"""
_NAMED = 3


def free_bytes() -> int | None:
    """Return the memory that can be had without swapping; None where nobody says."""
    try:
        lines = _MEMINFO.read_text("ascii").splitlines()
    except (OSError, ValueError):
        return None
    for line in lines:
        name, _, amount = line.partition(":")
        if name == "MemAvailable" and amount.strip().removesuffix(" kB").isdecimal():
            return 1024 * int(amount.strip().removesuffix(" kB"))
    return None


def check(sizes: Mapping[str, int], freed: int = 0) -> None:
    """Refuse arrays, given by name with their bytes, that do not fit into what is free.

    ``freed`` bytes will be free before they are needed.

    Raises
    ------
    MachineError
        Says how much is needed, how much is free, and which arrays are the largest.
    """
    needed = sum(sizes.values())
    free = free_bytes() if needed >= SMALL else None
    if free is not None and needed - freed > _MARGIN * free:
        raise MachineError(
            f"this network needs {_amount(needed)} of memory and {_amount(free)} are free; the "
            f"largest of it: {largest(sizes)}"
        )


def largest(sizes: Mapping[str, int]) -> str:
    """Name the largest arrays."""
    first = sorted(sizes, key=lambda name: -sizes[name])[:_NAMED]
    return ", ".join(f"{name} {_amount(sizes[name])}" for name in first)


def _amount(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:,.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:,.1f} MB"
