"""Statistics of one run of one tool; those of peers are kept, for they do not change with us."""

import hashlib
import json
import tempfile
from pathlib import Path

import instance
import measure
import numpy as np
import spike_statistics
from install import PINS, cache
from plan import Job
from studies import WARM_S

HERE = Path(__file__).parent
MEANING = ("workloads.py", "microcircuit.py", "spike_statistics.py", "process.py")
"""a change in one of these makes what was kept worthless"""


def statistics(study, peer, seed):
    """Return ``{population: {statistic: number}}`` of a network that the tool draws itself."""
    return _kept(peer, study, ("--seconds", str(study.seconds), "--seed", str(seed)))


def rates(study, peer, seed):
    """Return ``{population: rate_hz}`` of the network that `instance` draws, whoever runs it."""
    with tempfile.NamedTemporaryFile(suffix=".npz") as drawn:
        np.savez(drawn, **instance.draw(study.workload, seed))
        drawn.flush()
        options = ("--seconds", str(study.same_s), "--seed", str(seed))
        found = _kept(peer, study, options, ("--instance", drawn.name))
    return {part: numbers["rate"] for part, numbers in found.items()}


def _kept(peer, study, options, instance_option=()):
    place = cache() / "truth" / f"{_key(peer, study, options, bool(instance_option))}.json"
    if peer and place.is_file():
        return json.loads(place.read_text())
    found = _run(peer, study, (*options, *instance_option))
    if peer:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(found))
    return found


def _key(peer, study, options, same):
    files = [HERE / name for name in (*MEANING, Job(peer).script)]
    files += [PINS / f"{peer}.txt"] if peer else []
    files += [HERE / "instance.py"] if same else []
    text = b"".join(path.read_bytes() for path in files)
    return hashlib.sha256(text + repr((study, options, same)).encode()).hexdigest()[:24]


def _run(peer, study, options):
    with tempfile.NamedTemporaryFile(suffix=".npz") as spikes:
        given = (study.workload, *options, "--warm", str(WARM_S), "--spikes", spikes.name)
        measure.run(peer, Job(peer).script, *given)
        found = np.load(spikes.name)
        tick, unit = found["tick"], found["unit"]
        return {
            name: spike_statistics.describe(
                tick, unit, part, float(found["seconds"]), float(found["dt_ms"])
            )
            for name, part in study.parts.items()
        }
