"""Who runs what: each case of the comparison and the processes that make its rows.

To add a peer, write ``peer_<name>.py`` and its pins, and name it here.
"""

from dataclasses import dataclass

from workloads import LOOP_SIZES


@dataclass(frozen=True)
class Job:
    """One process: a script, in the environment of ``peer`` or (empty) in neuroloop's own."""

    peer: str
    options: tuple[str, ...] = ()

    @property
    def script(self):
        return f"peer_{self.peer}.py" if self.peer else "ours.py"


@dataclass(frozen=True)
class Case:
    """One block of the table."""

    name: str
    """what ``--only`` takes; several cases may share it"""
    title: str
    metric: str
    """a field of the rows: rtf, p50_us, events_per_s or first_s"""
    jobs: tuple[Job, ...]
    options: tuple[str, ...] = ()
    """for all jobs"""
    only_full: bool = False


OURS = (Job(""), Job("", ("--layout", "csr")))
NEST = (Job("nest"), Job("nest", ("--threads", "2")))
BRIAN2 = (Job("brian2"), Job("brian2", ("--target", "cpp_standalone")))


def _loop(n):
    ticks = 2000 if n < 10_000 else 500 if n < 100_000 else 200
    options = ("--neurons", str(n), "--ticks", str(ticks))
    jobs = (Job(""), Job("brian2"), Job("torch"))
    return Case("loop", f"Closed loop, {n:,} neurons, one tick", "p50_us", jobs, options)


CASES = (
    Case("cuba", "CUBA, 4,000 neurons", "rtf", OURS + BRIAN2 + NEST),
    Case("coba", "COBA, 4,000 neurons", "rtf", OURS + BRIAN2 + NEST),
    Case("brunel", "Brunel, 10,000 neurons, 10 M synapses", "rtf", OURS + BRIAN2 + NEST),
    Case("microcircuit", "Microcircuit at 10 %, 7,717 neurons", "rtf", OURS[:1] + NEST),
    Case(
        "microcircuit",
        "Microcircuit, full scale, 77,169 neurons, 299 M synapses",
        "rtf",
        OURS[:1],
        ("--scale", "1"),
        only_full=True,
    ),
    Case("stdp", "STDP, 2,000 neurons, 256,000 plastic synapses", "rtf", OURS[:1] + BRIAN2 + NEST),
    *map(_loop, LOOP_SIZES),
    Case("propagation", "Propagation alone, 10,000 x 1,000", "events_per_s", OURS),
    Case(
        "first",
        "First tick, from start of Python",
        "first_s",
        (Job(""), Job("brian2"), Job("torch")),
    ),
)


def chosen(names, full):
    """Return the cases named (all where none is)."""
    known = {case.name for case in CASES}
    if unknown := set(names) - known:
        raise SystemExit(
            f"no case {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}"
        )
    return [c for c in CASES if (not names or c.name in names) and (full or not c.only_full)]
