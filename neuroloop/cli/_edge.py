"""``neuroloop bench edge``: what a live run costs a small machine."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from neuroloop.bench.edge import EdgeCost


def edge(
    runfile: Annotated[
        str, typer.Argument(help="A run file, or the name of one in configs/.")
    ] = "navigate_by_hand",
    starts: Annotated[int, typer.Option(min=1, max=100, help="Starts to measure.")] = 5,
    seconds: Annotated[
        float, typer.Option(min=0.1, max=600.0, help="Of ticks before memory is looked at.")
    ] = 5.0,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Change a setting, as in run.seed=3."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
) -> None:
    """Measure the start of a live run, and the memory that it and its processes hold.

    For example `neuroloop bench edge my_robot.toml`.  Its sensors are opened; nothing is armed, so
    nothing moves.  A start before those that are measured compiles what is not on disk yet.
    """
    from neuroloop.bench.edge import measure

    cost = measure(runfile, changes or (), starts=starts, after_s=seconds)
    if as_json:
        together = {"resident_bytes": cost.resident_bytes, "share_bytes": cost.share_bytes}
        typer.echo(json.dumps({**asdict(cost), **together}))
    else:
        typer.echo("\n".join(_lines(cost)))


def _lines(cost: "EdgeCost") -> Iterator[str]:
    yield f"{cost.run_file}: {cost.starts} starts by the wall clock, kernels on disk"
    yield f"  {'seconds':14}{'median':>8}{'least':>8}{'most':>8}"
    for what, s in (("first tick", cost.first_tick), ("READY", cost.ready)):
        yield f"  {what:14}{s.median_s:8.2f}{s.least_s:8.2f}{s.most_s:8.2f}"
    heads = f"{'resident':>10}{'its share':>11}"
    yield f"  {f'MB, {cost.after_s:g} s later':14}{heads}"
    for m in cost.memory:
        yield f"  {m.what:14}{m.resident_bytes / 1e6:10.0f}{m.share_bytes / 1e6:11.0f}"
    yield f"  {'together':14}{cost.resident_bytes / 1e6:10.0f}{cost.share_bytes / 1e6:11.0f}"
