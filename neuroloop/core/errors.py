"""What goes wrong in words: each error says where, what was wrong and what would be right.

Every error a user can cause or meet carries the exit code of the command line.
"""

from difflib import get_close_matches
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of ``neuroloop``; ``docs/command_line.md`` lists them for users."""

    OK = 0
    GOAL_MISSED = 1
    """the run ended as asked, but the robot did not reach its goal"""
    USAGE = 2
    """the command line or the run file is wrong"""
    PART_FAILED = 3
    """a sensor, network, plant or actuator failed while starting or running"""
    MACHINE = 4
    """this machine lacks something: a package, a library, a permission, space"""
    FAULT = 70
    """neuroloop itself failed; please report it"""
    INTERRUPTED = 130
    """Ctrl-C or SIGTERM; the wheels were stopped first"""


class NeuroloopError(Exception):
    """Something a user can mend; shown without a traceback."""

    exit_code = Exit.PART_FAILED


class ConfigError(NeuroloopError):
    """A run file, body, world or network says something impossible."""

    exit_code = Exit.USAGE


class PartError(NeuroloopError):
    """A part failed at start or in mid-run."""

    exit_code = Exit.PART_FAILED


class MachineError(NeuroloopError):
    """Something the run needs is not on this machine."""

    exit_code = Exit.MACHINE


def nearest(name: str, known: object) -> str:
    """Return ' (did you mean "x"? known: ...)' for an unknown ``name``, '' if nothing is known."""
    names = sorted(str(k) for k in known)  # type: ignore[attr-defined]
    if not names:
        return ""
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    hint = f'did you mean "{close[0]}"? ' if close else ""
    return f" ({hint}known: {', '.join(names)})"
