"""``neuroloop model``: what a neuron model or a synapse rule is, and what it takes."""

import json
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from neuroloop.cli import _kind

_HEADS = {"neuron": "neurons: give", "synapse": "synapses: carry"}

verbs = typer.Typer(
    help="Neuron models and synapse rules.\n\nExample: `neuroloop model show lif`",
    no_args_is_help=True,
)


@verbs.command("list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
) -> None:
    """List the kinds of neurons and synapses that come along; imports none of them.

    Example: `neuroloop model list`

    `events` are those of which a tick may visit only the neurons that something reached; `plastic`
    are those whose weights learn.
    """
    found = {role: list(_kind.kinds(role)) for role in _kind.ROLES}
    if as_json:
        typer.echo(json.dumps({role: [asdict(k) for k in kinds] for role, kinds in found.items()}))
        return
    for role, kinds in found.items():
        typer.echo(_HEADS[role])
        width = max(len(kind.kind) for kind in kinds)
        for kind in kinds:
            marks = " ".join((kind.gives, *(["events"] if kind.events else []), *_plastic(kind)))
            typer.echo(f"  {kind.kind:{width}} {marks:14} {kind.summary}".rstrip())


@verbs.command()
def show(
    kind: Annotated[str, typer.Argument(help="A kind, or a file of your own: ./my_neuron.py")],
    source: Annotated[bool, typer.Option(help="Its compiled functions, at the end.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
) -> None:
    """Show one kind: equation, parameters with their units and bounds, memory, kernel.

    Examples: `neuroloop model show lif`, `neuroloop model show ./my_neuron.py --no-source`
    """
    card = _kind.card(kind, Path.cwd())
    if as_json:
        typer.echo(json.dumps(asdict(card)))
        return
    typer.echo("\n".join(_lines(card)))
    if source:
        _echo_code(card.code)


def _plastic(kind: _kind.Kind) -> list[str]:
    return ["plastic"] if kind.plastic else []


def _lines(card: _kind.Card) -> Iterator[str]:
    what = "neuron model" if card.kind.role == "neuron" else "synapse rule"
    yield f"{card.kind.kind}, a {what}"
    yield card.kind.summary
    if card.equations:
        yield ""
        yield from (f"    {line}" for line in card.equations)
    for note in card.notes:
        yield ""
        yield from textwrap.wrap(note, 96, initial_indent="  ", subsequent_indent="  ")
    yield from ("", "parameters")
    yield from _parameters(card)
    if card.arrays:
        yield from ("", "memory")
        for array in card.arrays:
            again = "put back by a reset" if array.reset else ""
            yield f"  {array.name:16} {array.dtype:14} {array.section:8} {again}".rstrip()
    yield ""
    verb = "gives" if card.kind.role == "neuron" else "carries"
    yield f"{verb:9} {card.kind.gives}"
    if card.kind.role == "neuron":
        yield f"receptors {', '.join(card.receptors) or 'none: it takes no input'}"
        visits = "all, or those that something reached" if card.kind.events else "all"
        yield f"visits    {visits}"
    else:
        yield f"learns    {'yes' if card.kind.plastic else 'no'}"
    if card.source:
        yield from textwrap.wrap(
            card.source, 96, initial_indent="source    ", subsequent_indent=" " * 10
        )
    yield f"file      {card.path}"


def _parameters(card: _kind.Card) -> Iterator[str]:
    for p in card.parameters:
        value = "must be given" if p.default is None else f"{p.default} {p.unit}".strip()
        yield f"  {p.name:16} {value:14} {p.bounds}".rstrip()
        yield from textwrap.wrap(p.note, 96, initial_indent=" " * 19, subsequent_indent=" " * 19)
    if card.settings:
        yield f"  {card.settings}"


def _echo_code(code: str) -> None:
    """Print Python, in colour on a terminal."""
    from rich.console import Console
    from rich.syntax import Syntax

    console = Console()
    if console.is_terminal:
        console.print(Syntax(f"\n{code}", "python", theme="ansi_dark", background_color="default"))
    else:
        typer.echo(f"\n{code}")
