"""``neuroloop robot``: a person's line to a robot over MQTT, without a brain."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from neuroloop.mqtt.messages import BodyState

_FLAGS = ("AWAKE", "POWERED", "EMERGENCY", "SYNCED", "HELD")


def command(
    robot: Annotated[str, typer.Argument(help="Its name in topics.")],
    verb: Annotated[str, typer.Argument(help="status, stop or reset.")] = "status",
    host: Annotated[str, typer.Option(help="Where the broker is.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="1883; with TLS 8883.")] = None,
    user: Annotated[str | None, typer.Option(help="Name at the broker.")] = None,
    password_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="Holds the password, alone.")
    ] = None,
    ca_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="Who signs the broker's certificate: TLS.")
    ] = None,
    who: Annotated[str, typer.Option(help="Whom the robot is told.")] = "neuroloop robot",
    seconds: Annotated[float, typer.Option(min=0.1, help="How long to wait for the robot.")] = 5.0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
) -> None:
    """Ask a real robot how it is, stop it, or end its emergency stop.

    For example `neuroloop robot rover1`, and for an emergency stop `neuroloop robot rover1 stop`.

    `reset` ends the robot's newest emergency stop; its brain, if it has one, wants a
    `neuroloop tell reset` and a `neuroloop tell arm` of its own.

    Exit codes: 0 done, 2 wrong words, 3 the robot or the broker refuses, 4 there is no broker.
    """
    from neuroloop.core.errors import ConfigError, nearest
    from neuroloop.mqtt.panel import tell
    from neuroloop.mqtt.settings import broker_of, robot_name

    if verb not in ("status", "stop", "reset"):
        verbs = ("status", "stop", "reset")
        raise ConfigError(f'"{verb}": status, stop or reset is wanted{nearest(verb, verbs)}')
    broker = broker_of(host, port, user, password_file, {"ca_file": ca_file})
    address = broker, broker.login(Path(), "the broker")
    body = tell(address, robot_name(robot), verb, who, seconds)  # type: ignore[arg-type]
    if as_json:
        typer.echo(json.dumps({**asdict(body), "flags": [f.lower() for f in _set(body)]}))
    else:
        typer.echo(f"{robot}: {_text(body)}")


def _set(body: "BodyState") -> list[str]:
    from neuroloop.core import robot_protocol as protocol

    return [name for name in _FLAGS if body.flags & getattr(protocol, name)]


def _text(body: "BodyState") -> str:
    from neuroloop.core import robot_protocol as protocol

    flags = _set(body)
    if "EMERGENCY" in flags:
        state = f"emergency stop, number {body.stop}"
    elif "AWAKE" in flags:
        wheels = f"wheels at {body.left_mps:.2f} and {body.right_mps:.2f} m/s"
        state = f"obeys brain {body.owner}, {wheels}"
    else:
        state = "asleep: nobody commands"
    clock = "" if "SYNCED" in flags else "; knows no brain's clock"
    counts = zip(protocol.VERDICTS, body.verdicts, strict=True)
    said = ", ".join(f"{n:,} {name}" for name, n in counts if n)
    return f"{state}{clock}; commands: {said or 'none'}"
