"""An account in words: a total in one line, and its terms below it."""

from neuroloop.chips.energy.account import Account, Term
from neuroloop.chips.profile import Status

_PREFIXES = ((1.0, ""), (1e-3, "m"), (1e-6, "u"), (1e-9, "n"), (1e-12, "p"))


def quantity(value: float, unit: str) -> str:
    """Return a number with its unit and a prefix that suits it.

    >>> quantity(0.00123, "J"), quantity(0.0, "W"), quantity(4321.0, "J")
    ('1.23 mJ', '0 W', '4321 J')
    """
    if not value:
        return f"0 {unit}"
    scale, prefix = next(((s, p) for s, p in _PREFIXES if abs(value) >= s), _PREFIXES[-1])
    scaled = value / scale
    digits = f"{scaled:.0f}" if abs(scaled) >= 1000 else f"{scaled:.3g}"
    return f"{digits} {prefix}{unit}"


def total(account: Account, decisions: int = 0) -> str:
    """Return energy, power, and energy of a decision where there were any, in one line."""
    if not account.ticks:
        return f"none: no tick ran ({account.tariff})"
    if account.unknown:
        return f"unknown: no figure is known of anything that was counted ({account.tariff})"
    text = ("at least " if account.at_least else "") + _each(account, account.joules, decisions)
    if 0.0 < account.event_joules < account.joules:
        text += f"; of it events {_each(account, account.event_joules, decisions)}"
    return f"{text} ({account.tariff})"


def terms(account: Account) -> list[str]:
    """Return a line for each term: events, what one costs, the product, and where it is from."""
    lines = [_line(term, "J") for term in account.energy if term.count != 0]
    if account.uncounted:
        lines.append(f"not counted: {', '.join(account.uncounted)}")
    if account.unplaced:
        lines.append(f"not placed on cores: {account.unplaced}")
    return lines


def tick(account: Account) -> str:
    """Return what is known of the chip's own time for a tick; '' where no time of an event is."""
    whole, shared = account.busiest_tick_us, account.shared_tick_us
    if not account.ticks or all(term.figure.value is None for term in account.time):
        return ""
    if whole is None:
        lacking = ", ".join(term.name for term in account.time if term.total is None)
        return f"unknown, for lack of: {lacking}"
    if shared is None or account.cores == 1:
        alone = "on the one core" if account.cores == 1 else "if one core did all the work"
        return f"{whole:.3g} us on average {alone}"
    return f"{shared:.3g} us on average if all cores shared the work, {whole:.3g} us if one did it"


def _each(account: Account, joules: float, decisions: int) -> str:
    parts = [quantity(joules, "J")]
    if account.seconds:
        parts.append(quantity(joules / account.seconds, "W"))
    if decisions:
        parts.append(f"{quantity(joules / decisions, 'J')} a decision")
    return ", ".join(parts)


def _line(term: Term, unit: str) -> str:
    count = "not known" if term.count is None else f"{term.count:,.0f}"
    if term.unit == "mW" and term.count is not None:
        count = f"{term.count:,.4g} s"
    figure = term.figure
    if figure.status == Status.UNKNOWN:
        return f"{term.name:22} {count:>13} x unknown: {figure.source}"
    each = f"x {figure.value:g} {term.unit}"
    product = "unknown" if term.total is None else quantity(term.total, unit)
    return f"{term.name:22} {count:>13} {each:>12} {product:>9}   {figure.status}: {figure.source}"
