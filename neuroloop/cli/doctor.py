"""``neuroloop doctor``: what this machine can do, and what would mend what it cannot."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from neuroloop.doctor.latency import SensorLatency


def command(
    sensor: Annotated[str | None, typer.Argument(help="With --latency: this sensor alone.")] = None,
    latency: Annotated[
        str | None,
        typer.Option(metavar="RUNFILE", help="Measure the latency of a run file's sensors."),
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=0.1, max=600.0, help="With --latency: how long.")
    ] = 3.0,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="With --latency: change a setting."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
) -> None:
    """Test this machine: packages, cores, clocks, compiled kernels, a second of live ticks.

    Examples: `neuroloop doctor`, `neuroloop doctor --latency navigate lidar`

    Each line is ok, note (something optional, or live runs will be less punctual) or missing (the
    base install does not work without it).  Exit code: 4 where something is missing, else 0.
    """
    from neuroloop.core.errors import ConfigError

    if latency is not None:
        _latency(latency, sensor, seconds, changes or [], as_json=as_json)
    elif sensor is not None or changes:
        raise ConfigError("a sensor and --set go with --latency RUNFILE")
    else:
        _examine(as_json=as_json)


def _examine(*, as_json: bool) -> None:
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


def _latency(
    runfile: str, sensor: str | None, seconds: float, changes: list[str], *, as_json: bool
) -> None:
    from neuroloop.doctor.latency import measure

    found = measure(runfile, sensor, seconds, changes)
    if as_json:
        typer.echo(json.dumps({"sensors": [asdict(f) for f in found]}))
    else:
        typer.echo("\n".join(_table(found, seconds)))


def _table(found: "list[SensorLatency]", seconds: float) -> Iterator[str]:
    heads = {"readings": 10, "Hz": 9, "jitter": 10, "age p50": 10, "p99": 10, "max": 10}
    yield f"{'us':16}" + "".join(f"{head:>{width}}" for head, width in heads.items())
    for f in found:
        if f.recorded:
            yield f"{f.sensor:16}  a recording, read ahead of its time: it has no latency"
            continue
        if not f.readings:
            yield f"{f.sensor:16}  gave nothing in {seconds:g} s: is it connected, and awake?"
            continue
        times = "".join(f"{us:10,.0f}" for us in (f.jitter_us, f.p50_us, f.p99_us, f.max_us))
        yield f"{f.sensor:16}{f.readings:10,}{f.seen_hz:9,.1f}{times}"
        if f.declared_hz:
            yield f"{'':16}  it declares {f.declared_hz:g} Hz"
        yield f"{'':16}  {_declared(f)}"
    yield ""
    yield "A live run measures latency_ms by itself where it is left out; declare it in the run"
    yield "file to have the same in every run."


def _declared(f: "SensorLatency") -> str:
    if f.declared_ms is None:
        return f"latency_ms = {f.latency_ms:g} would let every reading of this age enter its tick"
    enough = "is enough" if f.declared_ms >= f.latency_ms else "is less than some readings need"
    return f"latency_ms = {f.declared_ms:g} is declared, which {enough}: {f.latency_ms:g} measured"
