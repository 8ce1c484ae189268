"""``neuroloop check``: is a run file right?  It imports the parts named and loads the network."""

import inspect
import json
from typing import Annotated

import typer


def command(
    runfile: Annotated[str, typer.Argument(help="A run file, or the name of one in configs/.")],
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Change a setting, as in run.seed=3."),
    ] = None,
    backend: Annotated[str | None, typer.Option(help="Short for --set engine.kind=...")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
) -> None:
    """Check a run file and its network, and name the parts that will run in plain Python.

    No device is opened and no part is built.  What the network is expected to cost on this machine
    is said as well; for that a few of its neurons are timed.

    Example: `neuroloop check navigate --set plant.kind=bullet`
    """
    from neuroloop.config import runfile as runfiles
    from neuroloop.core.ports import Site
    from neuroloop.engine.speed import RATE_HZ
    from neuroloop.runtime import check
    from neuroloop.runtime.estimate import estimate

    chosen = [*(changes or []), *([f"engine.kind={backend}"] if backend else [])]
    run = runfiles.load(runfile, chosen)
    network = check.names(run)
    dt_us = run.clock.config.dt_us
    rate_hz = min(RATE_HZ, 1e6 / dt_us)
    cost = estimate(network, dt_us, rate_hz, backend=run.engine.kind, folder=run.folder)
    site = Site("engine", run.run.seed, dt_us, run.folder, role="engine")
    room = run.engine.module.build(run.engine.config, site).adapt(network, dt_us).room
    slow = [part.where for part in run.parts if _is_plain_python(part)]
    if as_json:
        parts = [{"role": p.role, "name": p.name, "kind": p.kind} for p in run.parts]
        typer.echo(
            json.dumps(
                {
                    "file": str(run.path),
                    "parts": parts,
                    "plain_python": slow,
                    "estimate": cost.as_json(),
                    "room": list(room),
                }
            )
        )
        return
    typer.echo(f"{run.path}: good")
    for part in run.parts:
        note = "   plain Python: acts one tick later" if part.where in slow else ""
        typer.echo(f"  {part.where:22} {part.kind}{note}")
    typer.echo(f"the network: {cost.line()}, at {cost.rate_hz:g} Hz a neuron")
    for line in room:
        typer.echo(f"the chip: {line}")


def _is_plain_python(part: object) -> bool:
    """Whether an encoder or decoder has no compiled entry and works at no sensor."""
    from neuroloop.core.kernel import Entry

    role, module = part.role, part.module  # type: ignore[attr-defined]
    if role not in ("encoder", "decoder"):
        return False
    found = [value for _, value in inspect.getmembers(module)]
    at_sensor = any(inspect.isclass(value) and hasattr(value, "transduce") for value in found)
    return not (at_sensor or any(isinstance(value, Entry) for value in found))
