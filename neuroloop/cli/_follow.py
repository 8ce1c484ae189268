"""``neuroloop bench follow``: a moving target through a room, course after course."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neuroloop.bench.follow.score import Limits, Result


def follow(
    plant: Annotated[str, typer.Option(help="plane or bullet.")] = "plane",
    courses: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Of the first course.")] = 0,
    seconds: Annotated[float, typer.Option(min=1.0, help="Run time of a course.")] = 60.0,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Change a setting of the run file."),
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Draw the courses.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
) -> None:
    """Let the robot of `configs/follow.toml` follow a target by its camera on random courses.

    For example `neuroloop bench follow --plant bullet --courses 5 --plot out/follow.png`.
    """
    from neuroloop.bench.follow import drawing
    from neuroloop.bench.follow.score import Limits, Task
    from neuroloop.report import output, picture

    if plot is not None:
        picture.check_installed()
        output.check_writable(plot)
    limits = Limits()
    task = Task(plant, courses, seed, seconds, tuple(changes or ()))
    results = task.run(lambda result: None if as_json else typer.echo(_row(result, limits)))
    if plot is not None:
        drawing.draw(results, limits, plant, plot)
    typer.echo(_json(results, limits) if as_json else _text(results, limits))


def _row(result: "Result", limits: "Limits") -> str:
    distance_m, followed = result.distance_m, result.followed(limits)
    mean_m = f"{distance_m[followed].mean():.2f} m" if followed.any() else "-"
    return (
        f"course {result.seed:3}: {100 * result.share(limits):5.1f} % of the time, found after"
        f" {result.found_s(limits):4.1f} s, then {mean_m} away on average,"
        f" {result.contacts} contacts"
    )


def _text(results: "Sequence[Result]", limits: "Limits") -> str:
    shares = [result.share(limits) for result in results]
    good = sum(share >= limits.share for share in shares)
    return (
        f"{good} of {len(results)} courses: nearer than {limits.distance_m:g} m and within"
        f" {limits.bearing_deg:g} degrees for {100 * limits.share:g} % of the time or more"
        f" ({100 * sum(shares) / len(shares):.1f} % on average),"
        f" {sum(result.contacts for result in results)} contacts"
    )


def _json(results: "Sequence[Result]", limits: "Limits") -> str:
    rows = [
        {
            "seed": result.seed,
            "share": result.share(limits),
            "found_s": min(result.found_s(limits), result.rows[-1, 0]),
            "contacts": result.contacts,
        }
        for result in results
    ]
    good = sum(row["share"] >= limits.share for row in rows)
    return json.dumps({"courses": len(rows), "success": good, "rows": rows})
