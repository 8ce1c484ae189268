"""The report of a run, as a value, a text and JSON."""

from dataclasses import asdict, dataclass

from neuroloop.core.errors import Exit
from neuroloop.report.meter import Meter, Quantiles, quantiles
from neuroloop.runtime.broken import clamped
from neuroloop.runtime.episode import End
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
    real_time: bool | None
    """whether a live tick was granted real-time priority"""
    budget_us: float
    spikes_in: int
    spikes: int
    synaptic_operations: int
    late_events: dict[str, int]
    drops: dict[str, int]
    guard: dict[str, int]
    """ticks in which the guard stepped in, by reason"""
    fingerprint: str
    exit_code: int

    def as_json(self) -> dict[str, object]:
        """Return plain values for one JSON object."""
        return asdict(self)

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
            + (f", {self.missed_ticks:,} missed" if self.missed_ticks else ""),
            f"  tick time      p50 {self.tick.p50_us:.1f}  p99 {self.tick.p99_us:.1f}  "
            f"max {self.tick.max_us:.0f} us",
        ]
        if self.late is not None:
            late, priority = self.late, "real-time" if self.real_time else "ordinary"
            lines.append(
                f"  lateness       p50 {late.p50_us:.1f}  p99 {late.p99_us:.1f}  "
                f"max {late.max_us:.0f} us, {priority} priority"
            )
        lines += [
            f"  spikes         {self.spikes_in:,} in, {self.spikes:,} fired, "
            f"{self.synaptic_operations:,} synaptic operations",
            f"  drops          {_counts(self.drops)}",
            f"  late events    {_counts(self.late_events)}",
            f"  guard          {_counts(self.guard)}",
            f"  fingerprint    {self.fingerprint} (seed {self.seed})",
        ]
        return "\n".join(lines)

    def _verdict(self) -> str:
        if self.goal_reached is None:
            return f"ended: {self.ended}"
        if self.goal_reached:
            return f"goal reached after {self.reached_s:.1f} s"
        return f"goal NOT reached: {self.ended}"


def _interventions(session: Session) -> dict[str, int]:
    """Sum up what the guards counted, by the reasons that their kind names."""
    total: dict[str, int] = {}
    for part in session.run.decoders:
        for reason, name in enumerate(getattr(session.run.guard.module, "REASONS", ())):
            counts = session.loop.program.arena[f"guard.{part.name}.interventions"]
            total[name] = total.get(name, 0) + int(counts[reason])
    return total


def _counts(counts: dict[str, int]) -> str:
    some = [f"{name} {n:,}" for name, n in counts.items() if n]
    return ", ".join(some) or "none"


def summary(session: Session, meter: Meter) -> Summary:
    """Sum up a run that has ended."""
    loop, run = session.loop, session.run
    episode = loop.episode
    has_goal = episode.goal is not None
    reached = episode.reached_us is not None
    code = Exit.OK if reached or not has_goal else Exit.GOAL_MISSED
    if episode.end is End.STOPPED:
        code = Exit.INTERRUPTED
    drops = {**loop.intake.lost, "refused events": meter.refused, "unseen ticks": session.unseen}
    drops |= {f"clamped in {name}": n for name, n in clamped(loop.program).items() if n}
    live = run.clock.kind == "wall"
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
        missed_ticks=session.missed,
        tick=quantiles(meter.tick_ns),
        late=quantiles(meter.late_ns) if live else None,
        real_time=session.real_time if live else None,
        budget_us=float(loop.dt_us),
        spikes_in=meter.spikes_in,
        spikes=meter.spikes,
        synaptic_operations=meter.synaptic_operations,
        late_events=loop.intake.late,
        drops=drops,
        guard=_interventions(session),
        fingerprint=meter.fingerprint,
        exit_code=int(code),
    )
