"""``neuroloop list``: what there is to run and to put into a run file."""

import json
import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from neuroloop.cli import _looking
from neuroloop.config import describe, find, resolve
from neuroloop.core.errors import ConfigError, nearest


def command(
    what: Annotated[
        str,
        typer.Argument(help="`runs`, `devices`, or a role: sensor, plant, encoder, neuron ..."),
    ] = "",
    kind: Annotated[str, typer.Argument(help="A kind of that role, to see its settings.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
) -> None:
    """List the run files and the kinds of parts, or the settings of one; imports no part.

    `devices` are the cameras, microphones, ports ... that are connected now: every kind of sensor
    that can look for its own is asked.

    Examples: `neuroloop list`, `neuroloop list encoder`, `neuroloop list encoder sectors`,
    `neuroloop list devices`
    """
    if what == "devices":
        _devices(kind, as_json=as_json)
        return
    everything = {"runs": [path.stem for path in find.run_files()]}
    everything |= {role: resolve.kinds(role) for role in resolve.PACKAGES if role != "network"}
    if what and what not in everything:
        known = [*everything, "devices"]
        raise ConfigError(f'nothing to list called "{what}"{nearest(what, known)}')
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


def _devices(kind: str, *, as_json: bool) -> None:
    found = [_looking.asked(each) for each in _looking.kinds(kind)]
    if as_json:
        typer.echo(json.dumps({f.kind: asdict(f) for f in found}))
        return
    for each in found:
        typer.echo(each.kind)
        for device in each.devices:
            typer.echo(f"  {device.address:16} {device.name}".rstrip())
            for mode in device.modes:
                typer.echo(f"  {'':16} {mode}")
        if each.lacks or not each.devices:
            typer.echo(f"  {each.lacks or 'none found'}")


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
