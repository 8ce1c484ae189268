"""What a check says: a fact about this machine, how good it is, and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class State(Enum):
    """How good it is."""

    OK = "ok"
    NOTE = "note"
    """something optional is absent, or live runs will be less punctual"""
    MISSING = "missing"
    """the base install does not work without it"""


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    what: str
    state: State
    detail: str
    remedy: str = ""
    """a command, or a sentence; empty where nothing needs doing"""
    numbers: Mapping[str, float] = field(default_factory=dict)
    """what was measured, unit in the name"""


def ok(what: str, detail: str, **numbers: float) -> Finding:
    """Say that something is fine."""
    return Finding(what, State.OK, detail, numbers=numbers)


def note(what: str, detail: str, remedy: str = "", **numbers: float) -> Finding:
    """Say that something optional is absent or limited."""
    return Finding(what, State.NOTE, detail, remedy, numbers)


def missing(what: str, detail: str, remedy: str) -> Finding:
    """Say that something necessary is absent or broken."""
    return Finding(what, State.MISSING, detail, remedy)
