"""``neuroloop doctor``: what this machine can do, and what would mend what it cannot."""

import json
from dataclasses import asdict
from typing import Annotated

import typer


def command(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
) -> None:
    """Test this machine: packages, cores, clocks, compiled kernels, a second of live ticks.

    Example: `neuroloop doctor`

    Each line is ok, note (something optional, or live runs will be less punctual) or missing (the
    base install does not work without it).  Exit code: 4 where something is missing, else 0.
    """
    from neuroloop.core.errors import Exit
    from neuroloop.doctor.examination import examine
    from neuroloop.doctor.finding import State

    found, shown = [], ""
    for area, finding in examine():
        found.append((area, finding))
        if as_json:
            continue
        if area != shown:
            typer.echo(area)
            shown = area
        typer.echo(f"  {finding.state.value:8} {finding.what:12} {finding.detail}".rstrip())
        if finding.remedy:
            typer.echo(f"  {'':8} {'':12} > {finding.remedy}")
    absent = [f"{area}: {f.what}" for area, f in found if f.state is State.MISSING]
    if as_json:
        rows = [{"area": a, **asdict(f), "state": f.state.value} for a, f in found]
        typer.echo(json.dumps({"good": not absent, "findings": rows}))
    elif absent:
        typer.echo(f"\nmissing: {', '.join(absent)}")
    else:
        typer.echo("\neverything that neuroloop needs is here")
    if absent:
        raise typer.Exit(Exit.MACHINE)
