"""What somebody meant who wrote a parameter's name without its unit, or with another one."""

from collections.abc import Collection

from neuroloop.core.errors import nearest

UNITS = {
    "us": "microseconds",
    "ms": "milliseconds",
    "s": "seconds",
    "hz": "hertz",
    "mv": "millivolts",
    "pa": "picoamperes",
    "na": "nanoamperes",
    "ns": "nanosiemens",
    "pf": "picofarads",
    "nf": "nanofarads",
    "mohm": "megaohms",
}


def hint(name: str, known: Collection[str]) -> str:
    """Return ' (did you mean "x"? known: ...)', with the unit where that is what was mistaken.

    >>> hint("tau_m_s", ["bias", "tau_m_ms"])
    ' (did you mean "tau_m_ms", in milliseconds? known: bias, tau_m_ms)'
    """
    for other in known:
        stem, _, unit = other.rpartition("_")
        if unit in UNITS and name.lower() in {stem, *(f"{stem}_{u}" for u in UNITS)}:
            return f' (did you mean "{other}", in {UNITS[unit]}? known: {", ".join(sorted(known))})'
    return nearest(name, known)
