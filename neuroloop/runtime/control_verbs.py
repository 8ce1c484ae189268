"""What one can ask of a running loop: requests as data, and what each of them does.

``{"do": "arm"}`` is a request; an answer has ``ok``, and ``answer`` or ``error`` in words.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from neuroloop.core.errors import ConfigError, Exit, NeuroloopError
from neuroloop.core.safety import Order
from neuroloop.core.values import Int64s
from neuroloop.engine.row import M_SERIAL, M_T_US
from neuroloop.network.graph import Number
from neuroloop.runtime.control_socket import LINE_BYTES
from neuroloop.runtime.edits import edit_parameters
from neuroloop.runtime.live.live import Live
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.said import said
from neuroloop.runtime.told import Told
from neuroloop.runtime.warden import BLOCK
from neuroloop.safety.block import B_AHEAD, B_BEHIND, NO_LIMIT

Answer = dict[str, Any]
Who = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]{1,64}$")]
"""printable: it will stand in reports"""

_log = logging.getLogger("neuroloop.control")


class Request(Struct, tag_field="do", forbid_unknown_fields=True, frozen=True):
    """What all requests have: ``who`` is whom a report will name."""

    who: Who = "control"


class Status(Request, tag="status", frozen=True):
    """How the loop is."""

    async def carry_out(self, loop: Loop) -> Answer:
        """Read memory that the tick writes; nothing waits for it."""
        now_us = loop.next_index * loop.dt_us
        return {
            "answer": said(loop).get("text", "this run moves nothing"),
            "run_s": now_us / 1e6,
            "tick": loop.next_index,
            "missed_ticks": loop.live.tick.missed if loop.live and loop.live.tick else 0,
            "guard": said(loop),
            "limits": _limits(loop),
            "sensors": _ages(loop, now_us),
        }


class Arm(Request, tag="arm", frozen=True):
    """Let motion begin."""

    async def carry_out(self, loop: Loop) -> Answer:
        """Wait until motion may begin, or else say what stands against it."""
        return await _told(loop, Order.ARM, self.who)


class Disarm(Request, tag="disarm", frozen=True):
    """Let motion end until somebody arms."""

    async def carry_out(self, loop: Loop) -> Answer:
        """Wait until motion has ended."""
        return await _told(loop, Order.DISARM, self.who)


class Reset(Request, tag="reset", frozen=True):
    """End an emergency stop; nothing moves until somebody arms."""

    async def carry_out(self, loop: Loop) -> Answer:
        """Wait until it has ended."""
        return await _told(loop, Order.RESET, self.who)


class Stop(Request, tag="stop", frozen=True):
    """Emergency stop."""

    async def carry_out(self, loop: Loop) -> Answer:
        """Wait until nothing may move."""
        return await _told(loop, Order.STOP, self.who)


class End(Request, tag="end", frozen=True):
    """End the run in order, as Ctrl-C does."""

    async def carry_out(self, loop: Loop) -> Answer:
        """Ask for it."""
        loop.episode.stop.asked = True
        return {"answer": "the run ends"}


class Set(Request, tag="set", frozen=True):
    """Give parameters of a population other values."""

    population: str = ""
    parameters: dict[str, Number] = {}

    async def carry_out(self, loop: Loop) -> Answer:
        """Let them enter with the next tick, all or none."""
        if not self.parameters:
            raise ConfigError("`set` needs a population and parameters, as in tau_m_ms = 10")
        edit_parameters(loop, self.population, self.parameters)
        given = ", ".join(f"{name} = {value}" for name, value in self.parameters.items())
        return {"answer": f"{self.population}: {given}"}


class Steer(Request, tag="steer", frozen=True):
    """Want a motion of an actuator instead of the network's, for as long as commands last."""

    limb: str = ""
    values: list[float] = []

    async def carry_out(self, loop: Loop) -> Answer:
        """Let it enter with the next tick; the guard decides what comes of it."""
        loop.orders.steer(self.limb, self.values, loop.next_index * loop.dt_us)
        return {"answer": f"{self.limb}: {', '.join(f'{v:g}' for v in self.values)}"}


class Save(Request, tag="save", frozen=True):
    """Write the network's state to a file on the machine of the loop."""

    path: str = ""

    async def carry_out(self, loop: Loop) -> Answer:
        """Write it beside the ticks, which go on."""
        return {"answer": await asyncio.to_thread(_live(loop).save, self.path)}


class Swap(Request, tag="swap", frozen=True):
    """Let another network run, without a stop."""

    network: str = ""
    backend: str | None = None

    async def carry_out(self, loop: Loop) -> Answer:
        """Build it beside the ticks, then let it take over between two of them."""
        return {"answer": await asyncio.to_thread(_live(loop).swap, self.network, self.backend)}


_VERBS = Status | Arm | Disarm | Reset | Stop | End | Set | Steer | Save | Swap
_decode = msgspec.json.Decoder(_VERBS).decode


async def answered(loop: Loop, line: bytes) -> bytes:
    """Carry out one line and return the line that answers it; whatever it holds, it never raises.

    ``code`` is the exit code of who asked: 0, 1 where the order was not obeyed, and those of
    `core.errors.Exit`.
    """
    answer: Answer
    try:
        if len(line) > LINE_BYTES:
            raise ConfigError(f"no request: longer than a line of {LINE_BYTES:,} bytes")  # noqa: TRY301
        answer = {"ok": True, "code": int(Exit.OK), **await _decode(line).carry_out(loop)}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        answer = {"ok": False, "code": int(Exit.USAGE), "error": f"no request: {error}"}
    except NeuroloopError as error:
        answer = {"ok": False, "code": int(error.exit_code), "error": str(error)}
    except Exception as error:  # a request must not end the service
        _log.exception("a request failed")
        told = f"a fault of its own: {type(error).__name__}: {error}"
        answer = {"ok": False, "code": int(Exit.FAULT), "error": told}
    return msgspec.json.encode(answer) + b"\n"


async def _told(loop: Loop, order: Order, who: str) -> Answer:
    """Give an order and wait for what comes of it."""
    outcome = await asyncio.to_thread(Told(loop, order, who).wait)
    if outcome.obeyed:
        return {"answer": outcome.text, "guard": said(loop)}
    return {
        "ok": False,
        "code": int(Exit.GOAL_MISSED),
        "error": outcome.text,
        "guard": said(loop),
    }


def _live(loop: Loop) -> Live:
    if loop.live is None:
        raise ConfigError("only a live run can do this: --set clock.kind=wall")
    return loop.live


def _limits(loop: Loop) -> Mapping[str, object]:
    """Return what the body can do, m/s a channel, and what the reflexes allow just now."""
    bodies = zip(loop.orders.limbs, loop.actuators, strict=False)
    limits: dict[str, object] = {
        limb: dict(zip(motor.body.channels, motor.body.limits, strict=True))
        for limb, motor in bodies
    }
    if BLOCK in loop.program.arena.fields:
        block: Int64s = loop.program.arena[BLOCK]
        for name, word in (("ahead_mps", B_AHEAD), ("behind_mps", B_BEHIND)):
            allowed = int(block[word])
            limits[name] = None if allowed >= NO_LIMIT else allowed / 1e6
    return limits


def _ages(loop: Loop, now_us: int) -> dict[str, float | None]:
    """Return how old the newest reading of each sensor of numbers is, in seconds."""
    arena = loop.program.arena
    ages: dict[str, float | None] = {}
    for source in loop.sources:
        meta = f"{source.spec.name}.meta"
        if meta in arena.fields:
            words = arena[meta]
            age_s = max(0, now_us - int(words[M_T_US])) / 1e6
            ages[source.spec.name] = age_s if words[M_SERIAL] else None
    return ages
