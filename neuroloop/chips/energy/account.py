"""The account: what was counted times what each event costs, term by term.

A term whose constant nobody knows is unknown, and so is what was not counted; the total is then
the sum of the others, and says "at least".  Nothing is guessed in their place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from neuroloop.chips.energy.counts import Counts
from neuroloop.chips.energy.tariff import Tariff
from neuroloop.chips.energy.traffic import Traffic
from neuroloop.chips.profile import Figure

_PJ, _NS = 1e-12, 1e-9


@dataclass(frozen=True)
class Term:
    """One line of an account."""

    name: str
    """of the events, in words"""
    count: float | None
    """events; seconds for static power; None where they were not counted"""
    unit: str
    """of what one costs"""
    figure: Figure
    scale: float
    """joules, or seconds, in one ``unit``"""

    @property
    def total(self) -> float | None:
        """Joules, or seconds; None where the count or the constant is unknown."""
        if self.count == 0:
            return 0.0
        if self.count is None or self.figure.value is None:
            return None
        return self.count * self.figure.value * self.scale

    def as_json(self) -> dict[str, Any]:
        """Return plain values; ``total`` is null where it is unknown."""
        return {
            "name": self.name,
            "count": self.count,
            "each": self.figure.value,
            "unit": self.unit,
            "total": self.total,
            "status": self.figure.status.value,
            "source": self.figure.source,
        }


@dataclass(frozen=True)
class Account:
    """What a run cost, or would have on a chip."""

    tariff: str
    seconds: float
    """run time"""
    ticks: int
    energy: Sequence[Term]
    time: Sequence[Term]
    """that events keep the cores busy, all cores together; the last one, barriers, all at once"""
    cores: int | None
    """in use; None where nothing was placed"""
    uncounted: Sequence[str] = ()
    """parts of the network that count nothing, so that the account lacks them"""
    unplaced: str = ""
    """why the populations were not placed on cores, where that is known"""

    @property
    def joules(self) -> float:
        """What is known of the energy."""
        return sum(term.total or 0.0 for term in self.energy)

    @property
    def at_least(self) -> bool:
        """Whether something is unknown."""
        return bool(self.uncounted) or any(term.total is None for term in self.energy)

    @property
    def event_joules(self) -> float:
        """What is known of the share of events; the rest is static power."""
        return sum(term.total or 0.0 for term in self.energy if term.unit == "pJ")

    @property
    def unknown(self) -> bool:
        """Whether nothing is known of anything that happened."""
        return all(term.total is None for term in self.energy if term.count != 0)

    @property
    def busiest_tick_us(self) -> float | None:
        """Mean time of a tick if one core did all the work; None where anything is unknown."""
        if not self.ticks or any(term.total is None for term in self.time):
            return None
        return 1e6 * sum(term.total or 0.0 for term in self.time) / self.ticks

    @property
    def shared_tick_us(self) -> float | None:
        """The same if all cores in use shared the work evenly, the least there can be."""
        whole = self.busiest_tick_us
        if whole is None or not self.cores:
            return None
        barrier = 1e6 * (self.time[-1].total or 0.0) / self.ticks
        return barrier + (whole - barrier) / self.cores

    def as_json(self) -> dict[str, Any]:
        """Return plain values for one JSON object."""
        return {
            "tariff": self.tariff,
            "seconds": self.seconds,
            "joules": self.joules,
            "at_least": self.at_least,
            "event_joules": self.event_joules,
            "watts": self.joules / self.seconds if self.seconds else 0.0,
            "terms": [term.as_json() for term in self.energy],
            "time": [term.as_json() for term in self.time],
            "tick_us_if_one_core_did_all": self.busiest_tick_us,
            "tick_us_if_cores_shared_evenly": self.shared_tick_us,
            "uncounted": list(self.uncounted),
            "unplaced": self.unplaced,
        }


def account(
    tariff: Tariff, counts: Counts, seconds: float, traffic: Traffic | str | None = None
) -> Account:
    """Price what was counted.

    Parameters
    ----------
    tariff
        What each event costs.
    counts
        What was counted.
    seconds
        Run time, for which static power is drawn.
    traffic
        Of the same spikes, where the populations were placed on cores, or why they were not;
        without it hops are unknown, and each projection that takes a spike is one core that it is
        sent to.
    """
    unplaced, traffic = (traffic, None) if isinstance(traffic, str) else ("", traffic)
    updates = sum(u.updates for u in counts.populations.values())
    active = sum(u.active for u in counts.populations.values())
    taken = sum(d.taken for d in counts.projections.values())
    events: list[tuple[str, str, float | None]] = [
        ("synaptic operations", "synop", sum(d.synops for d in counts.projections.values())),
        ("active updates", "active_update", active),
        ("inactive updates", "inactive_update", updates - active),
        ("spikes sent to a core", "spike", traffic.messages if traffic else taken),
        *_hops(tariff, traffic, taken),
    ]
    energy = [
        Term(name, count, "pJ", tariff.figure(f"{event}_pj"), _PJ) for name, event, count in events
    ]
    energy.append(Term("static power", seconds, "mW", tariff.figure("static_mw"), 1e-3))
    time = [
        Term(name, count, "ns", tariff.figure(f"{event}_ns"), _NS) for name, event, count in events
    ]
    time.append(Term("barriers", counts.ticks, "ns", tariff.figure("barrier_ns"), _NS))
    return Account(
        tariff.name,
        seconds,
        counts.ticks,
        energy,
        time,
        traffic.cores if traffic else None,
        sorted(counts.uncounted),
        unplaced,
    )


def _hops(
    tariff: Tariff, traffic: Traffic | None, taken: int
) -> list[tuple[str, str, float | None]]:
    """Return the hops along rows and columns, or all together where no such figures are known."""
    if traffic is None or traffic.east_west is None or traffic.north_south is None:
        return [("hops between tiles", "hop", None if taken else 0)]
    if tariff.figure("hop_east_west_pj").value is None:
        return [("hops between tiles", "hop", traffic.east_west + traffic.north_south)]
    return [
        ("hops east and west", "hop_east_west", traffic.east_west),
        ("hops north and south", "hop_north_south", traffic.north_south),
    ]
