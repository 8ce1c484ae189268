"""The truth report as text: our numbers, the range of each peer's seeds, a verdict a row."""

import math
from statistics import stdev

NAMES = {"brian2": "Brian2", "nest": "NEST"}
UNITS = {"rate": "rate, Hz", "cv": "CV of intervals", "correlation": "correlation"}
FORMS = {"rate": "{:.2f}", "cv": "{:.3f}", "correlation": "{:.4f}"}
SAME_WITHIN = 0.03

HEAD = """# Truth

Written by `python tests/peers/truth.py`; do not edit.

The same published networks in neuroloop and in the simulators that the field trusts.  Each tool
draws its networks itself, with its own rules and generators, from ten seeds.  Of each population:
the mean rate, the coefficient of variation of inter-spike intervals (mean over neurons with at
least five spikes) and the mean correlation of pairs among 200 neurons (spikes counted in bins of
5 ms).  The first {warm_ms:g} ms of a run do not count.

A row is *inside* where the mean of our ten seeds lies in the range of the other's ten.  One seed of
two equal simulators would leave that range in two cases of eleven; a mean leaves it rarely.  Where
one does, the distance of the two means follows: of so many rows, some are 2 standard errors apart
by chance, and 4 would be a fault.
"""

SAME = """## The same network

The same synapses, weights, delays and first voltages, handed to each tool; external noise is each
tool's own.  These networks are chaotic, so single spikes part within a fraction of a second, and
only rates are compared: mean of {drawn} drawn networks, allowed difference {within:.0%}.  *Noise*
is a larger one whose sign changes from network to network.
"""


def report(blocks, same, versions, warm_s):
    """Return the whole page.

    ``blocks`` are triples of a study, our numbers and the peers' (each a list, a seed an entry);
    ``same`` are pairs of a study and ``{tool: [rates of a network]}``, ours under "".
    """
    lines = [HEAD.format(warm_ms=1000 * warm_s), ", ".join(versions) + ".", ""]
    for study, ours, peers in blocks:
        lines += _study(study, ours, peers)
    drawn = len(next(iter(same))[1][""]) if same else 0
    lines += [SAME.format(within=SAME_WITHIN, drawn=drawn)]
    lines += ["| network | population | neuroloop, Hz | other | Hz | difference | |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for study, tools in same:
        lines += _same(study, tools)
    return "\n".join(lines) + "\n"


def _study(study, ours, peers):
    titles = [NAMES[peer] for peer in peers]
    lines = [f"## {study.title}", "", f"{study.seconds:g} s a seed.", ""]
    lines += ["| | | neuroloop, mean (range) | " + " | ".join(titles) + " | verdict |"]
    lines += ["|---" * (4 + len(titles)) + "|"]
    for part in study.parts:
        for statistic, unit in UNITS.items():
            form = FORMS[statistic]
            own = _values(ours, part, statistic)
            others = {NAMES[p]: _values(found, part, statistic) for p, found in peers.items()}
            ranges = " | ".join(_range(values, form) for values in others.values())
            mean = form.format(_mean(own))
            verdict = _verdicts(own, others)
            lines.append(
                f"| {part} | {unit} | {mean} ({_range(own, form)}) | {ranges} | {verdict} |"
            )
    return [*lines, ""]


def _values(found, part, statistic):
    numbers = [seed[part][statistic] for seed in found]
    return [x for x in numbers if not math.isnan(x)]


def _mean(values):
    return sum(values) / len(values) if values else math.nan


def _range(values, form):
    return (
        f"{form.format(min(values))} to {form.format(max(values))}" if values else "too few spikes"
    )


def _verdicts(own, others):
    mean = _mean(own)
    inside = [name for name, v in others.items() if v and min(v) <= mean <= max(v)]
    words = [f"inside the range of ten seeds of {' and of '.join(inside)}"] if inside else []
    return "; ".join(words + [_outside(own, k, v) for k, v in others.items() if k not in inside])


def _outside(own, name, values):
    if not values or not own:
        return f"{name}: too few spikes"
    side = "below" if _mean(own) < min(values) else "above"
    apart = abs(_mean(own) - _mean(values)) / math.hypot(_error(own), _error(values))
    return f"**{side}** the range of ten seeds of {name}, means {apart:.1f} standard errors apart"


def _error(values):
    """Return the standard error of the mean."""
    return stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan


def _same(study, tools):
    lines = []
    for part in study.parts:
        own = [rates[part] for rates in tools[""]]
        for peer, found in tools.items():
            if peer:
                other = [rates[part] for rates in found]
                gap = _mean(own) / _mean(other) - 1
                lines.append(
                    f"| {study.title} | {part} | {_mean(own):.2f} | {NAMES[peer]} "
                    f"| {_mean(other):.2f} | {gap:+.1%} | {_sameness(gap, own, other)} |"
                )
    return lines


def _sameness(gap, own, other):
    if abs(gap) <= SAME_WITHIN:
        return "same"
    signs = {a > b for a, b in zip(own, other, strict=True)}
    return "noise" if len(signs) == 2 else "**differs**"
