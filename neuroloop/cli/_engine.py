"""``neuroloop bench engine``: what this machine carries."""

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from neuroloop.bench.engine.start import Start
    from neuroloop.bench.engine.whole import EngineCost

_QUICK_S = 8.0


def engine(
    seconds: Annotated[float, typer.Option(min=1.0, help="About how long it may take.")] = 60.0,
    quick: Annotated[bool, typer.Option(help="About ten seconds, with coarser figures.")] = False,
    keep: Annotated[
        bool, typer.Option(help="Choose layouts by this machine's speed from now on.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
) -> None:
    """Measure what this machine carries: neurons and synapses in real time, layouts, starts.

    For example `neuroloop bench engine`, or `neuroloop bench engine --quick --json > here.json`.
    Let nothing else run meanwhile; the last line says how alone it was.
    """
    from neuroloop.bench.engine.whole import Budget, measure

    def say(what: str) -> None:
        if sys.stderr.isatty() or not as_json:
            typer.echo(f"measuring: {what}", err=True)

    if keep:
        say("the constants that layouts are chosen by")
    kept = _keep() if keep else ""
    found = measure(Budget.of(_QUICK_S if quick else seconds), say)
    if as_json:
        typer.echo(json.dumps({**found.as_json(), "kept": kept or None}))
        return
    typer.echo("\n".join(_lines(found)))
    if kept:
        typer.echo(f"this machine's speed is kept in {kept}")


def _lines(found: "EngineCost") -> Iterator[str]:
    m = found.machine
    versions = ", ".join(f"{name} {number}" for name, number in m.versions.items())
    yield f"{m.cpu}, {m.cores} cores, {m.system}"
    yield f"Python {m.python}, {versions}"
    yield ""
    yield "largest network of LIF neurons, 100 synapses each, at 10 Hz, one core"
    heads = {"tick": 8, "neurons": 11, "synapses": 13, "p50": 8, "p99": 8}
    heads |= {"p99 as met": 12, "M events/s": 11}
    yield "  " + " ".join(f"{head:>{width}}" for head, width in heads.items())
    for c in found.carried:
        more = f"   {c.too_many:,} do not" if c.too_many else "   and more: the search ended"
        yield (
            f"  {c.dt_us:5} us {c.neurons:11,} {c.synapses:13,} {c.p50_us:5.0f} us "
            f"{c.p99_us:5.0f} us {c.met_p99_us:9.0f} us {c.events_per_s / 1e6:11,.0f}{more}"
        )
    yield ""
    yield from _layouts(found)
    yield ""
    yield f"what `neuroloop.estimate` expects {'':12} {'expected':>11} {'measured':>11}"
    for e in found.expected:
        times = f"{e.expected_us:8.2f} us {e.measured_us:8.2f} us"
        yield f"  {e.network:40} {times}   {e.ratio:.2f} times"
    yield ""
    yield "other costs"
    tick, million = found.small_tick, found.million
    over = "" if tick.p50_us <= tick.limit_us else f", more than {tick.limit_us} us"
    yield (
        f"  a call of a tick, 20 + 20 operations on 16 neurons: {tick.p50_us:.2f} us{over} "
        f"(p99 {tick.p99_us:.2f}); {tick.inside_us:.2f} us of it the tick"
    )
    if million is None:
        yield "  a million quiet neurons: their kind cannot leave any out of a tick"
    else:
        yield (
            f"  a million neurons, {million.reached:,} reached in a tick: {million.p50_us:.0f} us "
            f"a call; {million.full_us:.0f} us where all are visited"
        )
    for name, start in (("cold", found.starts.cold), ("cached", found.starts.cached)):
        yield from _start(name, start)
    q = found.quiet
    yield ""
    yield (
        f"load {q.load:.2f}, {q.steal_percent:.1f} % of the time stolen, "
        f"{q.others_percent:.0f} % used by others"
    )


def _layouts(found: "EngineCost") -> Iterator[str]:
    yield f"memory in a row {found.limits.triad_gb_per_s:.1f} GB/s; sums at random places:"
    for limit in found.limits.scatter:
        where = f"{limit.targets:,} targets, rows of {limit.pool_bytes / 1e6:.1f} MB"
        yield f"  {where:49} {limit.per_s / 1e6:11,.0f} M/s"
    yield f"  {'synapses':38} {'layout':10} {'M events/s':>11} {'B/synapse':>10} {'a tick':>12}"
    shape = ""
    for c in found.layouts:
        name = f"{c.shape}, {c.synapses:,}" if c.shape != shape else ""
        shape = c.shape
        marks = [mark for mark, on in (("chosen", c.chosen), ("fastest", c.fastest)) if on]
        row = f"{c.events_per_s / 1e6:11,.0f} {c.bytes_per_synapse:10.2f} {c.tick_us:9.2f} us"
        yield f"  {name:38} {c.layout:10} {row}  {', '.join(marks)}".rstrip()
    well, shapes = found.well_chosen
    yield f"  the layout chosen was the fastest, or within a tenth of it, in {well} of {shapes}"


def _start(name: str, start: "Start | None") -> Iterator[str]:
    if start is not None:
        own = start.first_tick_s - start.imported_s
        yield (
            f"  {name} start: first tick after {start.first_tick_s:.2f} s, "
            f"{own:.2f} s without Python and imports"
        )


def _keep() -> str:
    """Measure the constants that layouts are chosen by, and store them."""
    from neuroloop.engine import measure, speed

    return str(speed.keep(measure.measure()))
