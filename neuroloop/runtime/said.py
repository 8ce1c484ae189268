"""What the guard has to say, in words: its state, what stands against motion, who is to blame."""

from typing import Any

from neuroloop.core.safety import Cause, State
from neuroloop.core.values import Int64s
from neuroloop.runtime.host.wire import BODY
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.warden import BLOCK
from neuroloop.safety.block import (
    B_ACTIVE,
    B_BLAMED,
    B_BY,
    B_CAUSE,
    B_COUNTS,
    B_REFUSED,
    B_SINCE_US,
    B_STATE,
    B_STOPPED_US,
    B_STOPS,
    B_WARNED,
)

STATES = {
    State.DISARMED: "disarmed",
    State.ARMED: "armed",
    State.HOLD: "held",
    State.STOPPED: "stopped",
    State.EMERGENCY: "emergency stop",
    State.OFF: "off",
}

_WORDS = {
    Cause.SILENT: "{who} silent",
    Cause.REPEATED: "{who} gives the same numbers again and again",
    Cause.NOT_FINITE: "{who} gave what is no number",
    Cause.OUT_OF_RANGE: "{who} out of its range",
    Cause.TOO_FAST: "{who} gives far more readings than it declared",
    Cause.LOST: "readings of {who} lost",
    Cause.EXPIRED: "the newest command is too old",
    Cause.BAD_MOTION: "a command that is no number",
    Cause.OVERRUN: "ticks skipped for too long",
    Cause.PART: "{who} failed",
    Cause.EMERGENCY: "emergency stop by {who}",
    Cause.ORDER: "disarmed by {who}",
    Cause.NETWORK: "a state of the network is no longer a number",
}


def said(loop: Loop) -> dict[str, Any]:
    """Return what the guard of a loop says now; empty where the loop moves nothing and has none.

    Safe from any thread; the numbers of a live run may be of two neighbouring ticks.  Causes and
    states have the names of `core.safety`, in lower case; times are run time.

    ============ ==========================================================================
    state        name of the state; ``since_s``: when it was entered
    causes       names of those that stand now; ``against``: the same in words
    ended        the last time that motion ended, None where it never did: ``cause``,
                 ``who`` (in words, "" where nobody has a name), ``t_s`` and ``text``
    stops        how often motion ended
    refused      how often an order to arm was refused
    ticks        in which each cause was active, of those that ever were
    warnings     ticks in which each warning was given
    short        the state in one line: ``stopped at 3.21 s: sensor "lidar" silent``
    text         the same, and the warnings that there were
    ============ ==========================================================================
    """
    if BLOCK not in loop.program.arena.fields:
        return {}
    block: Int64s = loop.program.arena[BLOCK].copy()
    state, since_s = State(int(block[B_STATE])), int(block[B_SINCE_US]) / 1e6
    ended = _ended(loop, block)
    active = [cause for cause in Cause if int(block[B_ACTIVE]) >> cause & 1]
    against = [_words(cause, blamed(loop, int(block[B_BY + cause]))) for cause in active]
    short = _sentence(state, since_s, ended, against)
    warnings = _counts(block[B_WARNED : B_WARNED + len(Cause)])
    return {
        "state": state.name.lower(),
        "since_s": since_s,
        "causes": [cause.name.lower() for cause in active],
        "against": against,
        "ended": ended,
        "stops": int(block[B_STOPS]),
        "refused": int(block[B_REFUSED]),
        "ticks": _counts(block[B_COUNTS : B_COUNTS + len(Cause)]),
        "warnings": warnings,
        "short": short,
        "text": short + _warned(warnings),
    }


def state_of(loop: Loop) -> State | None:
    """Return the guard's state alone, None where there is no guard."""
    if BLOCK not in loop.program.arena.fields:
        return None
    return State(int(loop.program.arena[BLOCK][B_STATE]))


def _sentence(
    state: State, since_s: float, ended: dict[str, Any] | None, against: list[str]
) -> str:
    """Say the state, and why: what ended motion, or else what stands against its beginning."""
    if ended is None:
        since = f" since {since_s:.2f} s" if state is State.ARMED else ""
        return f"{STATES[state]}{since}{_against(against)}"
    if state in (State.HOLD, State.STOPPED, State.OFF):
        return f"{STATES[state]} at {ended['t_s']:.2f} s: {ended['text']}"
    if state is not State.ARMED and since_s == ended["t_s"]:
        return f"{ended['text']} at {since_s:.2f} s"
    last = f"motion ended last at {ended['t_s']:.2f} s: {ended['text']}"
    return f"{STATES[state]} since {since_s:.2f} s{_against(against)}; {last}"


def _against(against: list[str]) -> str:
    return f"; against arming: {', '.join(against)}" if against else ""


def _warned(warnings: dict[str, int]) -> str:
    named = ", ".join(f"{name.replace('_', ' ')} {n:,}" for name, n in warnings.items())
    return f"; ticks with warnings: {named}" if named else ""


def _ended(loop: Loop, block: Int64s) -> dict[str, Any] | None:
    if not block[B_CAUSE]:
        return None
    cause = Cause(int(block[B_CAUSE]) - 1)
    who = blamed(loop, int(block[B_BLAMED]))
    return {
        "cause": cause.name.lower(),
        "who": who,
        "t_s": int(block[B_STOPPED_US]) / 1e6,
        "text": _words(cause, who),
    }


def blamed(loop: Loop, who: int) -> str:
    """Return in words who a number of the guard stands for: a sensor's port or a giver of orders.

    Empty where it is nobody that has a name.
    """
    names = loop.orders.names
    if who < 0:
        return names[-1 - who] if -1 - who < len(names) else ""
    for feed in loop.intake.feeds:
        if feed.port == who:
            return "the body" if feed.name == BODY else f'sensor "{feed.name}"'
    return ""


def _words(cause: Cause, who: str) -> str:
    somebody = "somebody" if cause in (Cause.EMERGENCY, Cause.ORDER) else "a sensor"
    return _WORDS[cause].format(who=who or ("a part" if cause is Cause.PART else somebody))


def _counts(ticks: Int64s) -> dict[str, int]:
    return {cause.name.lower(): int(ticks[cause]) for cause in Cause if ticks[cause]}
