"""The table of what came of the drills, for people."""

import textwrap
from collections.abc import Iterator, Sequence

from neuroloop.drill.drill import Body, Result

TITLES = {Body.SIMULATED: "a simulated robot", Body.BOARD: "a robot on a board"}
HEADS = ("injected", "happened", "ms", "named as")
_LONGEST = 100
_WARNED = "; ticks with warnings"
"""what was merely near says nothing about the fault"""


def rows(results: Sequence[Result]) -> list[tuple[str, str, str, str]]:
    """Return the cells of each drill, in the order of `HEADS`."""
    return [(r.injected, _happened(r), _ms(r), _named(r)) for r in results]


def markdown(results: Sequence[Result]) -> Iterator[str]:
    """Yield the lines of tables in Markdown, one for each body, then what is wrong.

    The last line says how many are as expected.
    """
    for body, title in TITLES.items():
        found = [r for r in results if r.body == body]
        if found:
            yield f"| {title}: {' | '.join(HEADS)} |"
            yield "|---|---|---:|---|"
            for row in rows(found):
                yield f"| {' | '.join(cell.replace('|', '/') for cell in row)} |"
            yield ""
    for r in results:
        yield from (f"WRONG: {r.name}: {wrong}" for wrong in r.wrong)
    yield verdict(results)


def verdict(results: Sequence[Result]) -> str:
    """Return how many were as expected, and the slowest stop."""
    ran = [r for r in results if not r.skipped]
    good = sum(r.good for r in ran)
    skipped = f", {len(results) - len(ran)} skipped" if len(ran) < len(results) else ""
    stops = [r.ms for r in ran if r.ms is not None]
    slowest = f"; slowest stop {max(stops):.0f} ms" if stops else ""
    return f"{good} of {len(ran)} drills as expected{skipped}{slowest}"


def line(result: Result) -> str:
    """Return one drill as a line, for who watches."""
    state = "skipped" if result.skipped else "good" if result.good else "WRONG"
    _, happened, ms, named = rows([result])[0]
    return f"{state:8}{result.name:32}{happened}{f' after {ms} ms' if ms else ''}: {named}"


def _happened(r: Result) -> str:
    if r.skipped:
        return f"skipped: {r.skipped} is missing"
    tries = f" ({r.tries} tries)" if r.tries > 1 else ""
    return ("" if r.good else "WRONG: ") + r.happened + tries


def _ms(r: Result) -> str:
    return "" if r.ms is None else f"{r.ms:.0f}"


def _named(r: Result) -> str:
    named = r.named.partition(_WARNED)[0]
    return textwrap.shorten(named, _LONGEST, placeholder=" ...")
