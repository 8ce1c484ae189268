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

    No device is opened and no part is built.

    Example: `neuroloop check navigate --set plant.kind=bullet`
    """
    from neuroloop.config import runfile as runfiles
    from neuroloop.runtime import check

    chosen = [*(changes or []), *([f"engine.kind={backend}"] if backend else [])]
    run = runfiles.load(runfile, chosen)
    check.names(run)
    slow = [part.where for part in run.parts if _is_plain_python(part)]
    if as_json:
        parts = [{"role": p.role, "name": p.name, "kind": p.kind} for p in run.parts]
        typer.echo(json.dumps({"file": str(run.path), "parts": parts, "plain_python": slow}))
        return
    typer.echo(f"{run.path}: good")
    for part in run.parts:
        note = "   plain Python: acts one tick later" if part.where in slow else ""
        typer.echo(f"  {part.where:22} {part.kind}{note}")


def _is_plain_python(part: object) -> bool:
    """Whether an encoder or decoder has no compiled entry, so that it runs behind a ring."""
    from neuroloop.core.kernel import Entry

    role, module = part.role, part.module  # type: ignore[attr-defined]
    if role not in ("encoder", "decoder"):
        return False
    return not any(isinstance(value, Entry) for _, value in inspect.getmembers(module))
