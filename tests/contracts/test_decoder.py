"""Every decoder keeps the promises of its role."""

import importlib
from pathlib import Path

import pytest

from neuroloop.config import body, resolve
from neuroloop.testing.kernels import check_decoder

UNITS = 12
"""splits into two groups, three and four"""


@pytest.mark.parametrize("kind", resolve.kinds("decoder"))
def test_decoder_keeps_its_promises(kind, given, tmp_path):
    module = importlib.import_module(f"neuroloop.decode.{kind}")
    needed = given("decoder", kind)
    settings = {} if needed is None else needed(tmp_path)
    config = module.Config(**{"input": "motor", **settings})

    check_decoder(module, config, body.load("rover", Path(), "here"), UNITS)
