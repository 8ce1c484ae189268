"""``neuroloop run``: run a run file."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from neuroloop.cli._logging import Form, set_up


def command(
    runfile: Annotated[str, typer.Argument(help="A run file, or the name of one in configs/.")],
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Change a setting, as in run.seed=3."),
    ] = None,
    backend: Annotated[str | None, typer.Option(help="Short for --set engine.kind=...")] = None,
    seconds: Annotated[float | None, typer.Option(help="Run time to stop after.")] = None,
    ticks: Annotated[int | None, typer.Option(min=1, help="Ticks to stop after.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Short for --set run.seed=...")] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Draw the run.")] = None,
    save: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the state at the end.")
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Go on from a saved state; times count from its start."),
    ] = None,
    save_every: Annotated[
        float | None,
        typer.Option(min=0.1, metavar="SECONDS", help="Write it again and again, in a live run."),
    ] = None,
    restart: Annotated[
        bool, typer.Option(help="Start again, disarmed, where the run crashes.")
    ] = False,
    keys: Annotated[bool, typer.Option(help="Steer from the keyboard; ? lists the keys.")] = False,
    arm: Annotated[bool, typer.Option(help="Short for --set guard.arm=start.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
    headless: Annotated[bool, typer.Option(help="No window, whatever the run file says.")] = False,
    log: Annotated[
        Form, typer.Option(envvar="NEUROLOOP_LOG", help="Lines of the log: json for the journal.")
    ] = Form.TEXT,
    verbose: Annotated[int, typer.Option("-v", "--verbose", count=True, help="Say more.")] = 0,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="No status line, no report.")
    ] = False,
) -> None:
    """Run a robot, or a recording, to its end and report.

    For example `neuroloop run navigate --plot out/path.png`, or
    `neuroloop run navigate --set plant.kind=bullet --seed 3`.  What a network has learned is kept
    by `--save out/robot.state` and taken up again by `--resume out/robot.state --seconds 60`.
    In real time, steered by hand where you want to: `neuroloop run navigate --set clock.kind=wall
    --keys`.

    Exit codes: 0 done, 1 goal missed, 2 wrong run file or options, 3 a part failed, 4 this machine
    lacks something, 130 stopped by Ctrl-C.
    """
    from neuroloop.config import runfile as runfiles
    from neuroloop.core.errors import ConfigError
    from neuroloop.report import output
    from neuroloop.report.run import reported

    set_up(verbose, quiet=quiet, form=log)
    chosen = list(changes or [])
    chosen += [f"engine.kind={backend}"] if backend is not None else []
    chosen += [f"run.seconds={seconds}"] if seconds is not None else []
    chosen += [f"run.seed={seed}"] if seed is not None else []
    chosen += ["guard.arm=start"] if arm else []
    if plot is not None:
        output.check_writable(plot)
    run = runfiles.load(runfile, chosen)
    if save_every is not None and (save is None or run.clock.kind != "wall"):
        raise ConfigError("--save-every is for --save in a live run: --set clock.kind=wall")
    if restart:
        from neuroloop.cli._restart import supervised

        raise typer.Exit(supervised([a for a in sys.argv[2:] if a != "--restart"], save))
    live_line = not quiet and not as_json and sys.stderr.isatty()
    result = reported(
        run,
        ticks=ticks,
        plot=plot,
        status=live_line,
        headless=headless,
        resume=resume,
        save=save,
        save_every=save_every,
        keys=keys,
    )
    if as_json:
        typer.echo(json.dumps(result.as_json()))
    elif not quiet:
        typer.echo(result.text())
        if plot is not None:
            typer.echo(f"  picture        {plot}")
    raise typer.Exit(result.exit_code)
