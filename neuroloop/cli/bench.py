"""``neuroloop bench``: what things cost on this machine."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from neuroloop.cli._edge import edge
from neuroloop.cli._edges import edges
from neuroloop.cli._engine import engine
from neuroloop.cli._firmware import firmware
from neuroloop.cli._follow import follow
from neuroloop.cli._hardware import hardware
from neuroloop.cli._hearing import hearing
from neuroloop.cli._loop import loop
from neuroloop.cli._motion import motion
from neuroloop.cli._navigation import lesion, navigation
from neuroloop.cli._words import words

if TYPE_CHECKING:
    from neuroloop.bench.start import StartCost
    from neuroloop.bench.tick import TickCost

verbs = typer.Typer(
    help="Measure what things cost on this machine.\n\nExample: `neuroloop bench tick navigate`",
    no_args_is_help=True,
)


verbs.command()(edge)
verbs.command()(edges)
verbs.command()(engine)
verbs.command()(firmware)
verbs.command()(follow)
verbs.command()(hardware)
verbs.command()(hearing)
verbs.command()(loop)
verbs.command()(motion)
verbs.command()(navigation)
verbs.command()(lesion)
verbs.command()(words)


@verbs.command()
def tick(
    runfile: Annotated[
        str, typer.Argument(help="A run file, or the name of one in configs/.")
    ] = "navigate",
    seconds: Annotated[float, typer.Option(min=0.001, help="Run time to measure.")] = 10.0,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Change a setting, as in run.seed=3."),
    ] = None,
    start: Annotated[bool, typer.Option(help="Measure a cold and a cached start too.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
) -> None:
    """Measure one tick of a run file, phase by phase, by the step clock.

    Example: `neuroloop bench tick navigate --seconds 30 --no-start`
    """
    from neuroloop.bench import start as starting
    from neuroloop.bench import tick as ticking

    cost = ticking.measure(runfile, seconds, changes or ())
    begun = starting.measure(runfile, changes or ()) if start else None
    if as_json:
        rates = {
            "times_real_time": cost.times_real_time,
            "synaptic_operations_per_s": cost.synaptic_operations_per_s,
        }
        began = asdict(begun) if begun else None
        typer.echo(json.dumps({**asdict(cost), **rates, "start": began}))
    else:
        typer.echo(_text(cost, begun))


def _text(cost: "TickCost", begun: "StartCost | None") -> str:
    rows = [
        f"{cost.file}: {cost.ticks:,} ticks of {cost.dt_us} us",
        "  us a tick          p50       p99       max",
    ]
    phases = ("intake", "engine", "python", "whole")
    for name, q in zip(phases, (cost.intake, cost.engine, cost.python, cost.whole), strict=True):
        rows.append(f"  {name:10} {q.p50_us:11.1f} {q.p99_us:9.1f} {q.max_us:9.1f}")
    rows += [
        f"  spikes         {cost.spikes_in:,} in, {cost.spikes:,} fired",
        f"  synapses       {cost.synaptic_operations:,} operations, "
        f"{cost.synaptic_operations_per_s / 1e6:,.1f} million a second of the engine's time",
        f"  run time       {cost.run_s:.2f} s in {cost.wall_s:.2f} s "
        f"({cost.times_real_time:.1f} x real time)",
    ]
    if begun:
        rows.append(f"  start          {begun.cold_s:.1f} s cold, {begun.cached_s:.1f} s cached")
    return "\n".join(rows)
