"""Where the project's top-level packages load from, and who else claims their names."""

import importlib.util
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from neuroloop.config.resolve import PACKAGES
from neuroloop.doctor.finding import Finding, missing, note, ok

_OURS = Path(__file__).resolve().parents[3]
"""what neuroloop itself loads from: a checkout, or site-packages"""


def findings() -> Iterator[Finding]:
    """Look for each name along the path."""
    yield ok("neuroloop", str(_OURS / "neuroloop"))
    for name in (PACKAGES["sensor"], PACKAGES["plant"]):
        yield _look(name)


def _look(name: str) -> Finding:
    spec = importlib.util.find_spec(name)
    if spec is None:
        return missing(name, "not found", "install neuroloop again: ./launch/demo")
    places = [*(spec.submodule_search_locations or ()), spec.origin or ""]
    loaded = Path(places[0]).resolve()
    rivals = _rivals(name)
    if loaded != _OURS / name:
        owner = _owner(name)
        remedy = f"remove it{owner and f' (pip uninstall {owner})'}, or take it off PYTHONPATH"
        return missing(name, f"another package of this name hides ours: {loaded}", remedy)
    if rivals:
        return note(name, f"{loaded}; also claimed by {', '.join(rivals)}", "ours comes first")
    return ok(name, str(loaded))


def _rivals(name: str) -> list[str]:
    """Return the folders and files on the path, other than ours, that this name could mean."""
    entries = dict.fromkeys(Path(place or ".").resolve() for place in sys.path)
    meant = [path for entry in entries for path in (entry / name, entry / f"{name}.py")]
    return [str(path) for path in meant if path.exists() and path != _OURS / name]


def _owner(name: str) -> str:
    """Return the distribution that brings the other package, '' where none says so."""
    owners = metadata.packages_distributions().get(name, [])
    return next((owner for owner in owners if owner != "neuroloop"), "")
