"""``neuroloop list``: what there is to run and to put into a run file."""

import json
import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from neuroloop.config import describe, find, resolve
from neuroloop.core.errors import ConfigError, nearest


def command(
    what: Annotated[
        str, typer.Argument(help="`runs`, or a role: sensor, plant, encoder, neuron ...")
    ] = "",
    kind: Annotated[str, typer.Argument(help="A kind of that role, to see its settings.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
) -> None:
    """List the run files and the kinds of parts, or the settings of one; imports no part.

    Examples: `neuroloop list`, `neuroloop list encoder`, `neuroloop list encoder sectors`
    """
    everything = {"runs": [path.stem for path in find.run_files()]}
    everything |= {role: resolve.kinds(role) for role in resolve.PACKAGES if role != "network"}
    if what and what not in everything:
        raise ConfigError(f'nothing to list called "{what}"{nearest(what, everything)}')
    if kind:
        _show(describe.describe(what, kind), as_json=as_json)
        return
    chosen = {what: everything[what]} if what else everything
    if as_json:
        typer.echo(json.dumps(chosen))
        return
    for role, names in chosen.items():
        typer.echo(role)
        for name in names:
            note = _title(name) if role == "runs" else _first_line(role, name)
            typer.echo(f"  {name:16} {note}".rstrip())


def _show(found: describe.Description, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(found)))
        return
    typer.echo(found.summary + "\n")
    for setting in found.settings:
        default = "must be given" if setting.default is None else f"default {setting.default}"
        typer.echo(f"  {setting.name:20} {default}")
        if setting.note:
            typer.echo(f"  {'':20} {setting.note}")


def _first_line(role: str, kind: str) -> str:
    return describe.describe(role, kind).summary.partition("\n")[0]


def _title(name: str) -> str:
    path: Path = find.run_file(name)
    try:
        run = tomllib.loads(path.read_text("utf-8")).get("run", {})
    except (OSError, ValueError):
        return "(not readable)"
    return str(run.get("title", "")) if isinstance(run, dict) else ""
