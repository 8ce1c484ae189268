"""What stands in which column of a text file of events."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from neuroloop.core.errors import ConfigError
from neuroloop.core.values import Int64s
from sensors.event_camera._decoder import Size

T, X, Y, P, OTHER = range(5)

_NAMES = {
    **dict.fromkeys(("t", "ts", "t_us", "time", "timestamp", "timestamps"), T),
    **dict.fromkeys(("x", "col", "column"), X),
    **dict.fromkeys(("y", "row"), Y),
    **dict.fromkeys(("p", "on", "pol", "polarity"), P),
}
_MOST_COLUMNS = 32


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """How the lines of a file are to be read."""

    n_bytes: int
    """before the first event"""
    order: Int64s
    """``int64[k]``: `T`, `X`, `Y`, `P` or `OTHER` of each column"""
    seconds: bool
    """whether times have a decimal point"""
    size: Size | None = None
    """of the camera, where the names say it: ``t,x@640,y@480,p``"""


def columns(start: bytes, path: Path) -> Columns:
    """Read the first lines of a file.

    Raises
    ------
    ConfigError
        Where neither the first line that is no remark nor the one after it is an event.
    """
    at = 0
    order, size = [T, X, Y, P], None
    for line in start.splitlines(keepends=True)[:1000]:
        words = line.decode("ascii", "replace").replace(",", " ").replace(";", " ").split()
        if words and words[0][0] not in "#%":
            if _is_number(words[0]):
                return replace(_known(at, order, words, path), size=size)
            names = [word.strip("\"'").lower().partition("@") for word in words]
            order = [_NAMES.get(name, OTHER) for name, _, _ in names]
            size = _size({_NAMES.get(name, OTHER): said for name, _, said in names})
        at += len(line)
    raise ConfigError(f"`source`: {path}: holds no line of numbers; `t,x,y,p` are wanted")


def _known(at: int, order: list[int], words: list[str], path: Path) -> Columns:
    if sorted(each for each in order if each != OTHER) != [T, X, Y, P] or len(order) > len(words):
        raise ConfigError(
            f"`source`: {path}: the columns {', '.join(words[:8])} are not time, x, y and polarity;"
            " name them in a first line: t,x,y,p"
        )
    return Columns(at, np.array(order[:_MOST_COLUMNS], np.int64), "." in words[order.index(T)])


def _size(said: dict[int, str]) -> Size | None:
    width, height = said.get(X, ""), said.get(Y, "")
    return (int(width), int(height)) if width.isdigit() and height.isdigit() else None


def _is_number(word: str) -> bool:
    return word.lstrip("+-")[:1].isdigit() or word[:1] == "."
