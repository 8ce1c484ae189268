"""How a network lies on a chip: in words, with bars, and as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from neuroloop.chips.fit.found import CoreUse, Fit, LayerUse, Misfit, Use

_SIGNS = "▁▂▃▄▅▆▇█"
_MEANING = f"each as full as its tightest limit ({_SIGNS[0]} to {_SIGNS[-1]})"
_BAR = 20
_LAYERS = 30
"""populations that stand on the page"""
_MEMORY = ("axons_in", "axons_out", "synapse_bits", "kernel_words", "neuron_words", "bias_words")
_SIDE_BY_SIDE = 64
"""cores in a row, where the chip's mesh is not known"""


def as_text(fit: Fit) -> str:
    """Return the verdict, a table of the populations, the cores, and what would make it fit."""
    return "\n".join(_lines(fit))


def as_json(fit: Fit) -> dict[str, Any]:
    """Return the same as plain values."""
    placed = fit.placed
    return {
        "chip": fit.chip,
        "fits": fit.fits,
        "verdict": fit.line(),
        "dt_us": fit.dt_us,
        "rate_hz": fit.rate_hz,
        "uses": [_use(use) for use in fit.uses],
        "layers": [asdict(layer) for layer in fit.layers],
        "cores": [
            {
                "number": core.number,
                "tile": core.tile,
                "parts": dict(core.parts),
                "uses": [_use(use) for use in core.uses],
            }
            for core in fit.cores
        ],
        "misfits": [
            {
                "where": misfit.where,
                "why": misfit.why,
                "use": None if misfit.use is None else _use(misfit.use),
                "remedies": list(misfit.remedies),
            }
            for misfit in fit.misfits
        ],
        "unknown": list(fit.unknown),
        "warnings": list(fit.warnings),
        "notes": list(fit.notes),
        "tick": None if fit.tick is None else asdict(fit.tick),
        "late_ticks": dict(fit.late),
        "routes": None if placed is None else [asdict(route) for route in placed.routes],
    }


def _use(use: Use) -> dict[str, Any]:
    return {"what": use.what, "used": use.used, "most": use.most, "share": use.share}


def _lines(fit: Fit) -> Iterator[str]:
    yield fit.line() if fit.fits else f"does not fit {fit.title}"
    for misfit in fit.misfits:
        yield from _misfit(misfit)
    if fit.layers:
        yield ""
        yield from _table(fit.layers)
    if fit.cores:
        yield ""
        yield from _bars(fit)
    if fit.fits and len(fit.cores) > 1:
        yield ""
        yield from _picture(fit.cores)
    yield from _rest(fit)


def _misfit(misfit: Misfit) -> Iterator[str]:
    yield ""
    yield f"  {misfit.place}{misfit.why}"
    yield from (f"    - {remedy}" for remedy in misfit.remedies)


def _table(layers: Sequence[LayerUse]) -> Iterator[str]:
    """Yield a line a population; limits that the chip does not have are left out."""
    memory = [name for name in _MEMORY if any(name in layer.uses for layer in layers)]
    heads = [Use(name, 0, None).words for name in memory]
    wide = max(len("population"), *(len(layer.name) for layer in layers[:_LAYERS]))
    columns = "".join(f"{head:>16}" for head in heads)
    yield f"{'population':{wide}} {'neurons':>9} {'synapses':>12} {'fan-in':>7} {'fan-out':>7}" + (
        f" {'cores':>6}{columns}  cut"
    )
    for layer in layers[:_LAYERS]:
        fans = "".join(f" {_count(n):>7}" for n in (layer.fan_in, layer.fan_out))
        used = "".join(f"{amount(name, layer.uses.get(name, 0)):>16}" for name in memory)
        yield (
            f"{layer.name:{wide}} {layer.neurons:9,} {layer.synapses:12,}{fans}"
            f" {len(layer.cores):6,}{used}  {layer.split}"
        )
    if len(layers) > _LAYERS:
        yield f"and {len(layers) - _LAYERS} more"


def _bars(fit: Fit) -> Iterator[str]:
    """Yield how full the fullest core is of each limit, and all cores on the mean."""
    several = len(fit.cores) > 1
    yield f"the fullest core of each limit{' (and the mean of all cores)' if several else ''}"
    for k, first in enumerate(fit.cores[0].uses):
        shares = [core.uses[k].share for core in fit.cores]
        used = [core.uses[k].used for core in fit.cores]
        at = (
            used.index(max(used)) if None in shares else shares.index(max(s or 0.0 for s in shares))
        )
        use, number = fit.cores[at].uses[k], fit.cores[at].number
        if use.share is None:
            if use.used:
                yield f"  {first.words:20} {amount(use.what, use.used)} on core {number}"
            continue
        filled = "█" * min(round(_BAR * use.share), _BAR)
        of = f"{amount(use.what, use.used)} of {amount(use.what, use.most or 0)}"
        mean = 100 * sum(s or 0.0 for s in shares) / len(shares)
        tail = f"  core {number:<3} ({mean:.0f} %)" if several else ""
        share = f"{filled:·<{_BAR}} {100 * use.share:4.0f} %"
        yield f"  {first.words:20} {share}  {of:22}{tail}".rstrip()


def _picture(cores: Sequence[CoreUse]) -> Iterator[str]:
    """Yield a sign a core, tile by tile where the mesh is known."""
    signs = [_SIGNS[min(int(8 * (core.fullest.share or 0.0)), 7)] for core in cores]
    if cores[0].tile is None:
        yield f"cores in order, {_MEANING}"
        for first in range(0, len(signs), _SIDE_BY_SIDE):
            yield f"  {''.join(signs[first : first + _SIDE_BY_SIDE])}"
        return
    held: dict[tuple[int, int], str] = {}
    for core, sign in zip(cores, signs, strict=True):
        if core.tile is not None:
            held[core.tile] = held.get(core.tile, "") + sign
    yield f"cores on the chip's tiles, {_MEANING}"
    columns, rows = (1 + max(tile[k] for tile in held) for k in range(2))
    most = max(len(tile) for tile in held.values())
    for row in range(rows):
        yield "  " + " ".join(f"{held.get((c, row), ''):·<{most}}" for c in range(columns))


def _rest(fit: Fit) -> Iterator[str]:
    if fit.tick is not None:
        yield ""
        yield (
            f"a tick takes about {fit.tick.us:.3g} us of {fit.dt_us:,} us, at {fit.rate_hz:g} Hz a"
            " neuron"
        )
        yield from (f"  {name:32} {us:8.3f} us" for name, us in fit.tick.parts.items())
        yield from (f"  ({note})" for note in fit.tick.notes)
    behind = {name: ticks for name, ticks in fit.late.items() if ticks}
    if behind:
        yield ""
        late = ", ".join(f"{name} {ticks}" for name, ticks in behind.items())
        yield f"ticks that populations lag behind the network: {late}"
    sentences = (*fit.notes, *fit.unknown, *fit.warnings)
    if sentences:
        yield ""
        yield from (f"note: {sentence}" for sentence in sentences)


def amount(what: str, n: int) -> str:
    """Return a number of what a limit counts, memory in KB."""
    return f"{n / 8192:,.1f} KB" if what == "synapse_bits" else f"{n:,}"


def _count(n: int | None) -> str:
    return "shared" if n is None else f"{n:,}"
