"""``neuroloop calibrate``: find the wheel radius and the wheel separation of a robot."""

import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from neuroloop.calibrate.formula import Way


def command(
    runfile: Annotated[
        str, typer.Argument(help="A run file, or the name of one in configs/.")
    ] = "calibrate",
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Change a setting, as in run.seed=3."),
    ] = None,
    metres: Annotated[
        float, typer.Option(min=0.1, max=100.0, help="How far to drive, forward and back.")
    ] = 2.0,
    degrees: Annotated[
        float, typer.Option(min=90.0, max=7200.0, help="How far to turn, left and right.")
    ] = 720.0,
    limb: Annotated[
        str | None, typer.Option(help="Which actuator; the first one if left out.")
    ] = None,
    measured_m: Annotated[
        float | None,
        typer.Option(min=1e-3, help="Drive nothing: it went so far where --metres were commanded."),
    ] = None,
    measured_deg: Annotated[
        float | None,
        typer.Option(min=1e-3, help="And turned so far where --degrees were commanded."),
    ] = None,
    body: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a copy of the body file here.")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write/--dry-run", help="Write what was found, or only show it.")
    ] = False,
    yes: Annotated[bool, typer.Option(help="Do not ask whether the way is free.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
) -> None:
    """Drive a known way and turn a known angle, and correct the body file by what came of it.

    For example `neuroloop calibrate --set plant.wheel_radius_error=0.05`, or, of a robot of your
    own, `neuroloop calibrate my_robot.toml --write`.  In simulation the true pose is known; on a
    robot you measure with a tape and are asked.  Where you measured before:
    `neuroloop calibrate my_robot.toml --measured-m 2.04 --measured-deg 709 --write`.

    Exit codes: 0 done, 2 wrong file or options, 3 the robot could not drive, 130 stopped by Ctrl-C.
    """
    from neuroloop.calibrate import body_file
    from neuroloop.calibrate.calibration import Plan, driven, reckoned
    from neuroloop.config import runfile as runfiles
    from neuroloop.core.errors import ConfigError

    run = runfiles.load(runfile, list(changes or []))
    plan = Plan(metres, math.radians(degrees), limb)
    if (measured_m is None) != (measured_deg is None):
        raise ConfigError("--measured-m and --measured-deg go together")
    if write:  # before anything moves
        body_file.target(body_file.of(run, plan.limb_of(run)), body)
    if measured_m is not None and measured_deg is not None:
        result = reckoned(run, plan, measured_m, math.radians(measured_deg))
    else:
        asks = run.plant is None and sys.stdin.isatty()
        if asks and not yes:
            typer.confirm(
                f"The robot will drive {metres:g} m forward, then back, and turn on the spot. "
                "Is the way free?",
                abort=True,
                err=True,
            )
        result = driven(run, plan, _ask if asks else None)
    written = None
    if write:
        written = body_file.target(result.file, body)
        body_file.write(result.file or written, written, result.found)
    if as_json:
        typer.echo(json.dumps({**result.as_json(), "written": written and str(written.resolve())}))
    else:
        typer.echo(f"{result.text()}\n  {_next(written, result.file)}")


def _ask(way: "Way", commanded: float) -> float:
    """Ask the person with the tape; returns metres, or radians of a turn."""
    name = way.name.lower()
    if way.straight:
        text = f"{name}: commanded {commanded:.3f} m; how many metres did it go?"
        return float(typer.prompt(text, type=float, err=True))
    text = f"{name}: commanded {math.degrees(commanded):.1f} degrees; how many did it turn?"
    return math.radians(typer.prompt(text, type=float, err=True))


def _next(written: Path | None, source: Path | None) -> str:
    """Say what to do next."""
    if written is None:
        return "nothing was written; --write does, --body FILE makes a copy"
    if source is not None and written.resolve() == source.resolve():
        return f"written to {written}"
    return f"written to {written}; use it with --set plant.body={written.resolve()}"
