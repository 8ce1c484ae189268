"""Every synapse rule keeps the promises of its role."""

import importlib
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from neuroloop.config import resolve
from neuroloop.synapses import static
from neuroloop.testing.kernels import check_synapse
from neuroloop.testing.promise import ContractError


@pytest.mark.parametrize("kind", resolve.kinds("synapse"))
def test_synapse_rule_keeps_its_promises(kind):
    check_synapse(importlib.import_module(f"neuroloop.synapses.{kind}"))


def test_delay_that_is_a_tick_off_is_found():
    def build(config, bundle):
        return static.build(config, replace(bundle, delay=np.maximum(bundle.delay - 1, 0)))

    with pytest.raises(ContractError, match="a delay of 1 ticks"):
        check_synapse(SimpleNamespace(Config=static.Config, build=build))
