"""What a kind of sensor finds on this machine, for ``neuroloop list devices``.

A file of ``sensors`` that can look for its devices defines ``devices()``; it returns quickly, opens
nothing for longer than it needs to ask, and raises `MachineError` where a package or a library is
missing.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Device:
    """One device."""

    address: str
    """what a run file says to mean it: ``0``, ``/dev/video0``, ``USB Audio``"""
    name: str
    """what its maker calls it"""
    modes: tuple[str, ...] = ()
    """what it offers, each in a few words: ``640x480 at 30 Hz``"""
