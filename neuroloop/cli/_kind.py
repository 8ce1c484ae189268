"""What the file of a neuron or synapse kind says of it, and what it takes to memory."""

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from neuroloop.cli import _equation
from neuroloop.config import describe, resolve
from neuroloop.core.errors import ConfigError, nearest

if TYPE_CHECKING:
    from neuroloop.core.ports import Kernel

ROLES = ("neuron", "synapse")
_CELLS = 7
"""neurons of an example; no array of another meaning is as long"""
_UNITS = {
    **{"us": "us", "ms": "ms", "s": "s", "hz": "Hz", "mv": "mV", "pa": "pA", "na": "nA"},
    **{
        "pf": "pF",
        "nf": "nF",
        "ns": "nS",
        "us_per_cm2": "uS/cm2",
        "mohm": "MOhm",
        "ticks": "ticks",
    },
    **{"per_ms": "1/ms", "per_s": "1/s"},
}
"""by the end of a field's name"""


@dataclass(frozen=True)
class Kind:
    """What can be told without importing it."""

    role: str
    kind: str
    gives: str
    """neurons: what they give; synapses: what they carry: spikes or values"""
    events: bool
    """whether a tick may visit only the neurons that something reached"""
    plastic: bool
    """whether its weights learn"""
    summary: str


@dataclass(frozen=True)
class Parameter:
    """One field of its ``Config``."""

    name: str
    unit: str
    default: str | None
    """None where it must be given"""
    bounds: str
    note: str


@dataclass(frozen=True)
class Array:
    """One array of its memory."""

    name: str
    dtype: str
    section: str
    """state, plastic or static"""
    reset: bool
    """whether a reset of the network puts its first value back"""


@dataclass(frozen=True)
class Card:
    """All there is to say."""

    kind: Kind
    path: str
    equations: tuple[str, ...]
    notes: tuple[str, ...]
    """how it is integrated, in what order things happen in a tick"""
    source: str
    receptors: tuple[str, ...]
    settings: str
    """what is said of all parameters together"""
    parameters: tuple[Parameter, ...]
    arrays: tuple[Array, ...]
    code: str
    """its compiled functions"""


def kinds(role: str) -> Iterator[Kind]:
    """Yield the kinds that come with the project, from their texts alone."""
    for kind in resolve.kinds(role):
        yield _told(role, kind, resolve.source(role, kind).read_text("utf-8"))


def card(name: str, folder: Path) -> Card:
    """Return what there is to say of a kind: its name, ``./file.py``, or a dotted module.

    Raises
    ------
    ConfigError
        Where there is no such kind; names the nearest.
    PartError
        Where its file cannot be imported.
    """
    role, module = _found(name, folder)
    path = Path(inspect.getfile(module))
    text = path.read_text("utf-8")
    words = describe.of_text(text)
    equations, notes, source = _split(words.summary)
    settings = inspect.getdoc(module.Config) or ""
    return Card(
        kind=_told(role, name, text),
        path=str(path),
        equations=equations,
        notes=notes,
        source=source,
        receptors=tuple(getattr(module, "RECEPTORS", ())),
        settings=_bare(settings).removeprefix("Parameters").lstrip(";. "),
        parameters=tuple(_parameters(module, words)),
        arrays=tuple(_arrays(role, module)),
        code=_compiled(text),
    )


def _found(name: str, folder: Path) -> tuple[str, ModuleType]:
    known = {role: resolve.kinds(role) for role in ROLES}
    role = next((r for r in ROLES if name in known[r]), "")
    if not role and "." not in name:
        every = [kind for kinds_ in known.values() for kind in kinds_]
        raise ConfigError(f'no kind of neuron or synapse "{name}"{nearest(name, every)}')
    module = resolve.module(role or "neuron", name, folder, "model show")
    for needed in ("Config", "build"):
        if not hasattr(module, needed):
            raise ConfigError(f"{name} defines no {needed}; it is no neuron model or synapse rule")
    return role or ("neuron" if hasattr(module, "RECEPTORS") else "synapse"), module


def _told(role: str, kind: str, text: str) -> Kind:
    tree = ast.parse(text)
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    given = {node.arg for node in ast.walk(tree) if isinstance(node, ast.keyword)}
    return Kind(
        role=role,
        kind=kind,
        gives=str(constants.get("SIGNAL", "spikes")),
        events=bool(constants.get("EVENTS", False)),
        plastic=role == "synapse" and "plastic" in given,
        summary=_bare((ast.get_docstring(tree) or "").partition("\n")[0]),
    )


def _split(docstring: str) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Return the equations, the other paragraphs after the first line, and the source."""
    equations: list[str] = []
    notes: list[str] = []
    source = ""
    in_math = False
    for block in re.split(r"\n\s*\n", docstring)[1:]:
        head, directive, rest = block.partition(".. math::")
        if directive and not head.strip():
            equations += _equation.plain(rest)
            in_math = True
        elif in_math and block.startswith(" "):
            equations += _equation.plain(block)
        else:
            in_math = False
            words = _bare(block)
            if re.match(r"Sources?:", words):
                source = words.partition(":")[2].strip()
            elif not re.match(r"(>>>|```)", words):
                notes.append(words)
    return tuple(equations), tuple(notes), source


def _bare(text: str) -> str:
    """Return a paragraph without the marks of its markup."""
    text = re.sub(r":math:`([^`]*)`", lambda m: " ".join(_equation.plain(m[1])), text)
    return " ".join(re.sub(r"`+|(?<!\w)\*+(?=\w)|(?<=\w)\*+(?!\w)", "", text).split())


def _parameters(module: ModuleType, words: describe.Description) -> Iterator[Parameter]:
    from msgspec import inspect as types

    told = {setting.name: setting for setting in words.settings}
    info = types.type_info(module.Config)
    for field in info.fields if isinstance(info, types.StructType) else ():
        setting = told.get(field.name)
        yield Parameter(
            name=field.name,
            unit=_unit(field.name),
            default=_default(field, setting),
            bounds=_bounds(field.type),
            note=_bare(setting.note) if setting else "",
        )


def _default(field: Any, setting: describe.Setting | None) -> str | None:
    if field.required:
        return None
    if setting is not None and setting.default is not None:
        return setting.default.strip("'\"")
    return str(field.default)


def _unit(name: str) -> str:
    ends = [unit for unit in _UNITS if name.endswith(f"_{unit}")]
    return _UNITS[max(ends, key=len)] if ends else ""


def _bounds(kind: Any) -> str:
    """Return what values a type takes, where not all."""
    values = getattr(kind, "values", None)
    if values is not None:
        return " or ".join(map(str, values))
    signs = (("gt", ">"), ("ge", ">="), ("lt", "<"), ("le", "<="))
    limits = [
        f"{sign} {v:g}" for name, sign in signs if (v := getattr(kind, name, None)) is not None
    ]
    return ", ".join(limits)


def _arrays(role: str, module: ModuleType) -> Iterator[Array]:
    """Yield the arrays of a small example, where its defaults are enough to build one.

    Synapses that lie as `neuroloop.engine.choose` decides for each projection have none.
    """
    import numpy as np

    try:
        built = _built(role, module)
    except Exception:  # a file of a user's may raise anything; it is shown without its arrays
        return
    for section in ("state", "plastic", "static") if role == "neuron" or not built.note else ():
        for name, value in getattr(built, section).items():
            array = np.asarray(value)
            each = "n" if array.size == _CELLS else array.size
            per = each if role == "neuron" else "..."
            yield Array(name, f"{array.dtype.name}[{per}]", section, name in built.dynamic)


def _built(role: str, module: ModuleType) -> "Kernel":
    import numpy as np

    from neuroloop.core.ports import Bundle, Cell
    from neuroloop.network.connections import pairs

    kernel: Kernel
    if role == "neuron":
        kernel = module.build(module.Config(), Cell(_CELLS, 1.0, np.random.default_rng(0)))
    else:
        wired = pairs([0, 0, 1, 2], [0, 2, 3, 1], [0.5, 0.25, 1.0, 2.0])
        delay = np.broadcast_to(np.int32(1), (4,))
        kernel = module.build(module.Config(), Bundle(wired, 3, 4, delay))
    return kernel


def _compiled(text: str) -> str:
    """Return the text of the functions under ``@kernel``, ``@inline`` and ``@entry``."""
    lines, parts = text.splitlines(), []
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and any(_is_ours(d) for d in node.decorator_list):
            first = node.decorator_list[0].lineno
            parts.append("\n".join(lines[first - 1 : node.end_lineno]))
    return "\n\n\n".join(parts)


def _is_ours(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Name) and decorator.id in ("kernel", "inline", "entry")
