"""What a part's file says of its settings, read from its text: nothing is imported."""

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass

from neuroloop.config import resolve


@dataclass(frozen=True)
class Setting:
    """One field of a part's ``Config``."""

    name: str
    type: str
    default: str | None
    """None where a run file must give it"""
    note: str


@dataclass(frozen=True)
class Description:
    """A part's file in words."""

    summary: str
    settings: tuple[Setting, ...]


def describe(role: str, kind: str) -> Description:
    """Read the file of a kind that comes with the project."""
    return of_text(resolve.source(role, kind).read_text("utf-8"))


def of_text(text: str) -> Description:
    """Read the text of a part's file."""
    tree = ast.parse(text)
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == "Config":
            return Description(ast.get_docstring(tree) or "", tuple(_settings(node)))
    return Description(ast.get_docstring(tree) or "", ())


def _settings(config: ast.ClassDef) -> Iterator[Setting]:
    following = [*config.body[1:], None]
    for node, after in zip(config.body, following, strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            default = ast.unparse(node.value) if node.value is not None else None
            yield Setting(node.target.id, ast.unparse(node.annotation), default, _note(after))


def _note(node: ast.stmt | None) -> str:
    """Return the string that stands under a field."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return " ".join(inspect.cleandoc(str(node.value.value)).split())
    return ""
