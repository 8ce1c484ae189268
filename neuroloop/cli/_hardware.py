"""``neuroloop bench hardware``: the brain behind a broker, and the twin of a robot."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from statistics import fmean
from typing import TYPE_CHECKING, Annotated

import typer

from neuroloop.core.errors import Exit

if TYPE_CHECKING:
    from neuroloop.bench.hardware.drive import Drive
    from neuroloop.bench.hardware.in_process import Beside
    from neuroloop.bench.hardware.latency import Latency, Spread


def hardware(
    runfile: Annotated[
        str, typer.Argument(help="A run file of a robot over MQTT.")
    ] = "navigate_hardware",
    plant: Annotated[str, typer.Option(help="plane or bullet.")] = "plane",
    world: Annotated[str, typer.Option(help="A world, or a world file, .npz.")] = "boxes",
    pairs: Annotated[
        str, typer.Option(metavar="FIRST:LAST", help="Of a world file; LAST is not one.")
    ] = "",
    seed: Annotated[int, typer.Option(min=0, help="Of the noise.")] = 0,
    seconds: Annotated[float, typer.Option(min=1, help="When a drive gives up.")] = 100.0,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Change a setting of the run file."),
    ] = None,
    against: Annotated[
        str, typer.Option(metavar="RUNFILE", help="Drive the same in process too, by this one.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
) -> None:
    """Drive the twin of a robot through a Mosquitto of one's own, in real time.

    Example: `neuroloop bench hardware navigate_by_hand_hardware --against navigate_by_hand`

    Broker, twin and brain are processes of their own, which end with this one.  Exit codes: 0 every
    goal reached, 1 one was missed, 4 this machine lacks Mosquitto or the plant.
    """
    from neuroloop.bench.hardware.drives import Task, drives, ways_of
    from neuroloop.bench.hardware.in_process import in_process
    from neuroloop.bench.hardware.latency import joined

    task = Task(runfile, plant, world, pairs, seed, seconds, tuple(changes or ()))
    found = drives(task, lambda d: None if as_json else typer.echo(_line(d), file=sys.stderr))
    beside = in_process(against, ways_of(task)) if against else []
    whole = joined([d.latency for d in found])
    reached = sum(d.reached for d in found)
    if as_json:
        typer.echo(json.dumps({**_json(found, whole), "in_process": [asdict(b) for b in beside]}))
    else:
        typer.echo("\n".join([*_ways(found, beside, against), *_lines(whole)]))
    raise typer.Exit(Exit.OK if reached == len(found) else Exit.GOAL_MISSED)


def _ways(found: "Sequence[Drive]", beside: "Sequence[Beside]", against: str) -> Iterator[str]:
    driven = [(d.twin["path_m"], d.twin["reached_s"]) for d in found if d.reached]
    yield _reached("through the broker", driven, len(found))
    if beside:
        driven = [(b.path_m, b.seconds) for b in beside if b.reached]
        yield _reached(f"in process, by {against}", driven, len(beside))


def _reached(how: str, driven: Sequence[tuple[float, float]], of: int) -> str:
    text = f"  {how}: {len(driven)} of {of} goals reached without a contact"
    if driven:
        path_m, seconds = map(fmean, zip(*driven, strict=True))
        text += f", after {path_m:.2f} m and {seconds:.1f} s"
    return text


def _line(drive: "Drive") -> str:
    twin, brain = drive.twin, drive.brain
    refused = {name: n for name, n in twin["verdicts"].items() if n and name != "taken"}
    said = ", ".join(f"{n:,} {name}" for name, n in refused.items())
    how = f"goal reached after {twin['reached_s']:.1f} s" if drive.reached else "goal NOT reached"
    ended = brain["safety"].get("ended")
    if not drive.reached and ended is not None:
        how += f" (the brain stopped at {ended['t_s']:.1f} s: {ended['text']})"
    touched = f"{twin['contacts']} contacts" if twin["contacts"] else "no contact"
    return (
        f"  {how}, {twin['path_m']:.2f} m, {touched}; {twin['verdicts']['taken']:,} commands"
        f" taken{', ' + said if said else ''}; {brain['ticks']:,} ticks of"
        f" {brain['budget_us'] / 1e3:g} ms, {brain['missed_ticks']:,} missed"
    )


def _lines(found: "Latency") -> Iterator[str]:
    yield f"  load of the last minute {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    yield "  ms                             p50     p99     max"
    yield f"  command, sent to taken   {_numbers(found.age)}"
    yield f"  scan, stamp to wheel     {_numbers(found.way)}"
    yield (
        f"  a scan enters the tick {found.enters_us / 1e3:g} ms after its stamp"
        f" ({found.late_scans:,} came later); clocks agree within"
        f" {found.uncertainty_us / 1e3:.1f} ms"
    )


def _numbers(spread: "Spread | None") -> str:
    if spread is None:
        return "    none"
    return "".join(f"{us / 1e3:8.2f}" for us in (spread.p50, spread.p99, spread.max))


def _json(found: "Sequence[Drive]", whole: "Latency") -> dict[str, object]:
    return {
        "drives": [{"reached": d.reached, "twin": d.twin, "brain": d.brain} for d in found],
        "reached": sum(d.reached for d in found),
        "load": os.getloadavg()[0],
        "command_us": asdict(whole.age) if whole.age else None,
        "scan_to_wheel_us": asdict(whole.way) if whole.way else None,
        "scan_enters_us": whole.enters_us,
        "late_scans": whole.late_scans,
        "clock_uncertainty_us": whole.uncertainty_us,
    }
