"""Every decoder keeps the promises of its role."""

import importlib
from pathlib import Path

import pytest

from neuroloop.config import body, resolve
from neuroloop.testing.kernels import check_decoder

SETTINGS = {"linear": {"weights": [[0.01, -0.01], [0.02, 0.03]], "window_ticks": 3, "tau_ms": 20.0}}
"""by kind, what a Config cannot do without"""


@pytest.mark.parametrize("kind", resolve.kinds("decoder"))
def test_decoder_keeps_its_promises(kind):
    module = importlib.import_module(f"neuroloop.decode.{kind}")
    settings = getattr(module, "EXAMPLE", SETTINGS.get(kind, {}))
    config = module.Config(**{"input": "motor", **settings})

    check_decoder(module, config, body.load("rover", Path(), "here"))
