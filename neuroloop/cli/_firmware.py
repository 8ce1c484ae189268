"""``neuroloop bench firmware``: from a command through a broker to the firmware and back."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from neuroloop.bench.firmware.echo import EchoCost


def firmware(
    commands: Annotated[int, typer.Option(min=1, help="Commands to send.")] = 5000,
    rate_hz: Annotated[float, typer.Option(help="Commands a second.")] = 1000.0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
) -> None:
    """Measure the way of commands over MQTT to the reference firmware and of its answers back.

    Example: `neuroloop bench firmware --commands 100000`

    Starts a Mosquitto and a MicroPython of its own.  Let nothing else run meanwhile.
    """
    from neuroloop.bench.firmware.echo import Task, measure

    found = measure(Task(commands, rate_hz))
    typer.echo(json.dumps(asdict(found)) if as_json else "\n".join(_lines(found)))


def _lines(found: "EchoCost") -> Iterator[str]:
    task, motor = found.task, found.motor
    yield f"{task.commands:,} commands at {task.rate_hz:,.0f} Hz, Mosquitto, MicroPython"
    yield "there and back, us       p50       p99     p99.9       max"
    times = (found.p50_us, found.p99_us, found.p999_us, found.max_us)
    yield " " * 18 + "".join(f"{us:10,.0f}" for us in times)
    yield f"  lost           {found.lost:,}; on the motors {motor.lost:,}"
    yield f"  twice          {found.taken_twice:,}; on the motors {motor.twice:,}"
    yield f"  refused        {found.refused:,}"
    priority = "real-time" if found.fifo else "not all real-time"
    yield f"  priority       {priority}; load {found.load:.1f}"
