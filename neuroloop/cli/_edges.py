"""``neuroloop bench edges``: pictures looked at by a spiking network."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from neuroloop.bench.edges.score import Result


def edges(
    pictures: Annotated[list[Path], typer.Argument(help="PNG or JPEG files.")],
    width: Annotated[
        int, typer.Option(min=16, max=1024, help="Of what the network sees, in pixels.")
    ] = 160,
    tolerance: Annotated[
        int, typer.Option(min=0, max=10, help="Pixels by which an edge may be beside its place.")
    ] = 2,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Change a setting of the run file."),
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Draw the edges.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
) -> None:
    """Compare the edges that `configs/edges.toml` finds in pictures with Canny's.

    For example `neuroloop bench edges photo.jpg --plot out/edges.png`.
    """
    from neuroloop.bench.edges import drawing, score
    from neuroloop.report import output, picture

    if plot is not None:
        picture.check_installed()
        output.check_writable(plot)
    results = []
    if not as_json:
        typer.echo(f"{'within ' + str(tolerance) + ' px of Canny':24} precision  recall    F1")
    for path in pictures:
        results.append(score.measure(path, width, changes or ()))
        if not as_json:
            typer.echo(_text(results[-1], tolerance))
    if plot is not None:
        drawing.draw(results, tolerance, plot)
    rows = [_row(result, tolerance) for result in results]
    if as_json:
        typer.echo(json.dumps({"tolerance_px": tolerance, "pictures": rows}))
        return
    for kind in ("logarithm", "grey"):
        mean = sum(row[kind]["f1"] for row in rows) / len(rows)
        typer.echo(f"{'mean, ' + kind:40} {mean:9.2f}")


def _row(result: "Result", tolerance: int) -> dict[str, Any]:
    row: dict[str, Any] = {
        "picture": result.path.name,
        "events": result.events,
        "spikes": result.spikes,
    }
    for kind, reference in (("logarithm", result.log_edges), ("grey", result.grey_edges)):
        match = result.match(reference, tolerance)
        row[kind] = {"precision": match.precision, "recall": match.recall, "f1": match.f1}
    return row


def _text(result: "Result", tolerance: int) -> str:
    row = _row(result, tolerance)
    return "\n".join(
        f"{result.path.stem[:13]:13} {kind:10} {row[kind]['precision']:9.2f} "
        f"{row[kind]['recall']:7.2f} {row[kind]['f1']:5.2f}"
        for kind in ("logarithm", "grey")
    )
