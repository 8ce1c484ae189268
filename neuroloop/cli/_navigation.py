"""``neuroloop bench navigation``: starts and goals of a world file, one after another."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neuroloop.core.errors import ConfigError, Exit

if TYPE_CHECKING:
    from neuroloop.bench.navigation.course import Score


def navigation(
    world: Annotated[Path | None, typer.Option(help="A world file, .npz.")] = None,
    actor: Annotated[Path | None, typer.Option(help="Weights of the published actor.")] = None,
    network: Annotated[str | None, typer.Option(help="A network in place of our own.")] = None,
    plant: Annotated[str, typer.Option(help="plane or bullet.")] = "plane",
    pairs: Annotated[
        str, typer.Option(metavar="FIRST:LAST", help="Which pairs; LAST is not one.")
    ] = ":",
    seed: Annotated[int, typer.Option(min=0, help="Of the noise, or of --generate.")] = 0,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes side by side.")] = 1,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Change a setting of the run file."),
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Draw the paths.")] = None,
    trace: Annotated[
        Path | None, typer.Option(metavar="FILE.npz", help="Write one row a decision.")
    ] = None,
    generate: Annotated[
        str | None, typer.Option(metavar="KIND", help="Make a world: boxes, clutter or rooms.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.npz", help="Where to.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
) -> None:
    """Score a network on the starts and goals of a world file, through the user's own loop.

    For example `neuroloop bench navigation --generate boxes --seed 7 --out boxes7.npz`, then
    `neuroloop bench navigation --world boxes7.npz --plot out/paths.png`.
    """
    if generate is not None:
        _generate(generate, seed, out)
        return
    if world is None:
        raise ConfigError("--world is wanted: a world file, or make one with --generate")
    if actor is not None and network is not None:
        raise ConfigError("--actor and --network are two networks; give one of them")
    from neuroloop.bench.navigation.score import Task, measure
    from neuroloop.report import output

    if plot is not None:
        output.check_writable(plot)
    task = Task(world, actor, network, plant, pairs, seed, workers, tuple(changes or ()))
    found = measure(task, progress=sys.stderr.isatty() and not as_json, plot=plot, trace=trace)
    if as_json:
        typer.echo(json.dumps(found.as_json()))
    else:
        typer.echo(_text(found))
    raise typer.Exit(Exit.OK)


def _generate(kind: str, seed: int, out: Path | None) -> None:
    if out is None:
        raise ConfigError("--out is wanted: where to write the world file")
    from neuroloop.bench.worlds import generate_to

    made = generate_to(kind, seed, out)
    typer.echo(f"{out}: {len(made.world.polygon)} obstacles, {len(made.starts)} pairs")


def _text(found: "Score") -> str:
    share = 100.0 * found.success / found.pairs if found.pairs else 0.0
    lines = [
        f"pairs       {found.pairs}",
        f"success     {found.success} ({share:.1f} %)",
        f"collision   {found.collision}",
        f"timeout     {found.timeout}",
        f"path        {found.mean_path_m:.2f} m on average",
        f"time        {found.mean_time_s:.1f} s on average",
        f"wall        {found.wall_s:.1f} s",
        f"synapses    {found.synops_per_decision:,.0f} operations a decision",
    ]
    if found.unreachable:
        lines.append(f"left out    {len(found.unreachable)} unreachable: {found.unreachable}")
    return "\n".join(lines)


def lesion(
    world: Annotated[Path, typer.Option(help="A world file, .npz.")],
    population: Annotated[str, typer.Option(help="Whose neurons fall silent.")] = "hidden",
    parts: Annotated[str, typer.Option(help="Parts that do, 0 to 1.")] = "0,0.1,0.2,0.3,0.5",
    seeds: Annotated[int, typer.Option(min=1, help="Draws of neurons for each part.")] = 3,
    network: Annotated[str | None, typer.Option(help="A network in place of our own.")] = None,
    pairs: Annotated[str, typer.Option(metavar="FIRST:LAST", help="Which pairs.")] = ":",
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes side by side.")] = 1,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Draw the curve.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
) -> None:
    """Score a network while more and more of its neurons are silent.

    For example `neuroloop bench lesion --world boxes7.npz --parts 0,0.1,0.3 --plot lesion.png`.
    """
    from neuroloop.bench.navigation import lesion as lesions
    from neuroloop.bench.navigation.score import Task
    from neuroloop.report import output

    if plot is not None:
        output.check_writable(plot)
    try:
        silenced = [float(text) for text in parts.split(",")]
    except ValueError as error:
        raise ConfigError(
            f"--parts {parts}: numbers from 0 to 1 are wanted, as in 0,0.1"
        ) from error
    task = Task(world, None, network, "plane", pairs, 0, workers, ())

    def say(point: lesions.Point) -> None:
        if not as_json:
            share = f"{point.score.success} of {point.score.pairs}"
            typer.echo(f"{100 * point.silenced:5.1f} % silent, seed {point.seed}: {share}")

    points = lesions.curve(task, population, silenced, range(seeds), say)
    if plot is not None:
        lesions.draw(points, population, plot)
    if as_json:
        rows = [{"silenced": p.silenced, "seed": p.seed, **p.score.as_json()} for p in points]
        typer.echo(json.dumps({"population": population, "points": rows}))
