"""Rows of processes made into rows of a table: medians, ratios, and whether the rates agree."""

from collections import Counter
from dataclasses import dataclass
from statistics import median

METRICS = {
    "rtf": ("seconds a simulated second", "{:.3g}"),
    "p50_us": ("us, median (99 % below)", "{:.3g}"),
    "events_per_s": ("synaptic events a second", "{:.3g}"),
    "first_s": ("s", "{:.2f}"),
}
RATES_WITHIN = 0.15
UNSTEADY = 1.5
"""the slowest run over the fastest"""
HIGHER_IS_BETTER = ("events_per_s",)


@dataclass(frozen=True)
class Line:
    """One row of the table, all of it text."""

    tool: str
    value: str
    spread: str
    ratio: str
    rate: str
    note: str


def lines(case, rows, missing):
    """Return a case's lines, ours first; ``rows`` are those of its processes, in any order."""
    groups = {}
    for row in rows:
        groups.setdefault((row["tool"], row["variant"]), []).append(row)
    ours = groups.get(("neuroloop", "auto"))
    found = [_line(case.metric, group, ours) for group in groups.values()]
    return found + [Line(tool, "-", "", "", "", why) for tool, why in missing]


def _line(metric, group, ours):
    form = METRICS[metric][1]
    values = [row[metric] for row in group]
    middle = median(values)
    text = form.format(middle)
    if "p99_us" in group[0]:
        text += f" ({form.format(median(row['p99_us'] for row in group))})"
    spread = f"{form.format(min(values))}-{form.format(max(values))}"
    first = group[0]
    tool = f"{first['tool']} {first['version']}, {first['variant']}"
    notes = (
        _disagreement(group, ours),
        _layouts(first),
        _limit(group),
        _unsteady(metric, group, ours),
    )
    note = "; ".join(filter(None, notes))
    ratio = _ratio(metric, middle, ours) if ours and group is not ours else ""
    return Line(tool, text, spread, ratio, _rate(group), note)


def _ratio(metric, middle, ours):
    """Say how many times ours is as fast."""
    own = median(row[metric] for row in ours)
    times = own / middle if metric in HIGHER_IS_BETTER else middle / own
    return f"{times:.3g}"


def _unsteady(metric, group, ours):
    """Say where other work on the machine disturbed a row, and what its best run would give."""
    values = [row[metric] for row in group]
    if max(values) <= UNSTEADY * min(values):
        return ""
    best = max(values) if metric in HIGHER_IS_BETTER else min(values)
    against = f", {_ratio(metric, best, ours)} times ours" if ours and group is not ours else ""
    return f"**unsteady**; best {METRICS[metric][1].format(best)}{against}"


def _rate(group):
    rates = [row["rate_hz"] for row in group if "rate_hz" in row]
    return f"{median(rates):.2f}" if rates else ""


def _disagreement(group, ours):
    """Shout where a tool fires at another rate than we do: then it did not run the same network."""
    if not ours or group is ours or "rate_hz" not in group[0]:
        return ""
    rates, own = [row["rate_hz"] for row in group], [row["rate_hz"] for row in ours]
    near = abs(median(rates) - median(own)) <= RATES_WITHIN * median(own)
    if near or min(own) <= median(rates) <= max(own):
        return ""
    return f"**RATES DIFFER: {median(rates):.2f} Hz, ours {median(own):.2f} Hz; no fair ratio**"


def _layouts(row):
    """Name the layouts chosen, and for how many projections; why is in the JSON."""
    chosen = Counter(text.split(":")[0] for text in row.get("layouts", {}).values() if text)
    return ", ".join(f"{k} x {name}" for name, k in sorted(chosen.items()))


def _limit(group):
    """Say what part of the plain scatter-add this is, both measured in the same process."""
    if "limit" not in group[0]:
        return ""
    share = median(row["events_per_s"] / row["limit"]["weight_each"] for row in group)
    each = median(row["limit"]["weight_each"] for row in group)
    one = median(row["limit"]["one_weight"] for row in group)
    return f"{share:.0%} of this machine's plain loop ({each:.3g}; {one:.3g} with one weight)"


def markdown(blocks, machine):
    """Return the whole report; ``blocks`` are pairs of a case and its lines."""
    parts = [*(f"- {line}" for line in machine), ""]
    for case, found in blocks:
        parts += [
            f"### {case.title}",
            "",
            f"| tool | {METRICS[case.metric][0]} | range | times ours | rate, Hz | |",
            "|---|---|---|---|---|---|",
            *(
                f"| {x.tool} | {x.value} | {x.spread} | {x.ratio} | {x.rate} | {x.note} |"
                for x in found
            ),
            "",
        ]
    return "\n".join(parts)
