"""``neuroloop bench motion``: drifting gratings and bars before a spiking network."""

import json
from typing import Annotated

import typer

from neuroloop.core.errors import ConfigError


def motion(
    speeds: Annotated[
        str, typer.Option(help="Pixels a second, with commas.")
    ] = "8,16,32,64,128,200",
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Change a setting of the run file."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
) -> None:
    """Count how often `configs/motion.toml` tells the direction of gratings and bars.

    For example `neuroloop bench motion --speeds 16,64`.
    """
    from neuroloop.bench.motion import score

    try:
        wanted = [float(text) for text in speeds.split(",")]
    except ValueError as error:
        raise ConfigError(f"--speeds {speeds}: numbers are wanted, as in 16,64") from error
    if not all(0 < speed <= 10_000 for speed in wanted):
        raise ConfigError(f"--speeds {speeds}: from above 0 to 10000 pixels a second are wanted")
    results = score.measure(wanted, changes or (), lambda result: None)
    if as_json:
        rows = [
            {"shape": r.shape, "speed": r.speed, "direction": r.direction, "answer": r.answer}
            for r in results
        ]
        typer.echo(json.dumps({"stimuli": rows, "right": sum(r.right for r in results)}))
        return
    typer.echo("pixels a second " + "".join(f"{speed:8g}" for speed in wanted))
    for shape in score.SHAPES:
        counts = [
            sum(r.right for r in results if (r.shape, r.speed) == (shape, speed))
            for speed in wanted
        ]
        typer.echo(f"{shape:16}" + "".join(f"{count:3} of {4}" for count in counts))
    silent = sum(r.answer is None for r in results)
    wrong = len(results) - silent - sum(r.right for r in results)
    typer.echo(f"{len(results)} stimuli: {wrong} wrong answers, {silent} without an answer")
