"""What keys mean to a robot: from what a terminal sends to what is done, without any terminal."""

from dataclasses import dataclass
from enum import Enum

from neuroloop.core.body import Body


class Do(Enum):
    """What a key asks for; the value is its line of help."""

    FORWARD = "up, w      one step faster, straight ahead"
    BACKWARD = "down, s    one step slower, or backward, straight"
    LEFT = "left, a    one step more to the left"
    RIGHT = "right, d   one step more to the right"
    EMERGENCY = "space      emergency stop"
    RESET = "r          end an emergency stop; nothing moves until armed"
    ARM = "e          arm: motion may begin"
    DISARM = "x          disarm: motion ends"
    RELEASE = "n          steer no more: the network drives"
    END = "q          end the run"
    HELP = "?          these lines"


STEERING = (Do.FORWARD, Do.BACKWARD, Do.LEFT, Do.RIGHT)
_KEYS = {
    **dict.fromkeys(("up", "w"), Do.FORWARD),
    **dict.fromkeys(("down", "s"), Do.BACKWARD),
    **dict.fromkeys(("left", "a"), Do.LEFT),
    **dict.fromkeys(("right", "d"), Do.RIGHT),
    " ": Do.EMERGENCY,
    "r": Do.RESET,
    "e": Do.ARM,
    "x": Do.DISARM,
    "n": Do.RELEASE,
    "q": Do.END,
    "?": Do.HELP,
}
_ARROWS = {"A": "up", "B": "down", "C": "right", "D": "left"}
_ESCAPE = "\x1b"


def action(key: str) -> Do | None:
    """Return what a key asks for, None for one that means nothing; capitals count as small."""
    return _KEYS.get(key.lower() if len(key) == 1 else key)


def keys(typed: bytes) -> tuple[list[str], bytes]:
    """Return the keys in what a terminal sent, and the beginning of one that is not all there.

    Arrows come as ``ESC [ A`` or ``ESC O A``; of other keys that send ``ESC [ ... letter`` nothing
    is left, so that no letter of theirs counts as a key.
    """
    text, found, at = typed.decode("latin-1"), [], 0
    while at < len(text):
        if text[at] != _ESCAPE:
            found.append(text[at])
            at += 1
            continue
        end = _sequence_end(text, at)
        if end is None:
            return found, typed[at:]
        if end - at == 3 and text[end - 1] in _ARROWS:
            found.append(_ARROWS[text[end - 1]])
        at = end
    return found, b""


def _sequence_end(text: str, at: int) -> int | None:
    """Return where the escape sequence at ``at`` ends, None where its end has not come yet.

    No key sends a space within one: a space is always the emergency stop.
    """
    if at + 1 == len(text):
        return None
    if text[at + 1] not in "[O":
        return at + 1  # the escape key itself; what follows is a key of its own
    for end in range(at + 2, len(text)):
        if "@" <= text[end] <= "~":
            return end + 1
        if not "0" <= text[end] <= "?":
            return end
    return None


STEPS = 10
"""from standing to full speed; a turn has half as many"""


@dataclass(frozen=True)
class Wish:
    """A motion in steps: ``ahead`` forward or, below 0, backward; ``turn`` left or, below 0, right.

    One step is a tenth of the fastest wheel speed.  A turn of k steps makes one wheel k steps
    faster and the other k steps slower.
    """

    ahead: int = 0
    turn: int = 0

    def after(self, do: Do) -> "Wish":
        """Return the wish after one press of a key that steers."""
        if do in (Do.FORWARD, Do.BACKWARD):
            return Wish(_held(self.ahead + (1 if do is Do.FORWARD else -1), STEPS), 0)
        more = 1 if do is Do.LEFT else -1
        return Wish(self.ahead, _held(self.turn + more, STEPS // 2))

    def wheels(self, body: Body) -> tuple[float, float]:
        """Return the speeds of the left and the right wheel in m/s, within the body's limits.

        Where both do not fit the turn is kept and the way ahead is slower.
        """
        step = min(body.limits) / STEPS
        ahead = _held(self.ahead, STEPS - abs(self.turn))
        return (ahead - self.turn) * step, (ahead + self.turn) * step


def _held(steps: int, most: int) -> int:
    return min(max(steps, -most), most)
