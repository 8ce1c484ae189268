"""``neuroloop drill``: fault drills, each in a robot that really runs."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer


def command(
    names: Annotated[
        list[str] | None, typer.Argument(help="Drills, or topics such as sensor; all by default.")
    ] = None,
    plant: Annotated[
        Literal["plane", "bullet"], typer.Option(help="The world the robot drives in.")
    ] = "plane",
    body: Annotated[
        Literal["simulated", "board"] | None,
        typer.Option(help="Only drills of this robot: in a world, or firmware behind a broker."),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Say which drills there are.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
    keep: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Keep black boxes and reports.")
    ] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress.")] = False,
) -> None:
    """Make things go wrong in a robot that really runs, and measure that it stops.

    For example `neuroloop drill`, or `neuroloop drill sensor brain-killed --plant bullet`.  What
    counts is what the robot's body wrote into its black box, or the firmware did to its H-bridge:
    the milliseconds are from the last command it took before the fault until its wheels are told to
    stand still, for good.  What is missing for a drill is named.  Let nothing else run meanwhile.

    Exit codes: 0 all was as expected, 3 something was not.
    """
    from neuroloop.core.errors import Exit
    from neuroloop.drill import table
    from neuroloop.drill.drill import Body, chosen
    from neuroloop.drill.trial import carried_out

    picked = chosen(names or (), None if body is None else Body(body))
    if listed:
        for drill in picked:
            typer.echo(f"{drill.name:32}{drill.injected}: {drill.expects}")
        return
    results = []
    for result in carried_out(picked, plant, keep):
        results.append(result)
        if sys.stderr.isatty() and not quiet:
            typer.echo(table.line(results[-1]), err=True)
    order = [drill.name for drill in picked]
    results.sort(key=lambda result: order.index(result.name))
    good = all(r.good for r in results)
    if as_json:
        rows = [{**asdict(r), "good": r.good} for r in results]
        typer.echo(json.dumps({"plant": plant, "good": good, "drills": rows}))
    else:
        typer.echo("\n".join(table.markdown(results)))
    raise typer.Exit(Exit.OK if good else Exit.PART_FAILED)
