"""What a run on a chip's backend would have cost there, live and at the end, and what it cost here.

Counters are read in the network's memory about once a second, between ticks or beside them.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from neuroloop.chips.energy import words
from neuroloop.chips.energy.account import Account, account
from neuroloop.chips.energy.counts import Counts, read, taken_over
from neuroloop.chips.energy.processor import Processor
from neuroloop.chips.energy.tariff import tariff
from neuroloop.chips.energy.traffic import Traffic
from neuroloop.config.runfile import RunFile
from neuroloop.core.values import UInt8s
from neuroloop.engine.row import M_SERIAL
from neuroloop.report.placement import travelled
from neuroloop.runtime.loop import Loop

_EVERY_S = 1.0


@dataclass(frozen=True)
class Energy:
    """What a run came to."""

    account: Account | None
    """None on a backend that is no chip's"""
    decisions: int
    """motions that decoders gave, of the limb with the most"""
    processor_joules: float | None
    """of this computer; None where that cannot be read"""
    why: str
    """why it cannot"""
    wall_seconds: float

    def as_json(self) -> dict[str, Any]:
        """Return plain values for one JSON object."""
        chip = self.account
        return {
            "chip": chip and chip.as_json(),
            "decisions": self.decisions,
            "joules_a_decision": chip.joules / self.decisions if chip and self.decisions else None,
            "processor_joules": self.processor_joules,
            "processor_unavailable": self.why,
        }

    def lines(self) -> list[str]:
        """Return what to say of it, the account first; nothing where there is nothing to say."""
        lines = []
        if self.account is not None:
            lines.append(f"  energy         {words.total(self.account, self.decisions)}")
            lines += [f"    {line}" for line in words.terms(self.account)]
            if tick := words.tick(self.account):
                lines.append(f"    a tick on the chip: {tick}")
        if self.processor_joules is not None:
            power = self.processor_joules / self.wall_seconds if self.wall_seconds else 0.0
            lines.append(
                f"  processor      {words.quantity(self.processor_joules, 'J')}, "
                f"{words.quantity(power, 'W')}: this computer's own, with all that ran on it"
            )
        elif self.account is not None:
            lines.append(f"  processor      its own energy is unavailable: {self.why}")
        return lines


class EnergyMeter:
    """A sink that keeps an account of the run; `line` is what a status line shows of it."""

    def __init__(self, loop: Loop, run: RunFile, now: Callable[[], float] = time.monotonic) -> None:
        config = run.engine.config
        own, variant = getattr(config, "energy", None), getattr(config, "variant", "")
        self._tariff = tariff(run.engine.kind, own, run.folder, variant)
        self._loop, self._run, self._now = loop, run, now
        self._program = loop.program
        self._base, self._done = read(loop.program), Counts()
        self._decided = self._serials()
        self._processor = Processor()
        self._start = self._last = now()
        self._shown = (0.0, 0.0, 0.0)
        self.line = ""
        """power over the last second, and energy of a decision so far"""

    def take(self, record: UInt8s, outcome: UInt8s) -> None:
        """Look about once a second."""
        del record, outcome
        now = self._now()
        if now - self._last >= _EVERY_S:
            self._last = now
            self._processor.look()
            self.line = self._said()

    def energy(self) -> Energy:
        """Return what the run came to so far."""
        joules = self._processor.look()
        wall_s = self._now() - self._start
        found = self._account(ended=True)
        return Energy(found, self._decisions(), joules, self._processor.why, wall_s)

    def _account(self, *, ended: bool) -> Account | None:
        """Return the account; where the run has ended, with how far spikes travelled."""
        if self._tariff is None:
            return None
        dt_us, counts = self._loop.dt_us, self._counts()
        way: Traffic | str | None = None
        if ended:
            swapped = self._done != Counts()
            way = "networks were swapped" if swapped else travelled(self._run, dt_us, counts)
        return account(self._tariff, counts, counts.ticks * dt_us * 1e-6, way)

    def _counts(self) -> Counts:
        """Return what was counted since the start, by all networks that ran."""
        program = self._loop.program
        if program is not self._program:
            self._done += read(self._program).since(self._base)
            self._base, self._program = taken_over(self._program, program), program
        return self._done + read(program).since(self._base)

    def _said(self) -> str:
        """Return what the status line shows."""
        found = self._account(ended=False)
        if found is None or found.unknown:
            return ""
        before, self._shown = self._shown, (found.seconds, found.joules, found.event_joules)
        gone, joules, events = (b - a for a, b in zip(before, self._shown, strict=True))
        if gone <= 0.0:
            return self.line
        text = ("at least " if found.at_least else "") + words.quantity(joules / gone, "W")
        if events < joules:
            text += f" (events {words.quantity(events / gone, 'W')})"
        decisions = self._decisions()
        if decisions:
            text += f", {words.quantity(found.joules / decisions, 'J')} a decision"
        return text

    def _decisions(self) -> int:
        now = self._serials()
        return max((now[name] - first for name, first in self._decided.items()), default=0)

    def _serials(self) -> dict[str, int]:
        """Return how many motions each decoder gave."""
        arena = self._loop.program.arena
        names = [part.name for part in self._run.decoders]
        return {name: int(arena[f"wanted.{name}.meta"][M_SERIAL]) for name in names}
