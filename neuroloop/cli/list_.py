"""``neuroloop list``: what there is to run and to put into a run file."""

import json
import tomllib
from pathlib import Path
from typing import Annotated

import typer

from neuroloop.config import find, resolve


def command(
    what: Annotated[
        str, typer.Argument(help="`runs`, or a role: sensor, plant, encoder, neuron ...")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
) -> None:
    """List the run files and the kinds of parts; imports none of them.

    Examples: `neuroloop list`, `neuroloop list encoder`
    """
    everything = {"runs": [path.stem for path in find.run_files()]}
    everything |= {role: resolve.kinds(role) for role in resolve.PACKAGES if role != "network"}
    if what and what not in everything:
        from neuroloop.core.errors import ConfigError, nearest

        raise ConfigError(f'nothing to list called "{what}"{nearest(what, everything)}')
    chosen = {what: everything[what]} if what else everything
    if as_json:
        typer.echo(json.dumps(chosen))
        return
    for role, names in chosen.items():
        typer.echo(f"{role}")
        for name in names:
            note = _title(name) if role == "runs" else ""
            typer.echo(f"  {name:18} {note}".rstrip())


def _title(name: str) -> str:
    path: Path = find.run_file(name)
    try:
        run = tomllib.loads(path.read_text("utf-8")).get("run", {})
    except (OSError, ValueError):
        return "(not readable)"
    return str(run.get("title", "")) if isinstance(run, dict) else ""
