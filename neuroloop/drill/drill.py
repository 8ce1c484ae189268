"""What a drill is, what came of one, and where all of them are."""

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from neuroloop.core.errors import ConfigError, Exit, nearest
from neuroloop.drill import faults


class Body(StrEnum):
    """Which robot it is."""

    SIMULATED = "simulated"
    """in a world of this machine, in a process that the brain starts"""
    BOARD = "board"
    """firmware on a board, at the other end of a broker"""


class Happened(StrEnum):
    """What the robot did."""

    STOPPED = "stopped"
    STOOD = "stood still when its body went on"
    WENT_ON = "went on"
    STARVED = "its body had no core; then it stood still"
    REFUSED = "refused"
    DIED = "its body died"
    NOTHING = "nothing that was expected"


@dataclass
class Finding:
    """What one try of a drill showed; ``wrong`` is empty where all was as it has to be."""

    happened: Happened = Happened.NOTHING
    ms: float | None = None
    """from the last command that was taken before the fault until the wheels stay at zero"""
    still_ms: float | None = None
    """the same until the body stood still"""
    gap_ms: float = 0.0
    """the longest that the body itself was not given a core meanwhile"""
    wrong: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    """what the run said, everywhere it says something"""


Play = Callable[[Any], Finding]
"""does the harm to the `Robot` that the drill wants, and judges what came of it"""


@dataclass(frozen=True)
class Drill:
    """One fault."""

    name: str
    injected: str
    """in words"""
    expects: str
    """what has to happen, in words"""
    named: str
    """a regular expression; a line of what the run says has to match it"""
    play: Play
    changes: Sequence[str] = ()
    """of the run file; ``{folder}`` is a new folder, whose file ``trigger`` the parts look at"""
    options: Sequence[str] = ()
    """further ones of ``neuroloop run``"""
    module: Sequence[str] = ("neuroloop", "run")
    terminal: bool = False
    """whether it has a terminal to type at"""
    body: Body = Body.SIMULATED
    lacks: Callable[[], str] = lambda: ""
    """names the permission or the package that is missing, nothing where all is there"""

    @property
    def robot(self) -> tuple[object, ...]:
        """What robot it wants: drills that want the same may share one."""
        lists = (self.changes, self.options, self.module)
        return (self.body, self.terminal, *map(tuple, lists))

    @property
    def lives_on(self) -> bool:
        """Whether the robot drives on afterwards, as if nothing had been."""
        return bool(getattr(self.play, "lives_on", False))

    @property
    def reports(self) -> bool:
        """Whether the run ends in order with it, so that it reports on those before as well."""
        return getattr(self.play, "exit_code", None) == Exit.INTERRUPTED


@dataclass(frozen=True)
class Result:
    """What came of a drill, after as many tries as it took."""

    name: str
    injected: str
    expects: str
    happened: str
    ms: float | None
    still_ms: float | None
    named: str
    wrong: Sequence[str]
    tries: int = 1
    gap_ms: float = 0.0
    skipped: str = ""
    """the permission or the package that is missing"""
    body: str = Body.SIMULATED.value

    @property
    def good(self) -> bool:
        """Whether all was as expected, as far as it could be tried."""
        return not self.wrong


def drills() -> dict[str, Drill]:
    """Return all drills by name: the lists ``DRILLS`` of the files in ``faults``."""
    found: dict[str, Drill] = {}
    for module in pkgutil.iter_modules(faults.__path__):
        topic = importlib.import_module(f"{faults.__name__}.{module.name}")
        for drill in topic.DRILLS:
            if drill.name in found:
                raise ConfigError(f'two drills are called "{drill.name}"')
            found[drill.name] = drill
    return found


def chosen(names: Sequence[str], body: Body | None = None) -> list[Drill]:
    """Return the drills of these names, or all; a name also stands for those it is the start of.

    Parameters
    ----------
    names
        None for all.
    body
        Which robot's; without it those of all.

    Raises
    ------
    ConfigError
        Where there is none of a name.
    """
    known = {n: d for n, d in drills().items() if body in (None, d.body)}
    picked: dict[str, Drill] = {} if names else known
    for name in names:
        meant = [d for n, d in known.items() if n == name or n.startswith(f"{name}-")]
        if not meant:
            raise ConfigError(f'no drill "{name}"{nearest(name, known)}')
        picked |= {d.name: d for d in meant}
    return list(picked.values())
