"""Every sink keeps the promises of its port."""

import importlib

import numpy as np
import pytest

from neuroloop.config import resolve
from neuroloop.core.errors import MachineError
from neuroloop.core.ports import Site
from neuroloop.core.values import Ranges, SourceSpec
from neuroloop.report.meter import Meter
from neuroloop.testing.ports import check_sink, entered
from neuroloop.testing.promise import ContractError

SETTINGS = {"lidar_log": {"source": "lidar", "path": "scans.txt"}}
"""by kind, what a Config cannot do without"""
LIDAR = SourceSpec("lidar", Ranges, (5,), 10.0, bearing_rad=np.zeros(5, np.float32))


@pytest.mark.parametrize("kind", resolve.kinds("sink"))
def test_sink_keeps_its_promises(kind, tmp_path):
    module = importlib.import_module(f"neuroloop.record.{kind}")
    config = module.Config(**getattr(module, "EXAMPLE", SETTINGS.get(kind, {})))
    site = Site("sink", 0, 1000, tmp_path, source=LIDAR, port=0)
    try:
        with entered(module.build(config, site)) as sink:
            check_sink(sink, LIDAR)
    except MachineError as error:
        pytest.skip(str(error))


def test_meter_keeps_the_promises_of_a_sink():
    check_sink(Meter())


def test_sink_that_changes_a_record_is_found():
    class Scribbles:
        def take(self, record, outcome):
            record[-1] += 1

    with pytest.raises(ContractError, match="changes nothing"):
        check_sink(Scribbles(), LIDAR)
