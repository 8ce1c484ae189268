"""Every encoder keeps the promises of its role."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from neuroloop.config import resolve
from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from neuroloop.core.values import Depth, Frame, Ranges, Scalars, Sound, SourceSpec, Spikes
from neuroloop.testing.kernels import check_encoder


def _sources():
    """Return a sensor of every type, with readings that are hard on an encoder."""
    rng = np.random.default_rng(0)
    bearing = np.linspace(3.1, -3.1, 24).astype(np.float32)
    scans = [rng.uniform(0.1, 4.0, 24) for _ in range(4)]
    scans += [np.full(24, np.nan), np.full(24, np.inf), np.zeros(24)]
    rows = [rng.normal(0, 2, 3) for _ in range(4)]
    rows += [np.full(3, np.nan), np.full(3, np.inf), np.full(3, -np.inf), np.zeros(3)]
    pictures = [rng.integers(0, 256, (6, 8)) for _ in range(4)] + [
        np.zeros((6, 8)),
        np.full((6, 8), 255),
    ]
    sounds = [rng.uniform(-1, 1, (160, 2)) for _ in range(3)] + [np.zeros((160, 2))]
    events = []
    for start_us in (0, 300, 5000):
        t_us = start_us + np.sort(rng.integers(0, 300, 200))
        events.append(Spikes(t_us, rng.integers(0, 96, 200).astype(np.uint32)))
    f = np.float32
    return {
        Spikes: ((96,), None, events),
        Ranges: ((24,), bearing, [Ranges(0, s.astype(f), bearing) for s in scans]),
        Scalars: ((3,), None, [Scalars(0, r.astype(f)) for r in rows]),
        Frame: ((6, 8), bearing[:8], [Frame(0, p.astype(np.uint8)) for p in pictures]),
        Depth: ((6, 8), bearing[:8], [Depth(0, p.astype(f)) for p in pictures]),
        Sound: ((160, 2), None, [Sound(0, s.astype(f), 16000.0) for s in sounds]),
    }


@pytest.mark.parametrize("kind", resolve.kinds("encoder"))
def test_encoder_keeps_its_promises(kind, given, tmp_path):
    module = importlib.import_module(f"neuroloop.encode.{kind}")
    needed = given("encoder", kind)
    settings = {} if needed is None else needed(tmp_path)
    checked = 0
    for reading, (shape, bearing, readings) in _sources().items():
        rate_hz = 100.0 if reading is Sound else 20.0
        spec = SourceSpec(
            "sensor", reading, shape, rate_hz, labels=("a", "b", "c"), bearing_rad=bearing
        )
        config = module.Config(**{"input": "sensor", **settings})
        try:
            module.build(config, Site("encoder", 0, 1000, Path(), source=spec))
        except ConfigError as error:
            assert "sensor" in str(error) or "camera" in str(error) or "needs" in str(error)  # noqa: PT017
            continue
        check_encoder(module, config, spec, readings)
        checked += 1
    assert checked, "an encoder takes at least one type of reading"
