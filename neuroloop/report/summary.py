"""The report of a run, as a value, a text and JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from neuroloop.core.errors import Exit
from neuroloop.report.energy import Energy, EnergyMeter
from neuroloop.report.meter import Meter, Quantiles, quantiles
from neuroloop.runtime.broken import clamped
from neuroloop.runtime.episode import End
from neuroloop.runtime.live.control import bin_edges_us
from neuroloop.runtime.live.facts import LiveFacts
from neuroloop.runtime.said import said
from neuroloop.runtime.session import Session


@dataclass(frozen=True)
class Summary:
    """What a run came to; times are run time unless said."""

    title: str
    run_file: str
    seed: int
    plant: str | None
    """kind that really ran; None on a real robot or a recording"""
    ended: str
    goal_reached: bool | None
    """None where the world has no goal"""
    reached_s: float | None
    """when the goal was reached"""
    seconds: float
    wall_seconds: float
    path_m: float | None
    contacts: int | None
    ticks: int
    missed_ticks: int
    tick: Quantiles
    late: Quantiles | None
    """how late ticks started after their deadlines; wall clock only"""
    live: dict[str, Any] | None
    """of a run by the wall clock: what the machine granted, which phases cost deadlines, the
    latency of each sensor, what happened to parts and networks"""
    budget_us: float
    spikes_in: int
    spikes: int
    synaptic_operations: int
    energy: Energy | None
    """on a chip's backend, or where this computer says what it draws"""
    late_events: dict[str, int]
    drops: dict[str, int]
    sensors: dict[str, dict[str, int]]
    """what each sensor and its encoders counted: frames that were stale, events without room ..."""
    guard: dict[str, int]
    """ticks in which the guard stepped in, by reason"""
    safety: dict[str, Any]
    """what the guard says at the end (`runtime.said`); empty where nothing could move"""
    started: str
    """when run time was 0 in UTC"""
    fingerprint: str
    exit_code: int

    def as_json(self) -> dict[str, object]:
        """Return plain values for one JSON object."""
        return {**asdict(self), "energy": self.energy and self.energy.as_json()}

    def text(self) -> str:
        """Return the report as lines."""
        lines = [self.title or self.run_file, f"  {self._verdict()}"]
        if self.path_m is not None:
            touched = f"{self.contacts} contacts" if self.contacts else "no contact"
            lines.append(f"  path           {self.path_m:.2f} m, {touched}")
        pace = self.seconds / self.wall_seconds if self.wall_seconds else 0.0
        lines += [
            f"  run time       {self.seconds:.2f} s in {self.wall_seconds:.2f} s "
            f"({pace:.1f} x real time)",
            f"  ticks          {self.ticks:,} of {self.budget_us:g} us"
            + (f", {self.missed_ticks:,} missed" if self.missed_ticks else "")
            + (f" ({_counts(self.live['phases'])})" if self.live and self.live["phases"] else ""),
            f"  tick time      p50 {self.tick.p50_us:.1f}  p99 {self.tick.p99_us:.1f}  "
            f"max {self.tick.max_us:.0f} us",
        ]
        if self.late is not None and self.live is not None:
            late, granted = self.late, self.live["granted"]
            priority = "real-time" if granted["fifo"] else "ordinary"
            memory = ", memory locked" if granted["locked"] else ""
            lines.append(
                f"  lateness       p50 {late.p50_us:.1f}  p99 {late.p99_us:.1f}  "
                f"max {late.max_us:.0f} us, {priority} priority{memory}"
            )
            lines += _latencies(self.live)
        lines += [
            f"  spikes         {self.spikes_in:,} in, {self.spikes:,} fired, "
            f"{self.synaptic_operations:,} synaptic operations",
            *(self.energy.lines() if self.energy else ()),
            f"  drops          {_counts(self.drops)}",
            f"  late events    {_counts(self.late_events)}",
            *(
                f"  {name:14} {_counts(counts)}"
                for name, counts in self.sensors.items()
                if any(counts.values())
            ),
            f"  guard          {self._guard()}",
            f"  fingerprint    {self.fingerprint} (seed {self.seed})",
        ]
        if self.live is not None:
            lines += [f"  at {text}" for text in self.live["said"]]
        return "\n".join(lines)

    def _guard(self) -> str:
        """Say what the guard did, and what it did last where that was to stop."""
        did = _counts(self.guard)
        if not self.safety or (self.safety["state"] == "armed" and not self.safety["stops"]):
            return did
        return f"{self.safety['text']} ({did})"

    def _verdict(self) -> str:
        if self.goal_reached is None:
            return f"ended: {self.ended}"
        if self.goal_reached:
            return f"goal reached after {self.reached_s:.1f} s"
        return f"goal NOT reached: {self.ended}"


def _latencies(live: Mapping[str, Any]) -> list[str]:
    """Return the line about when readings enter, where there is one."""
    some = [
        f"{name} {of['us'] / 1e3:g} ms{'' if of['measured'] else ' (declared)'}"
        for name, of in live["latencies"].items()
    ]
    return [f"  latency        {', '.join(some)}"] if some else []


def _interventions(session: Session) -> dict[str, int]:
    """Sum up what the limbs' guards did to motion, by the reasons that their kind names."""
    total: dict[str, int] = {}
    for part in session.run.decoders:
        for reason, name in enumerate(getattr(session.run.guard.module, "REASONS", ())):
            counts = session.loop.program.arena[f"guard.{part.name}.interventions"]
            total[name] = total.get(name, 0) + int(counts[reason])
    return total


def _live(facts: LiveFacts | None) -> dict[str, Any] | None:
    """Return what a live run says of itself as plain values."""
    if facts is None:
        return None
    edges = bin_edges_us().tolist()
    return {
        "granted": asdict(facts.granted),
        "phases": facts.phases,
        "misses": [asdict(miss) for miss in facts.misses],
        "late_histogram": [[edges[k], n] for k, n in enumerate(facts.late.tolist()) if n],
        "latencies": {name: asdict(of) for name, of in facts.latencies.items()},
        "said": list(facts.said),
    }


def _counts(counts: dict[str, int]) -> str:
    some = [f"{name} {n:,}" for name, n in counts.items() if n]
    return ", ".join(some) or "none"


def summary(session: Session, meter: Meter, energy: EnergyMeter | None = None) -> Summary:
    """Sum up a run that has ended."""
    loop, run = session.loop, session.run
    episode = loop.episode
    has_goal = episode.goal is not None
    reached = episode.reached_us is not None
    code = Exit.OK if reached or not has_goal else Exit.GOAL_MISSED
    if episode.end is End.STOPPED:
        code = Exit.INTERRUPTED
    facts = session.live
    unseen = facts.unseen if facts else 0
    drops = {**loop.intake.lost, "refused events": meter.refused, "unseen ticks": unseen}
    drops |= {f"clamped in {name}": n for name, n in clamped(loop.program).items() if n}
    safety = said(loop)
    return Summary(
        title=run.run.title,
        run_file=str(run.path),
        seed=run.run.seed,
        plant=loop.plant_kind,
        ended=(episode.end or End.TIME).value,
        goal_reached=reached if has_goal else None,
        reached_s=None if episode.reached_us is None else episode.reached_us / 1e6,
        seconds=loop.next_index * loop.dt_us / 1e6,
        wall_seconds=session.wall_s,
        path_m=episode.path_m if loop.plant is not None else None,
        contacts=episode.contacts if loop.plant is not None else None,
        ticks=meter.ticks,
        missed_ticks=facts.missed if facts else 0,
        tick=quantiles(meter.tick_ns),
        late=quantiles(meter.late_ns) if facts else None,
        live=_live(facts),
        budget_us=float(loop.dt_us),
        spikes_in=meter.spikes_in,
        spikes=meter.spikes,
        synaptic_operations=meter.synaptic_operations,
        energy=None if energy is None else energy.energy(),
        late_events=loop.intake.late,
        drops=drops,
        sensors={s.spec.name: dict(s.counts) for s in loop.sources if s.counts},
        guard={**safety.get("ticks", {}), **_interventions(session)},
        safety=safety,
        started=session.started,
        fingerprint=meter.fingerprint,
        exit_code=int(code),
    )
