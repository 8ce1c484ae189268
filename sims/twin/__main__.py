"""``python -m sims.twin``: a robot that is not there, for whatever talks to robots over MQTT."""

import json
import logging
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from neuroloop.config import find
from neuroloop.core.black_box import BlackBox
from neuroloop.core.errors import ConfigError, Exit, NeuroloopError
from neuroloop.mqtt.settings import broker_of
from sims.twin.life import Ends, live
from sims.twin.log import Log
from sims.twin.switched_on import place, plant_of, switched_on
from sims.twin.telling import Rates

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def command(
    robot: Annotated[str, typer.Option(help="Its name in topics.")] = "twin",
    plant: Annotated[str, typer.Option(help="plane or bullet.")] = "plane",
    body: Annotated[str, typer.Option(help="A body file, or one of sims/bodies.")] = "rover",
    world: Annotated[str, typer.Option(help="A world file, or one of sims/worlds.")] = "boxes",
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Change a setting of the plant."),
    ] = None,
    start: Annotated[str, typer.Option(metavar="X,Y,YAW", help="Instead of the world's.")] = "",
    goal: Annotated[str, typer.Option(metavar="X,Y", help="Instead of the world's.")] = "",
    seed: Annotated[int, typer.Option(min=0, help="Of the sensors' noise.")] = 0,
    mount: Annotated[str, typer.Option(help="Range finder of the body.")] = "lidar",
    range_hz: Annotated[float, typer.Option(min=0, help="Scans a second, 0 for none.")] = 10.0,
    odometry_hz: Annotated[float, typer.Option(min=0)] = 50.0,
    goal_hz: Annotated[float, typer.Option(min=0)] = 10.0,
    host: Annotated[str, typer.Option(help="Where the broker is.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="1883; with TLS 8883.")] = None,
    user: Annotated[str | None, typer.Option(help="Name at the broker.")] = None,
    password_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="Holds the password, alone.")
    ] = None,
    tls: Annotated[bool, typer.Option("--tls", help="Encrypt, as any --ca-file does.")] = False,
    ca_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="Who signs the broker's certificate.")
    ] = None,
    cert_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="The robot's own, with its --key-file.")
    ] = None,
    key_file: Annotated[str | None, typer.Option(metavar="FILE")] = None,
    seconds: Annotated[float | None, typer.Option(help="Time to stop after.")] = None,
    until_goal: Annotated[bool, typer.Option(help="Stop at the goal.")] = False,
    black_box: Annotated[Path | None, typer.Option(help="Write down every round.")] = None,
    log: Annotated[Path | None, typer.Option(metavar="FILE.npz", help="Keep stamps.")] = None,
) -> None:
    """Let a body live in a simulated world, on the line of a real robot.

    It ends with a signal, after --seconds, or at its goal, and then says in a line of JSON how it
    went.  Exit codes: 0 done, 1 goal missed, 2 wrong options, 3 the plant failed, 4 this machine
    lacks something.
    """
    if not robot or set("/+#") & set(robot):
        raise ConfigError(f'--robot: "{robot}"; a name without /, + and # is wanted')
    logging.basicConfig(format="twin: %(levelname)s: %(message)s")
    files = {"ca_file": ca_file, "cert_file": cert_file, "key_file": key_file}
    broker = broker_of(host, port, user, password_file, files, tls=tls)
    address = broker, broker.login(Path(), "the broker")
    kept = None if log is None else Log()
    with ExitStack() as stack:
        wanted = find.with_changes({"world": world, "body": body}, changes or ())
        there, step_us = plant_of(plant, wanted, stack)
        place(there, _numbers(start, 3, "--start"), _numbers(goal, 2, "--goal"))
        box = None if black_box is None else BlackBox(black_box)
        rates = Rates(range_hz, odometry_hz, goal_hz, mount)
        twin = switched_on(there, step_us, seed, rates, box, kept)
        told = live(twin, robot, address, Ends(seconds, until_goal))
    if kept is not None and log is not None:
        kept.save(log)
    sys.stdout.write(json.dumps(told) + "\n")
    missed = until_goal and told["reached_s"] is None
    raise typer.Exit(Exit.GOAL_MISSED if missed else Exit.OK)


def _numbers(text: str, count: int, option: str) -> tuple[float, ...] | None:
    if not text:
        return None
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != count:
        raise ConfigError(f'{option}: "{text}"; {count} numbers with commas between are wanted')
    return numbers


def main() -> None:
    """Run the command line; what a user can mend is shown in words."""
    try:
        app()
    except NeuroloopError as error:
        sys.stderr.write(f"twin: {error}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
