"""``neuroloop bench navigation``: starts and goals of a world file, one after another."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neuroloop.core.errors import ConfigError, Exit

if TYPE_CHECKING:
    from neuroloop.bench.navigation.backends import OnBackend
    from neuroloop.bench.navigation.course import Score
    from neuroloop.bench.navigation.score import Task


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
    backend: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A,B,...",
            help="Score it on these backends, beside float, with energy; may be repeated.",
        ),
    ] = None,
    energy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="BACKEND=TABLE",
            help="Figures of your own: a TOML file, or a table's name; may be repeated.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
) -> None:
    """Score a network on the starts and goals of a world file, through the user's own loop.

    For example `neuroloop bench navigation --generate boxes --seed 7 --out boxes7.npz`, then
    `neuroloop bench navigation --world boxes7.npz --plot out/paths.png`.  On chips:
    `neuroloop bench navigation --world boxes7.npz --backend loihi1,xylo`.
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
    if backend:
        if plot is not None or trace is not None:
            raise ConfigError("--plot and --trace are of one backend: --set engine.kind=...")
        _on_backends(task, backend, energy or (), as_json=as_json)
        return
    if energy:
        raise ConfigError("--energy is for --backend: the energy is that of a chip")
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


def _on_backends(
    task: "Task", texts: Sequence[str], tables: Sequence[str], *, as_json: bool
) -> None:
    from neuroloop.bench.navigation.backends import chosen, measure_each
    from neuroloop.cli._tables import tables_of

    backends = chosen(texts)
    own = tables_of(tables, backends)
    shown = sys.stderr.isatty() and not as_json
    found = measure_each(task, backends, own, progress=shown)
    if as_json:
        typer.echo(json.dumps({"backends": {one.backend: one.as_json() for one in found}}))
    else:
        typer.echo(_table(found))


def _table(found: "Sequence[OnBackend]") -> str:
    from neuroloop.chips.energy import words

    lines = [
        f"{'backend':14} {'success':>14} {'collision':>10} {'timeout':>8} {'path':>9} {'time':>8}"
        f" {'synops a decision':>18}  energy"
    ]
    for one in found:
        score = one.score
        if score is None:
            lines.append(f"{one.backend:14} cannot run it: {one.refused}")
            continue
        share = 100.0 * score.success / score.pairs if score.pairs else 0.0
        cost = "unknown" if one.account is None else words.total(one.account, one.decisions)
        lines.append(
            f"{one.backend:14} {f'{score.success} ({share:.1f} %)':>14} {score.collision:>10} "
            f"{score.timeout:>8} {score.mean_path_m:>7.2f} m {score.mean_time_s:>6.1f} s "
            f"{score.synops_per_decision:>18,.0f}  {cost}"
        )
    for one in found:
        if one.account is not None:
            lines += ["", f"energy of {one.decisions:,} decisions on {one.backend}"]
            lines += [f"  {line}" for line in words.terms(one.account)]
    unreachable = found[0].score.unreachable if found[0].score is not None else ()
    if unreachable:
        lines.append(f"\nleft out: {len(unreachable)} unreachable: {unreachable}")
    return "\n".join(lines)


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
