"""``neuroloop bench hearing``: whether a live run hears all of it, and how soon."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from neuroloop.bench.hearing.live import Hearing, Spread


def hearing(
    seconds: Annotated[
        float, typer.Option(min=1.0, max=86_400.0, help="Of sound; 1800 is a soak.")
    ] = 20.0,
    stress: Annotated[
        str, typer.Option(help="none, gil, gc, cpu, all, or several as in gil+gc.")
    ] = "none",
    process: Annotated[
        bool, typer.Option(help="Give the microphone and its cochlea a process of their own.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
) -> None:
    """Play sound that counts its samples to a virtual microphone, and see what a live run hears.

    For example `neuroloop bench hearing --seconds 1800 --stress gil --process`.  Microphone,
    cochlea and network are those of `live_microphone`.  Exit code 1 says that a sample was lost or
    came twice.
    """
    from neuroloop.bench.hearing.live import measure
    from neuroloop.bench.loop.stress import parsed

    found = measure(seconds, parsed(stress), process=process)
    if as_json:
        typer.echo(json.dumps({**asdict(found), "whole": found.heard.whole}))
    else:
        typer.echo("\n".join(_lines(found)))
    raise typer.Exit(0 if found.heard.whole else 1)


def _lines(found: "Hearing") -> Iterator[str]:
    yield (
        f"{found.seconds:g} s of sound in blocks of {found.block_us / 1e3:g} ms, ticks of"
        f" {found.dt_us} us, stress: {' + '.join(found.stress) or 'none'}"
        f"{', microphone in a process of its own' if found.process else ''}"
    )
    heard = found.heard
    yield f"samples heard {heard.samples:,}, lost {heard.lost:,}, twice {heard.doubled:,}"
    yield f"{'us':34}{'p50':>9}{'p99':>9}{'p99.9':>9}{'max':>9}"
    yield f"{'block in PortAudio to spikes in ring':34}{_times(found.to_ring)}"
    yield f"{'between two blocks':34}{_times(found.arrivals)}"
    met = {what: n for what, n in found.counts.items() if n}
    yield "counted: " + (", ".join(f"{what} {n:,}" for what, n in met.items()) or "nothing")


def _times(s: "Spread") -> str:
    return "".join(f"{us:9,.0f}" for us in (s.p50_us, s.p99_us, s.p999_us, s.max_us))
