"""``neuroloop bench loop``: how punctual the live loop is."""

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from neuroloop.bench.loop.stretch import Quantiles
    from neuroloop.bench.loop.whole import LoopCost, Method


def loop(
    rate_hz: Annotated[float, typer.Option(help="Ticks a second.")] = 1000.0,
    seconds: Annotated[float, typer.Option(min=0.1, help="Of each stretch.")] = 20.0,
    stress: Annotated[
        str, typer.Option(help="none, gil, gc, cpu, all, or several as in gil+gc.")
    ] = "none",
    repeat: Annotated[int, typer.Option(min=1, max=100, help="Stretches of each way.")] = 5,
    neurons: Annotated[int, typer.Option(min=100, max=10_000_000, help="Of the network.")] = 1000,
    pin: Annotated[bool, typer.Option(help="Keep each loop on one core.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress.")] = False,
) -> None:
    """Measure how late live ticks are, beside a Python thread and asyncio doing the same work.

    For example `neuroloop bench loop`, or `neuroloop bench loop --stress gil+gc --rate-hz 4000`.
    The three take turns beside the same stress: gil is a busy Python thread, gc one that makes
    garbage beside a large heap, cpu a busy process a core.  Let nothing else run meanwhile.
    """
    from neuroloop.bench.loop.stress import parsed
    from neuroloop.bench.loop.whole import Task, measure

    def say(what: str) -> None:
        if sys.stderr.isatty() and not quiet:
            typer.echo(what, err=True)

    found = measure(Task(rate_hz, seconds, parsed(stress), repeat, neurons, pin), say)
    if as_json:
        typer.echo(json.dumps(found.as_json()))
    else:
        typer.echo("\n".join(_lines(found)))


def _lines(found: "LoopCost") -> Iterator[str]:
    task = found.task
    yield found.kernel
    yield (
        f"{task.neurons:,} LIF neurons, ticks of {task.dt_us:,} us, stress: "
        f"{' + '.join(task.stress) or 'none'}; medians of {task.repeat} stretches of "
        f"{task.seconds:g} s"
    )
    yield ""
    heads = "".join(f"{head:>10}" for head in ("p50", "p99", "p99.9", "max"))
    yield f"late, us  {heads}{'ticks':>10}{'skipped':>9}{'on time':>10}  granted"
    for name, m in found.methods.items():
        counts = f"{m.ran:10,.0f}{m.skipped:9,.0f}{m.on_time_percent:9.3f}%"
        yield f"{name:10}{_times(m.late)}{counts}  {_granted(m)}"
    for name, times in found.times_worse_at_p99.items():
        yield f"  at p99 {name} is {times:,.1f} times as late"
    yield ""
    yield f"sensor to motor, us{heads}"
    yield f"{'neuroloop':19}{_times(found.sensor_to_motor)}"
    if found.phases:
        phases = ", ".join(f"{what} {n:,}" for what, n in found.phases.items())
        yield f"deadlines skipped, by what took the time: {phases}"
    yield from _around(found)


def _times(q: "Quantiles") -> str:
    return "".join(f"{us:10,.1f}" for us in (q.p50_us, q.p99_us, q.p999_us, q.max_us))


def _granted(method: "Method") -> str:
    got = method.granted
    core = "" if got.core is None else f", core {got.core}"
    priority = "SCHED_FIFO" if got.fifo else "ordinary priority"
    return f"{priority}{', memory locked' if got.locked else ''}{core}"


def _around(found: "LoopCost") -> Iterator[str]:
    """Say how alone the measurement was."""
    around = [a for m in found.methods.values() for a in m.around]
    steal, load = max(a.steal_percent for a in around), max(a.load for a in around)
    yield ""
    yield f"time stolen from this machine: {steal:.2f} % at most; load {load:.1f} at most"
    again = sum(a.tries - 1 for a in around)
    if again:
        yield f"  {again} stretches were run again for it"
    if any(a.disturbed for a in around):
        yield "  some had too much of it to the end: these figures are not this machine's best"
    unseen = sum(m.unseen for m in found.methods.values())
    if unseen:
        yield f"  {unseen:,.0f} ticks a stretch are not in the table: the onlooker was too slow"
    refused = dict.fromkeys(why for m in found.methods.values() for why in m.granted.refused)
    yield from (f"  not granted: {why}" for why in refused)
