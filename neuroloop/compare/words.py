"""A comparison in words: a table a chip, what is wrong first."""

from collections.abc import Sequence
from textwrap import wrap

from neuroloop.chips.energy import words as energy
from neuroloop.compare.comparison import Chip, Comparison
from neuroloop.compare.layer import Layer

_TITLES = (
    *("population", "neurons", "float", "chip", "off by", "first differs"),
    *("distance", "wrapped", "cut"),
)
_MOST_NOTES = 6
_WIDTH = 100


def text(found: Comparison, silent_inputs: Sequence[str] = ()) -> str:
    """Return the report as lines; ``silent_inputs`` had no spikes."""
    lines = [
        f"{found.title}: {found.ticks:,} ticks of {found.dt_us} us, {found.seconds:g} s",
        *wrap(
            f"rates in Hz, mean over neurons; distance of {found.measure} with {found.tau_ms:g} "
            "ms, 1 being that of silence; how many numbers wrapped around, or were cut to their "
            "range",
            _WIDTH,
            initial_indent="  ",
            subsequent_indent="  ",
        ),
    ]
    if silent_inputs:
        lines.append(f"  silent inputs: {', '.join(silent_inputs)}")
    for chip in found.chips:
        lines += ["", *_chip(chip, found.dt_us)]
    if found.processor is not None:
        lines += ["", f"float    energy  {energy.total(found.processor)}"]
    return "\n".join(lines)


def verdict(chip: Chip) -> str:
    """Return in a sentence what a chip changed."""
    if chip.refused:
        return f"cannot run it: {chip.refused}"
    if chip.silent:
        return f"SILENT: {', '.join(chip.silent)}"
    differing = [one for one in chip.layers if one.first_tick is not None]
    if not differing:
        fired = any(one.spikes_float for one in chip.layers)
        return "every spike is the same" if fired else "nothing fired, here or there"
    first = min(differing, key=lambda one: one.first_tick or 0)
    return f'spikes differ from tick {first.first_tick:,} on, first in "{first.name}"'


def _chip(chip: Chip, dt_us: int) -> list[str]:
    lines = wrap(f"{chip.name}: {verdict(chip)}", _WIDTH, subsequent_indent="  ")
    if chip.refused:
        return lines
    late = max((one.late_ticks for one in chip.layers), default=0)
    if late:
        ticks = f"{late} tick{'s' if late > 1 else ''} ({late * dt_us / 1e3:g} ms)"
        lines.append(f"  up to {ticks} late; that is taken out before anything is compared")
    lines += [f"  {row}" for row in _table([_TITLES, *(_row(one) for one in chip.layers)])]
    for note in chip.notes[:_MOST_NOTES]:
        lines += wrap(note, _WIDTH, initial_indent="  ", subsequent_indent="    ")
    if len(chip.notes) > _MOST_NOTES:
        lines.append(f"  and {len(chip.notes) - _MOST_NOTES} notes more (--json)")
    if chip.account is None:
        return lines
    lines.append(f"  energy  {energy.total(chip.account)}")
    lines += [f"    {line}" for line in energy.terms(chip.account)]
    if time := energy.tick(chip.account):
        lines.append(f"  a tick on the chip  {time}")
    return lines


def _row(one: Layer) -> tuple[str, ...]:
    units = ", ".join(str(unit) for unit in one.first_units[:2])
    first = "-" if one.first_tick is None else f"tick {one.first_tick:,} (unit {units})"
    share = one.distance / one.distance_of_silence if one.distance_of_silence else 0.0
    distance = f"{share:.2f}" if one.distance_of_silence else f"{one.distance:.2f} abs"
    said = one.verdict
    return (
        one.name,
        f"{one.neurons:,}",
        f"{one.rate_float_hz:.2f}",
        f"{one.rate_chip_hz:.2f}",
        f"{one.rate_error_hz:.2f}",
        first if not said or said == "the same" else said,
        distance,
        "?" if one.overflows is None else f"{one.overflows:,}",
        "?" if one.saturated is None else f"{one.saturated:,}",
    )


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines, the first column to the left, others to the right."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if k == 0 else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
